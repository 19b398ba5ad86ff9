/* SPDX-License-Identifier: MIT */
#include "proc/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/handle.h"

/* The file may be many megabytes; it is walked in pieces. A path of a page, escaped, fits a line.
 */
#define PIECE          65536
#define LINE_MAX_BYTES (1u << 20)

static bool hex(const char **s, char stop, uint64_t *out)
{
	const char *p = *s;
	uint64_t v = 0;

	for (; (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f'); p++) {
		if (v >> 60)
			return false;
		v = v << 4 | (uint64_t)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
	}
	if (p == *s || *p != stop)
		return false;
	*s = p + 1;
	*out = v;
	return true;
}

static bool decimal(const char **s, uint64_t *out)
{
	const char *p = *s;
	uint64_t v = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *p - '0', &v))
			return false;
	}
	if (p == *s)
		return false;
	*s = p;
	*out = v;
	return true;
}

static bool permissions(const char **s, struct map *m)
{
	const char *p = *s;

	if (strnlen(p, 5) < 5 || p[4] != ' ')
		return false;
	m->read = p[0] == 'r';
	m->write = p[1] == 'w';
	m->exec = p[2] == 'x';
	m->shared = p[3] == 's';
	*s = p + 5;
	return true;
}

/* One line, NUL in place of its newline. */
int maps_parse_line(const char *s, struct map *m)
{
	uint64_t major, minor;

	*m = (struct map){0};
	if (!hex(&s, '-', &m->start) || !hex(&s, ' ', &m->end) || !permissions(&s, m) ||
		!hex(&s, ' ', &m->offset) || !hex(&s, ':', &major) || !hex(&s, ' ', &minor) ||
		!decimal(&s, &m->ino) || (*s && *s != ' '))
		return ERR_FORMAT;
	if (m->start > m->end || major > UINT32_MAX || minor > UINT32_MAX)
		return ERR_FORMAT;
	m->dev_major = (unsigned)major;
	m->dev_minor = (unsigned)minor;
	m->name = s + strspn(s, " ");
	return 0;
}

/* Hands over every whole line of b and keeps the rest. */
static int give_lines(struct buf *b, map_fn *fn, void *arg)
{
	char *s = b->data, *end = b->data + b->len, *eol;

	for (; s < end && (eol = memchr(s, '\n', (size_t)(end - s))); s = eol + 1) {
		struct map m;
		int err;

		*eol = '\0';
		err = maps_parse_line(s, &m);
		if (!err)
			err = fn(&m, arg);
		if (err)
			return err;
	}
	b->len = (size_t)(end - s);
	memmove(b->data, s, b->len);
	return 0;
}

struct walk {
	map_fn *fn;
	void *arg;
	bool any; /* something was read */
	int err;
};

/* A torn last line (a recording) is ERR_FORMAT. */
static int walk(const struct proc *p, int fd, struct walk *w)
{
	struct buf b = {0};
	int err = 0;

	while (!err) {
		char *room = buf_room(&b, PIECE);
		ssize_t n = room ? read(fd, room, PIECE) : -1;

		if (!room)
			err = -ENOMEM;
		else if (n == 0)
			break;
		else if (n < 0 && errno != EINTR)
			err = handle_error(p, -errno);
		if (err || n < 0)
			continue;
		w->any = true;
		buf_grew(&b, (size_t)n);
		err = give_lines(&b, w->fn, w->arg);
		if (!err && b.len > LINE_MAX_BYTES)
			err = ERR_TOOBIG;
	}
	if (!err && b.len)
		err = ERR_FORMAT;
	buf_free(&b);
	return err;
}

static int each_at(const struct proc *p, const char *prefix, struct walk *w)
{
	char rel[HANDLE_PREFIX + 8];
	int fd, err;

	snprintf(rel, sizeof(rel), "%smaps", prefix);
	fd = handle_open(p, p->dir, rel, O_RDONLY);
	if (fd < 0)
		return fd;
	err = walk(p, fd, w);
	close(fd);
	return err;
}

int maps_each(const struct proc *p, map_fn *fn, void *arg)
{
	struct walk w = {.fn = fn, .arg = arg};
	struct handle_place before, after;

	for (int tries = 0; tries < HANDLE_TRIES; tries++) {
		int err = handle_living(p, &before);

		if (err)
			return err;
		err = each_at(p, before.prefix, &w);
		/* The kernel says ESRCH, or nothing, for what has no memory: kernel threads, the dying. */
		if (w.any || (err && err != -ESRCH && err != -ENOENT))
			return err;
		w.err = err == -ENOENT ? err : 0;
		err = handle_living(p, &after);
		if (err)
			return err;
		if (handle_same(&before, &after))
			return w.err;
	}
	return -EAGAIN;
}
