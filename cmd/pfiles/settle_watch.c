/* SPDX-License-Identifier: MIT */
#include "settle_watch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "info_watch.h"
#include "notes.h"

#define HANDLE_MOST 128 /* MAX_HANDLE_SZ */

/* What an item says of the thing that is watched. */
struct watched {
	bool has_fd, has_ino, has_dev, has_mount;
	int fd;
	uint64_t events, ino, mount;
	unsigned dev_major, dev_minor;
	unsigned handle_bytes;
	int handle_type;
	const char *handle; /* hex */
	uint32_t handle_len;
};

bool settle_watch_is(enum kind k)
{
	return info_watch_is(k);
}

static void take(struct watched *w, const struct note *n)
{
	if (strcmp(n->key, "fd") == 0) {
		w->has_fd = true;
		w->fd = (int)n->num;
	} else if (strcmp(n->key, "events") == 0) {
		w->events = n->num;
	} else if (strcmp(n->key, "ino") == 0) {
		w->has_ino = true;
		w->ino = n->num;
	} else if (strcmp(n->key, "mount") == 0) {
		w->has_mount = true;
		w->mount = n->num;
	} else if (strcmp(n->key, "dev") == 0) {
		w->has_dev = true;
		w->dev_major = (unsigned)n->num;
		w->dev_minor = n->nsec;
	} else if (strcmp(n->key, "handle-bytes") == 0) {
		w->handle_bytes = (unsigned)n->num;
	} else if (strcmp(n->key, "handle-type") == 0) {
		w->handle_type = (int)n->num;
	} else if (strcmp(n->key, "handle") == 0) {
		w->handle = n->text;
		w->handle_len = n->len;
	}
}

/* By number; the descriptors are ascending. */
static const struct desc *find_fd(const struct facts *f, int fd)
{
	size_t low = 0, high = f->ndesc;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (f->desc[middle].fd < fd)
			low = middle + 1;
		else
			high = middle;
	}
	return low < f->ndesc && f->desc[low].fd == fd ? &f->desc[low] : NULL;
}

/* What an epoll instance watches is the open file, which may have left the number since: then NULL. */
static const struct desc *target_of(const struct facts *f, const struct watched *w)
{
	const struct desc *d = find_fd(f, w->fd);

	return d && d->state == DESC_OK && !d->err_stat && d->ino == w->ino &&
			d->dev_major == w->dev_major && d->dev_minor == w->dev_minor
		? d
		: NULL;
}

static void add_target(const struct facts *f, const struct watched *w, struct buf *out)
{
	const struct desc *d = target_of(f, w);
	char text[32];

	if (!d) {
		note_word(out, "not-this-descriptor-any-more");
	} else if (S_ISSOCK(d->mode)) {
		snprintf(text, sizeof(text), "socket:[%llu]", (unsigned long long)d->ino);
		note_text(out, "file", text, strlen(text));
	} else if (d->path.len) {
		note_text(out, "file", f->paths.data + d->path.at, d->path.len);
	}
}

static bool decode_hex(const char *hex, size_t n, unsigned char *out)
{
	for (size_t i = 0; i < n; i++) {
		char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'}, *end;

		out[i] = (unsigned char)strtoul(digits, &end, 16);
		if (end != digits + 2)
			return false;
	}
	return true;
}

/* A mount of that device where a handle can be opened; never of a file system that asks a server. */
static const struct mount_row *mount_of(const struct mount_table *t, const struct watched *w)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct mount_row *m = &t->row[i];

		if (m->dev_major == w->dev_major && m->dev_minor == w->dev_minor &&
			(m->dev_major || strcmp(mount_table_text(t, m->type), "tmpfs") == 0))
			return m;
	}
	return NULL;
}

/* The name of a file by its handle; needs CAP_DAC_READ_SEARCH, and the mount to be one of ours. */
static ssize_t path_of_handle(int mount, const struct watched *w, char *path, size_t size)
{
	struct {
		struct file_handle h;
		unsigned char bytes[HANDLE_MOST];
	} handle = {.h = {.handle_bytes = w->handle_bytes, .handle_type = w->handle_type}};
	char link[40];
	ssize_t n;
	int fd;

	if (w->handle_bytes > HANDLE_MOST || w->handle_len < 2 * w->handle_bytes ||
		!decode_hex(w->handle, w->handle_bytes, handle.h.f_handle))
		return -1;
	fd = open_by_handle_at(mount, &handle.h, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, size);
	close(fd);
	return n;
}

static void add_path(const struct mount_table *t, const struct watched *w, struct buf *out)
{
	const struct mount_row *m = w->handle && w->has_dev ? mount_of(t, w) : NULL;
	char path[4096];
	ssize_t n = -1;
	int mount;

	if (!m) {
		m = w->has_mount ? mount_table_find(t, (int64_t)w->mount) : NULL;
		if (m)
			note_text(out, "path", mount_table_text(t, m->point), m->point.len);
		return;
	}
	mount = open(
		mount_table_text(t, m->point), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	if (mount >= 0) {
		n = path_of_handle(mount, w, path, sizeof(path));
		close(mount);
	}
	if (n > 0)
		note_text(out, "path", path, (size_t)n);
}

static bool is_of_handle(const struct note *n)
{
	return n->key && strncmp(n->key, "handle", 6) == 0;
}

/* The item that ends here has been copied. */
static void finish_item(const struct facts *f, const struct mount_table *t, const struct watched *w,
	struct buf *out)
{
	if (w->has_fd && w->has_ino && w->has_dev)
		add_target(f, w, out);
	else if (w->handle || w->has_mount)
		add_path(t, w, out);
}

/* Where an item is among the notes, and what puts it in order. */
struct item {
	size_t at, end;
	uint64_t order;
};

/* The kernel keeps the targets of epoll by address: ascending numbers say more. The others stay as they are. */
static int by_order(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* The items of d; NULL when there are none, or no memory for them. */
static struct item *find_items(const struct facts *f, const struct desc *d, size_t *n)
{
	size_t at = d->info.at, end = d->info.at + d->info.len, before = at, cap = 0;
	struct item *list = NULL;
	struct note note;

	for (*n = 0; note_next(&f->info, &at, end, &note); before = at) {
		if (note.kind == NOTE_ITEM) {
			struct item *grown = list;

			if (*n == cap) {
				cap = cap ? 2 * cap : 16;
				grown = reallocarray(list, cap, sizeof(*grown));
			}
			if (!grown) {
				free(list);
				return NULL;
			}
			list = grown;
			list[(*n)++] = (struct item){.at = before};
		} else if (*n && d->kind == KIND_EPOLL && strcmp(note.key, "fd") == 0) {
			list[*n - 1].order = note.num;
		}
		if (*n)
			list[*n - 1].end = at;
	}
	return list;
}

static void add_item(
	const struct facts *f, const struct mount_table *mounts, struct item it, struct buf *out)
{
	struct watched w = {0};
	struct note n;

	while (note_next(&f->info, &it.at, it.end, &n)) {
		if (n.kind != NOTE_ITEM)
			take(&w, &n);
		if (!is_of_handle(&n))
			note(out, &n);
	}
	finish_item(f, mounts, &w, out);
}

void settle_watch(const struct facts *f, const struct mount_table *mounts, const struct desc *d,
	struct buf *out)
{
	size_t n;
	struct item *list = find_items(f, d, &n);

	if (!list) {
		out->failed |= d->info.len > 0;
		return;
	}
	qsort(list, n, sizeof(*list), by_order);
	for (size_t i = 0; i < n; i++)
		add_item(f, mounts, list[i], out);
	free(list);
}

bool settle_watch_next(
	const struct facts *f, const struct desc *epoll, size_t *at, struct settle_watched *out)
{
	size_t end = epoll->info.at + epoll->info.len, before = *at;
	struct watched w = {0};
	bool any = false;
	struct note n;

	for (; note_next(&f->info, at, end, &n); before = *at) {
		if (n.kind != NOTE_ITEM)
			take(&w, &n);
		else if (any)
			break;
		any = true;
	}
	*at = any && before < end ? before : end;
	*out = (struct settle_watched){.events = w.events};
	if (w.has_fd && w.has_ino && w.has_dev)
		out->target = target_of(f, &w);
	return any;
}

void settle_pidfd(const struct buf *info, const struct desc *d, struct buf *out)
{
	size_t at = d->info.at;
	char path[40], comm[64];
	struct note n;
	ssize_t len = -1;
	int fd = -1;

	while (note_next(info, &at, d->info.at + d->info.len, &n)) {
		if (strcmp(n.key, "pid") == 0 && (int64_t)n.num > 0) {
			snprintf(path, sizeof(path), "/proc/%lld/comm", (long long)n.num);
			fd = open(path, O_RDONLY | O_CLOEXEC);
			break;
		}
	}
	if (fd >= 0) {
		len = read(fd, comm, sizeof(comm));
		close(fd);
	}
	if (len > 0)
		note_text(out, "command", comm, (size_t)(len - (comm[len - 1] == '\n')));
}
