/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_SPACE_H
#define PTOOLS_SYM_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proc/maps.h"
#include "proc/proc.h"
#include "sym/regs.h"

/*
 * The image space of a process or core: which ELF file is mapped where. Made from the mappings; a file is opened only
 * when an address of it is asked for, and then it is the one that is mapped, never another of the same name:
 *   live    /proc/PID/map_files (CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE, Linux 5.9), then the path below
 *           /proc/PID/root and /proc/PID/exe, both only if device and inode are those of the mapping (on file systems
 *           whose maps show another device, such as overlayfs and btrfs, if the build-id is that in memory), then the
 *           image in the process's memory;
 *   core    the path, if its build-id is the one in the core's memory, then the image in the core's memory.
 * What is read is bounded; a file that is cut short while we look at it reads as zeroes. One thread at a time.
 *
 * A space belongs to whoever opened it and stands on its target, which must outlive it. All pointers that functions of
 * common/sym hand out (names, paths) are the space's and live until space_close(), unless they say otherwise.
 */
struct space;

/*
 * What a space is made of. `read` copies the bytes of [addr, addr + n) that there are, from addr on, and returns their
 * number (0: none). `maps` gives the mappings in ascending order, with the meaning of maps_each(); a core's from NT_FILE
 * and its segments, the vDSO (AT_SYSINFO_EHDR) under the name "[vdso]".
 */
struct space_target {
	const struct proc *live; /* whose files are opened through /proc; NULL: a core */
	int (*maps)(void *ctx, map_fn *fn, void *arg);
	size_t (*read)(void *ctx, uint64_t addr, void *to, size_t n);
	void *ctx;
	const char *
		exe; /* core: the executable where it is now, NULL: by its path. Checked like any other. */
	const char *
		dir; /* core: folder in which its files are looked for by their last name first; NULL: none */
};

/*
 * Reads the mappings. space_close() only after success. ERR_FORMAT, ERR_GONE, -errno; a target without mappings (kernel
 * thread, zombie) gives an empty space. The target's strings are copied, its proc and ctx borrowed.
 */
int space_open(const struct space_target *target, struct space **out)
	__attribute__((warn_unused_result));

/*
 * The same for a handle: maps_each(), proc_read_mem() and, if it is live, its files. dir: of a core, as above, or NULL.
 */
int space_open_proc(const struct proc *p, const char *dir, struct space **out)
	__attribute__((warn_unused_result));
void space_close(struct space *s);

/*
 * Reads the mappings again, after exec or dlopen or where an address was in none: modules that are mapped as before
 * stay open. On error the space is as before.
 */
int space_refresh(struct space *s) __attribute__((warn_unused_result));

/* What is at an address: where a stack ends, whether an address can be code. name is the kernel's, raw. */
struct space_map {
	uint64_t start, end; /* end exclusive */
	bool read, write, exec;
	const char *name; /* "/usr/lib/libc.so.6", "[stack]", "", "/tmp/x (deleted)" */
};
bool space_map_at(const struct space *s, uint64_t addr, struct space_map *out);

/*
 * Memory as the target has it now, and where it has none to give (a core without its text) the bytes of the file that is
 * mapped there without the right to write: 0, or -EFAULT when not all of it can be had.
 */
int space_read(struct space *s, uint64_t addr, void *to, size_t n)
	__attribute__((warn_unused_result));

/* Where the bytes of a module come from; the order is that of preference. */
enum module_source {
	MODULE_UNTRIED,
	MODULE_MAP_FILES,
	MODULE_ROOT,
	MODULE_EXE,
	MODULE_PATH, /* core: checked by build-id */
	MODULE_MEMORY,
	MODULE_NONE, /* could not be had; module_error() says why */
};

/* One ELF file in a space. */
struct module;

/* The module that has addr mapped, opened; NULL: none (no ELF file, JIT code, no mapping). */
struct module *space_module(struct space *s, uint64_t addr);
const char *module_name(const struct module *m); /* as mapped, raw; "[vdso]" */
enum module_source module_source(const struct module *m);
int module_error(const struct module *m);      /* why MODULE_NONE: ERR_FORMAT, -EACCES...; else 0 */
uint64_t module_bias(const struct module *m);  /* address in the target minus address in the file */
uint64_t module_start(const struct module *m); /* of its first mapping */

/* NT_GNU_BUILD_ID, the space's; NULL when it has none. */
const unsigned char *module_build_id(const struct module *m, size_t *n);

#endif
