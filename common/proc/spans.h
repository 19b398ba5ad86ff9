/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_SPANS_H
#define PTOOLS_PROC_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proc/proc.h"

/* What is mapped in a process and may be read, ascending. Zero-initialise; spans_free. */
struct span {
	uint64_t start, end; /* end exclusive */
	bool write, file;
};
struct spans {
	struct span *v;
	size_t n, cap;
	unsigned reading; /* how often it was read: whoever keeps a copy sees whether it is stale */
};

/* Takes them from maps_each(), in place of what was there. Its errors, -ENOMEM. */
int spans_read(const struct proc *p, struct spans *out) __attribute__((warn_unused_result));
void spans_free(struct spans *s);

/* The one that holds the address, or NULL. */
const struct span *spans_find(const struct spans *s, uint64_t addr);

#endif
