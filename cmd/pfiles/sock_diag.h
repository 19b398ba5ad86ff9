/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_DIAG_H
#define PFILES_SOCK_DIAG_H

#include "facts.h"
#include "proc/diag.h"
#include "sock_early.h"
#include "proc/proc.h"

/*
 * What only the kernel's tables tell of sockets: queues, backlog, timer, the inode of the other end; and of
 * those that could not be asked all that there is. Nobody is stopped and nothing is called in the process.
 */

/* Of the whole run. Zero-initialise; sock_diag_free. */
struct sock_tables {
	bool tried;
	struct diag *ours; /* of our own network namespace; NULL: not to be had, err says why */
	int err;
};
void sock_diag_free(struct sock_tables *t);

/*
 * Completes the facts of all sockets. Where there are few, each is asked for by itself; where there are
 * many, their table is read, once for each network namespace. early: read, or NULL. 0 or -ENOMEM.
 */
int sock_diag(const struct proc *p, struct sock_tables *t, const struct sock_early *early,
	struct facts *f) __attribute__((warn_unused_result));

#endif
