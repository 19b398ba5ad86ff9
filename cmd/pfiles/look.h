/* SPDX-License-Identifier: MIT */
#ifndef PFILES_LOOK_H
#define PFILES_LOOK_H

#include "facts.h"
#include "locks.h"
#include "mounts.h"
#include "proc/fds.h"

/*
 * The half of the work that /proc answers: paths, offsets, and whether the file is still the
 * one that the calls were about. It touches of a descriptor only what the calls do not: a thread of
 * its own may do it meanwhile.
 */
struct looker {
	struct facts *f;
	const struct mounts *mounts; /* read */
	const struct fd_view *view;
	bool original;     /* no more than the original shows */
	bool locks_hidden; /* lock_table_hides(): only fdinfo is sure to show the own locks */
	struct buf link;
	struct fdinfo info; /* of the descriptor looked at last */
};

/* The view must outlive it. 0 or -errno. */
int looker_open(const struct fd_view *view, const struct mounts *m, struct facts *f,
	struct looker *out) __attribute__((warn_unused_result));
void looker_close(struct looker *k);

/*
 * All that /proc tells of a descriptor, where it tells the same as a call in the process would and no server of a file
 * system has to be asked; else false, and nothing is known. t: the mounts that the process sees.
 */
bool look_without_calls(struct looker *k, const struct mount_table *t, struct desc *d);

/* The first line's facts, where the calls could not give them; sets err_stat, state. */
void look_stat(struct looker *k, struct desc *d);

/* One descriptor whose first questions have been answered. Sets other_file. */
void look_desc(struct looker *k, struct desc *d);

/* Whether locks of others may be on it: locks_can_be(), and not a pipe without a name. */
bool look_lockable(const struct desc *d);

/* The locks of a descriptor that was looked at, once the table is read. Sets other_file. 0 or -ENOMEM. */
int look_locks(struct looker *k, struct lock_table *t, struct desc *d)
	__attribute__((warn_unused_result));

/* Sets the facts that statx(2) gives. */
void look_take_stat(struct desc *d, const struct statx *s);

bool look_is_sock(const struct desc *d);

/* Whether its inode, flags and close-on-exec are of one file, as fdinfo shows them at one moment. Sets other_file. */
void look_flags(struct looker *k, struct desc *d);

/* Whether the answer (STATX_INO) is about the descriptor's file. */
bool look_same_inode(const struct desc *d, const struct statx *s);

#endif
