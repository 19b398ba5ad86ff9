/* SPDX-License-Identifier: MIT */
#ifndef PFILES_GATHER_H
#define PFILES_GATHER_H

#include "ctl/way.h"
#include "facts.h"
#include "lock_table.h"
#include "mount_table.h"
#include "mounts.h"
#include "proc/fds.h"
#include "progress.h"
#include "sock_early.h"

/*
 * More descriptors than this are many: worth a second thread here, and too much for a thread of the
 * target to be diverted for.
 */
#define GATHER_MANY 256

struct gather_opts {
	const struct fd_view *view; /* open */
	struct mounts *mounts;
	struct mount_table *target_mounts; /* of the process; read when needed */
	struct lock_table *locks;          /* begun when needed, or already; the caller's */
	struct progress *progress;
	const struct sock_early *early; /* read, or NULL */
	bool without_calls;             /* no socket is expected: see struct asker_opts */
	bool all;                       /* of all sockets all options */
	bool original;                  /* no more shows than the original has */
	bool first_line;                /* no more than the first line of each descriptor shows */
};

/*
 * Gathers the facts of the descriptors in `list` into out->desc. second: see sock_ask(). Stops early
 * when cli_interrupted(), with the descriptors looked at so far. 0, ERR_GONE, -ENOMEM, or why
 * /proc/PID/fd cannot be entered.
 */
int gather(struct proc *p, struct way *w, struct way *second, const struct fds *list,
	const struct gather_opts *o, struct facts *out) __attribute__((warn_unused_result));

#endif
