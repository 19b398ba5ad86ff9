/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_CORE_PROC_H
#define PTOOLS_PROC_CORE_PROC_H

#include "proc/context.h"
#include "proc/proc.h"

/*
 * A core file as a process that can be looked at: maps_each() gives its segments and mapped files (device and
 * inode 0; the vDSO as "[vdso]"), proc_read_mem() what bytes the file has, proc_cmdline() and "auxv" what the
 * kernel kept. Everything else of it is missing. ERR_FORMAT as core_read(), ERR_TRUNCATED; proc_close() as any other.
 */
int proc_open_core(const char *path, struct proc **out) __attribute__((warn_unused_result));

/* The following are for such a handle only. */
struct core_thread {
	pid_t tid;
	uint64_t blocked; /* bit 0: signal 1 */
	struct context context;
};
size_t proc_core_threads(const struct proc *p);
/* In the order of the file: of a core that the kernel made the first is the one that was ended. */
const struct core_thread *proc_core_thread(const struct proc *p, size_t i);

struct core_death {
	int signal; /* 0: not known, or made by a debugger */
	int code;   /* si_code; 0 where the core lacks it */
	bool has_addr;
	uint64_t addr; /* si_addr, for the signals that have one */
};
struct core_death proc_core_death(const struct proc *p);

/* Whether it is the image of a 32-bit process. */
bool proc_core_is_narrow(const struct proc *p);

/* Bytes that should be in the file and are beyond its end; notes count as well (UINT64_MAX: not known how many). */
uint64_t proc_core_lacks(const struct proc *p);

/* As much as there is, as a snap_reader (proc/snap.h); ctx is the handle. */
size_t proc_core_read(void *ctx, uint64_t addr, void *to, size_t n);

#endif
