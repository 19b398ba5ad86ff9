/* SPDX-License-Identifier: MIT */
#ifndef PFILES_OWN_MOUNTS_H
#define PFILES_OWN_MOUNTS_H

#include <sys/stat.h>

#include "mount_table.h"

/*
 * The mounts that we see ourselves, read once, and again where they have changed: most targets see the same ones,
 * and to have the kernel write them down for each is most of the work on a small process. Zero-initialise;
 * own_mounts_free.
 */
struct own_mounts {
	struct mount_table table;
	int watch; /* open since before the table was read: poll(2) tells of changes, proc_pid_mounts(5) */
	uint64_t when; /* the table was read, ns */
	bool known;    /* these two: */
	char space[64];
	struct statx root;
};
void own_mounts_free(struct own_mounts *o);

/* The table, read once. 0 or -ENOMEM. */
int own_mounts_read(struct own_mounts *o) __attribute__((warn_unused_result));

/*
 * Those that the process sees, into *out (mount_table.h: whose rows are then those of *o until that is read again,
 * by the next call of this): in our mount namespace and with our root directory they are ours. 0 or -ENOMEM.
 */
int own_mounts_of(struct own_mounts *o, const struct proc *p, struct mount_table *out)
	__attribute__((warn_unused_result));

#endif
