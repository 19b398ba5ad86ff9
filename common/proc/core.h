/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_CORE_H
#define PTOOLS_PROC_CORE_H

#include <sys/types.h>

#include "base/buf.h"

/* What a core file (core(5)) says of its process, out of its notes. */
struct core {
	pid_t pid;
	int signal;         /* that ended it, 0: not known, or made by a debugger */
	char name[17];      /* of its first thread, raw */
	struct buf command; /* as the kernel kept it: at most 79 bytes; raw */
};

/*
 * Reads a core file of a 64- or 32-bit process. core_free() in any case. ERR_FORMAT: a file, but no core of a
 * machine that is known, or a damaged one; -errno.
 */
int core_read(const char *path, struct core *out) __attribute__((warn_unused_result));
/* The same of one that is open. */
struct core_image;
int core_take(const struct core_image *image, struct core *out) __attribute__((warn_unused_result));
void core_free(struct core *c);

#endif
