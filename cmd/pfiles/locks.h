/* SPDX-License-Identifier: MIT */
#ifndef PFILES_LOCKS_H
#define PFILES_LOCKS_H

#include "facts.h"
#include "lock_table.h"
#include "proc/fds.h"

/*
 * Whether locks of others are looked for on such a file: not on sockets and anonymous files, which nobody
 * else can open, nor on terminals and memory devices (null, zero, random), so that a look at a shell need
 * not wait for /proc/locks. Their own locks show all the same.
 */
bool locks_can_be(const struct desc *d);

/* Whether there is a lock on an inode of this number, on whatever device. */
bool locks_maybe(const struct lock_table *t, uint64_t ino);

/*
 * Fills d->lock_at, d->locks, d->more_locks: the locks held through this open file (out of its
 * fdinfo), then all others on the same inode. Locks that are only waited for do not count. 0 or -ENOMEM.
 */
int locks_of(struct lock_table *t, const struct fdinfo *info, struct desc *d, struct facts *f)
	__attribute__((warn_unused_result));

#endif
