/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SAME_H
#define PFILES_SAME_H

#include "facts.h"
#include "proc/proc.h"

/*
 * Which descriptors share one open file (dup(2), fork(2)): kcmp(2) of those that look alike. Sets d->twin of
 * each to the index of the next one that does, in a ring; to its own where there is none. p: the process that
 * has them, whom nobody needs to stop. What has left its number since is alone. 0 or -ENOMEM; without the right, or kcmp(2) in the kernel, each is
 * alone and f->err_twins says why.
 */
int same_find(const struct proc *p, struct facts *f) __attribute__((warn_unused_result));

#endif
