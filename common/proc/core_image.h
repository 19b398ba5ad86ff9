/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_CORE_IMAGE_H
#define PTOOLS_PROC_CORE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A core file (core(5)) as a file: its segments and notes. Anybody may have made it: every number in it is
 * checked, and what it says is there may be missing.
 */
struct core_segment {
	uint64_t start, end; /* addresses, end exclusive */
	uint64_t offset,
		len; /* of its bytes in the file; len is what is left of them in a truncated one */
	uint64_t lacks; /* bytes that should be in the file, and are beyond its end */
	bool read, write, exec;
};

struct core_image {
	int fd;
	uint64_t size;
	bool wide;                    /* ELFCLASS64 */
	struct core_segment *segment; /* ascending */
	size_t segments;
	unsigned char *notes;
	size_t notes_len;
	bool notes_lost; /* some are beyond the end of the file */
};

/*
 * ERR_FORMAT: no core file of a machine that is known, or a damaged one; -errno. core_image_close() after
 * success only. A file that grows, shrinks or changes meanwhile gives short reads.
 */
int core_image_open(const char *path, struct core_image *out) __attribute__((warn_unused_result));
void core_image_close(struct core_image *c);

/* Copies the bytes of [addr, addr + n) that the file has, from addr on; how many. */
size_t core_image_read(const struct core_image *c, uint64_t addr, void *to, size_t n);

/* The segment that holds the address, or NULL. */
const struct core_segment *core_image_find(const struct core_image *c, uint64_t addr);

/* Calls fn for each note, in order; fn returns 0 to go on, else that is returned. desc is not aligned. */
struct core_note {
	uint32_t type; /* NT_* of <elf.h> */
	const unsigned char *desc;
	size_t len;
};
typedef int core_note_fn(const struct core_note *n, void *arg);
int core_image_each_note(const struct core_image *c, core_note_fn *fn, void *arg);

/* How many bytes the file should have and has not. */
uint64_t core_image_lacks(const struct core_image *c);

#endif
