/* SPDX-License-Identifier: MIT */
#include "watchers.h"

#include <errno.h>
#include <stdlib.h>

#include "kind.h"
#include "notes.h"
#include "settle_watch.h"

static int ascending(const void *a, const void *b)
{
	const struct watcher *x = a, *y = b;

	if (x->fd != y->fd)
		return x->fd < y->fd ? -1 : 1;
	return x->epoll < y->epoll ? -1 : x->epoll > y->epoll;
}

static int add(struct watchers *w, struct watcher row)
{
	if (w->n == w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 64;
		struct watcher *grown = reallocarray(w->row, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		w->row = grown;
		w->cap = cap;
	}
	w->row[w->n++] = row;
	return 0;
}

static int take(const struct facts *f, const struct desc *epoll, struct watchers *out)
{
	size_t at = epoll->info.at;
	struct settle_watched w;
	int err = 0;

	while (!err && settle_watch_next(f, epoll, &at, &w)) {
		if (w.target)
			err = add(out, (struct watcher){w.target->fd, epoll->fd, w.events});
	}
	return err;
}

int watchers_find(const struct facts *f, struct watchers *out)
{
	int err = 0;

	for (size_t i = 0; i < f->ndesc && !err; i++) {
		if (f->desc[i].kind == KIND_EPOLL && f->desc[i].state == DESC_OK)
			err = take(f, &f->desc[i], out);
	}
	if (out->n)
		qsort(out->row, out->n, sizeof(*out->row), ascending);
	return err;
}

void watchers_free(struct watchers *w)
{
	free(w->row);
	*w = (struct watchers){0};
}

void watchers_add(const struct watchers *w, const struct desc *d, struct buf *out)
{
	size_t low = 0, high = w->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (w->row[middle].fd < d->fd)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < w->n && w->row[low].fd == d->fd; low++) {
		note_item(out, "watched-by");
		note_int(out, "fd", w->row[low].epoll);
		note_bits(out, "events", "epoll_events", w->row[low].events);
	}
}
