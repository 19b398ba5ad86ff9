/* SPDX-License-Identifier: MIT */
#include "proc/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/handle.h"

/* Two million mappings; the kernel's limit is 65,530 unless somebody raised it. */
#define MAPS_MAX (256u << 20)

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

/* Hands over line by line. A torn last line (a recording) is ERR_FORMAT. */
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
	return s < end ? ERR_FORMAT : 0;
}

/* The whole text; a kernel thread has none, which newer kernels call ESRCH. */
static int read_at(const struct proc *p, const char *prefix, struct buf *out)
{
	char rel[HANDLE_PREFIX + 8];
	int fd, err;

	snprintf(rel, sizeof(rel), "%smaps", prefix);
	fd = handle_open(p, p->dir, rel, O_RDONLY);
	if (fd < 0)
		return fd;
	err = handle_slurp(p, fd, MAPS_MAX, out);
	close(fd);
	return err;
}

/* How long to wait for a program that is being set up: it has no memory yet, for some microseconds. */
#define SETUP_US 1000

/*
 * All is read before anything is handed over: the file ends without an error where the process lost its
 * memory, so that only a look afterwards tells whether it was whole.
 */
static int read_whole(const struct proc *p, struct buf *out)
{
	struct handle_place before = {0}, after = {0};

	for (int tries = 0; tries < HANDLE_TRIES; tries++) {
		int got, err = handle_living(p, &before);

		if (err)
			return err;
		buf_clear(out);
		got = read_at(p, before.prefix, out);
		err = handle_living(p, &after);
		if (err)
			return err;
		if (!handle_same(&before, &after))
			continue;
		if (got == -ESRCH && before.kernel)
			return 0;
		if (got == -ESRCH || (!got && !out->len && p->ops->live && !before.kernel))
			usleep(SETUP_US);
		else
			return got;
	}
	return -EAGAIN;
}

int maps_each(const struct proc *p, map_fn *fn, void *arg)
{
	struct buf text = {0};
	int err;

	if (p->ops->maps)
		return p->ops->maps(p, fn, arg);
	err = read_whole(p, &text);

	if (!err && text.len)
		err = give_lines(&text, fn, arg);
	buf_free(&text);
	return err;
}
