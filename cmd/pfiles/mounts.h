/* SPDX-License-Identifier: MIT */
#ifndef PFILES_MOUNTS_H
#define PFILES_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include "own_mounts.h"

/* File systems of the kernel's own, which are mounted nowhere. */
enum mounts_special { MOUNTS_PIPES, MOUNTS_MEMFDS, MOUNTS_NAMESPACES, MOUNTS_SPECIAL };

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
	struct {
		bool known;
		struct mount device;
	} special[MOUNTS_SPECIAL];
};
/* Once; again it does nothing. Several threads may ask afterwards. */
void mounts_read(struct mounts *m);
void mounts_free(struct mounts *m);

/* false also for what is not known. */
bool mounts_local(const struct mounts *m, unsigned dev_major, unsigned dev_minor);

/* Whether it is the device of that one: of all pipes without a name, all memfds, all namespaces. */
bool mounts_of(
	const struct mounts *m, enum mounts_special which, unsigned dev_major, unsigned dev_minor);

#endif
