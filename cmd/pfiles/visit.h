/* SPDX-License-Identifier: MIT */
#ifndef PFILES_VISIT_H
#define PFILES_VISIT_H

#include "ctl/way.h"
#include "lock_table.h"
#include "pfiles.h"
#include "proc/fds.h"
#include "proc/proc.h"

/* One look at one process, for those who want to know how it went. */
struct look {
	struct opts *o;
	bool expected; /* a thread of it has been chosen already (all.c), if it needs an agent */
	size_t fds;    /* how many descriptors it had at first, 0: not known */
	bool asked;    /* there was something to ask about: report is filled */
	struct way_report report;
	bool without_calls;  /* no socket is expected among its descriptors: nobody is disturbed */
	bool ask_after_all;  /* but there was something to ask, and no other way than the agent */
	bool foreign_user;   /* the agent was not wanted: another user namespace */
	size_t held_threads; /* by -H */
	uint64_t held_ns;
	struct mount_table mounts; /* of the process */
	struct lock_table locks;   /* of the machine, begun meanwhile */
	struct sock_early *early;  /* the kernel's tables, read meanwhile */
	struct fds open;           /* its descriptors, those that are wanted */
	struct fd_view view;       /* of all; open only while facts are gathered */
	pid_t culprit;             /* the thread that did not stop, 0: not known */
};

#define VISIT_COMMAND_MAX 4096 /* bytes of a command line; the header shows 70 columns of it */
#define VISIT_HOLD_MS     3000 /* -H: nobody is held for longer */

/*
 * Gathers the facts of a process, by the way that disturbs it least, until those of one program fit together. Nobody
 * is held when it is back. 0, or an error code: ERR_GONE, ERR_PERM, ERR_EXECED, ERR_TIMEOUT (-H), -ENOMEM.
 */
int visit_gather(struct proc *p, struct look *l, struct facts *f)
	__attribute__((warn_unused_result));

#endif
