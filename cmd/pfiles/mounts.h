/* SPDX-License-Identifier: MIT */
#ifndef PFILES_MOUNTS_H
#define PFILES_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include "own_mounts.h"

/*
 * Which devices (st_dev) belong to file systems that answer from this machine's memory and disks,
 * so that to walk to one of their files cannot wait for a server. From our own mounts, which are
 * kept for all who ask about mounts. Zero-initialise; mounts_free.
 */
struct mounts {
	struct own_mounts own;
	struct mount {
		unsigned dev_major, dev_minor;
	} * local;
	size_t n, cap;
	bool read;
};
/* Once; again it does nothing. Several threads may ask afterwards. */
void mounts_read(struct mounts *m);
void mounts_free(struct mounts *m);

/* false also for what is not known. */
bool mounts_local(const struct mounts *m, unsigned dev_major, unsigned dev_minor);

/* The same of the mount of that id, among those that a process sees in t, and our own. */
bool mounts_near(const struct mounts *m, const struct mount_table *t, int64_t id);

#endif
