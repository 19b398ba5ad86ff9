/* SPDX-License-Identifier: MIT */
#ifndef PFILES_WATCHERS_H
#define PFILES_WATCHERS_H

#include "facts.h"

/* Which epoll instances of the process watch which of its descriptors; of those that were looked at. */
struct watchers {
	struct watcher {
		int fd, epoll; /* the descriptor, and that of the instance */
		uint64_t events;
	} * row; /* ascending */
	size_t n, cap;
};

/* Zero-initialised; watchers_free. 0 or -ENOMEM. */
int watchers_find(const struct facts *f, struct watchers *out) __attribute__((warn_unused_result));
void watchers_free(struct watchers *w);

/* Adds the notes of one descriptor. */
void watchers_add(const struct watchers *w, const struct desc *d, struct buf *out);

#endif
