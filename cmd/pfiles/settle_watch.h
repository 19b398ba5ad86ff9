/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SETTLE_WATCH_H
#define PFILES_SETTLE_WATCH_H

#include "facts.h"
#include "kind.h"
#include "mount_table.h"

/* epoll, inotify, fanotify: the kinds that have an item for each thing they watch. */
bool settle_watch_is(enum kind k);

/*
 * Copies the items of such a descriptor and adds to each what it is about: of an epoll instance what the
 * descriptor is, if it still is the file that was added; of the others the path, if it can be found.
 */
void settle_watch(const struct facts *f, const struct mount_table *mounts, const struct desc *d,
	struct buf *out);

/*
 * The items of an epoll instance, one after the other: *at begins as epoll->info.at and is moved on. False at the
 * end. target: NULL if the descriptor is another file by now, or is not among those in f.
 */
struct settle_watched {
	const struct desc *target;
	uint64_t events;
};
bool settle_watch_next(
	const struct facts *f, const struct desc *epoll, size_t *at, struct settle_watched *out);

/* The command of the process that a pidfd is about. info: where d->info is. */
void settle_pidfd(const struct buf *info, const struct desc *d, struct buf *out);

#endif
