/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_FAMILY_H
#define PTOOLS_PROC_FAMILY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc/proc.h"

/*
 * A process and its descendants, as far as /proc shows them. A child whose parent has ended belongs to somebody else
 * by then (PR_SET_CHILD_SUBREAPER, init); it is known as a descendant if it was seen before that, with the links to
 * its parents that were seen then. Nobody can tell of a child whose parent came and went between two passes.
 */
struct family;

struct family_member {
	pid_t pid;
	uint64_t start; /* with the pid: who it is */
	unsigned depth; /* 0: the ancestor; parents stand before their children */
	char state;     /* of its first thread, when it was seen last; X: it has ended */
};

/* -ENOMEM. The handle is used at once only. */
int family_open(const struct proc *ancestor, struct family **out)
	__attribute__((warn_unused_result));

/* One pass over /proc. *fresh: how many members were found that no pass had found before; they are at the end. 0, -errno. */
int family_pass(struct family *f, size_t *fresh) __attribute__((warn_unused_result));

/* All members so far, the ancestor first, the living and those that have ended since. Owned by f, until the next pass. */
const struct family_member *family_members(const struct family *f, size_t *n);
void family_close(struct family *f);

#endif
