/* SPDX-License-Identifier: MIT */
#ifndef PFILES_LOCK_TABLE_H
#define PFILES_LOCK_TABLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts.h"
#include "mount_table.h"
#include "proc/proc.h"

/* All locks of the system, from /proc/locks (proc_locks(5)), by inode. Zero-initialise; lock_table_free. */
struct lock_row {
	uint64_t ino;
	unsigned dev_major, dev_minor; /* of the file system */
	struct lock lock;
};

struct lock_table {
	struct lock_row *row;
	size_t n, cap;
	struct mount_table *mounts; /* of the target; not owned */
	const struct proc *proc;
	pthread_t thread;
	bool begun, reads; /* reads: the thread is to be joined */
	bool hides, hides_known;
	int err;
};

/*
 * Begins to read it, in a thread of its own if there can be one. Again: does nothing. p and mounts, which are
 * read when needed, must outlive t.
 */
void lock_table_begin(struct lock_table *t, const struct proc *p, struct mount_table *mounts);

/*
 * Waits until it is read: rows sorted by inode, none if it was never begun or cannot be read (the locks of
 * fdinfo remain). 0 or -ENOMEM.
 */
int lock_table_end(struct lock_table *t) __attribute__((warn_unused_result));
void lock_table_free(struct lock_table *t);

/* Whether locks may be missing in it that fdinfo shows, because we see a part of the processes only. */
bool lock_table_hides(struct lock_table *t);

/* The first row of that inode or of a greater one. Read first. */
size_t lock_table_find(const struct lock_table *t, uint64_t ino);

/*
 * Whether a row's device is the one of the file. /proc/locks names the device of the file system, stat(2)
 * may name another one (a subvolume of btrfs, a layer of overlayfs): then the mount decides. 1, 0, -ENOMEM.
 */
int lock_table_same_device(struct lock_table *t, int64_t mnt_id, const struct desc *d,
	const struct lock_row *r) __attribute__((warn_unused_result));

#endif
