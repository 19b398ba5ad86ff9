/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SETTLE_H
#define PFILES_SETTLE_H

#include "drivers.h"
#include "ends.h"
#include "facts.h"
#include "own_mounts.h"
#include "proc/proc.h"

/* What is looked up once for all operands of a run. Zero-initialise; settle_free. */
struct settle {
	struct own_mounts *own; /* the caller's */
	struct drivers drivers;
};
void settle_free(struct settle *s);

/*
 * When nobody is held any more: finds out what the numbers mean that were gathered (mounts, drivers, targets
 * of an epoll instance, watched paths, the command of a pidfd), which descriptors share an open file and who
 * holds the far ends, and puts all notes of each descriptor together in f->notes. mounts: of the target.
 * What cannot be found out is left a number. 0 or -ENOMEM.
 */
int settle_facts(struct settle *s, struct ends *ends, const struct proc *p,
	struct mount_table *mounts, struct facts *f) __attribute__((warn_unused_result));

/* The least of it: whether a name that ends like a deleted file's is one. 0. */
int settle_names(const struct proc *p, struct facts *f);

#endif
