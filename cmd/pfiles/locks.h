/* SPDX-License-Identifier: MIT */
#ifndef PFILES_LOCKS_H
#define PFILES_LOCKS_H

#include "facts.h"
#include "proc/fds.h"

/*
 * All locks of the system, from /proc/locks, sorted by inode. The file shows no lock of a process
 * outside the reader's pid namespace. Zero-initialise; read at the first question.
 */
struct lock_table {
	struct lock_row *row;
	size_t n, cap;
	struct mount_row *mount; /* of the target: /proc/PID/mountinfo */
	size_t nmount, cap_mount;
	bool read, mounts_read;
};
void lock_table_free(struct lock_table *t);

/*
 * Whether there may be a lock on an inode of this number, on whatever device; when in doubt, or out of
 * memory, there may. Saves reading the fdinfo of files that nobody has locked.
 */
bool locks_maybe(struct lock_table *t, const struct proc *p, uint64_t ino);

/*
 * Fills d->lock_at, d->locks, d->more_locks: the locks held through this open file (out of its
 * fdinfo), then all others on the same inode. Locks that are only waited for do not count.
 */
int locks_of(struct lock_table *t, const struct proc *p, const struct fdinfo *info, struct desc *d,
	struct facts *f) __attribute__((warn_unused_result));

#endif
