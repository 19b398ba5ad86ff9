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

/* The command of the process that a pidfd is about. info: where d->info is. */
void settle_pidfd(const struct buf *info, const struct desc *d, struct buf *out);

#endif
