/* SPDX-License-Identifier: MIT */
#include "proc/handle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/stat_line.h"

/* A read of this size takes nearly every file of /proc/PID at once. */
#define CHUNK 4096

/* stat_line_read() without handle_error(), which stands on this. 0, -errno or ERR_FORMAT. */
static int raw_stat(const struct proc *p, const char *rel, struct stat_line *out)
{
	int fd = openat(p->dir, rel, O_RDONLY | O_CLOEXEC);
	char text[CHUNK];
	ssize_t n;
	int err;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text));
	err = n < 0 ? -errno : stat_line_parse(text, (size_t)n, out);
	close(fd);
	return err;
}

static int living_thread(const struct proc *p, char prefix[HANDLE_PREFIX])
{
	int dir = openat(p->dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t n = 0, cap = 0;
	int *tid = NULL, err;

	if (dir < 0)
		return ERR_GONE;
	err = handle_numbers(dir, &tid, &n, &cap);
	close(dir);
	for (size_t i = 0; i < n; i++) {
		char rel[HANDLE_PREFIX + 8];
		struct stat_line s;

		snprintf(rel, sizeof(rel), "task/%d/stat", tid[i]);
		if (raw_stat(p, rel, &s) == 0 && !stat_line_exiting(&s)) {
			snprintf(prefix, HANDLE_PREFIX, "task/%d/", tid[i]);
			free(tid);
			return 0;
		}
	}
	free(tid);
	return err == -ENOMEM ? err : ERR_GONE;
}

int handle_living(const struct proc *p, char prefix[HANDLE_PREFIX])
{
	struct stat_line s;
	int err = raw_stat(p, "stat", &s);

	prefix[0] = '\0';
	if (err == -ENOENT || err == -ESRCH)
		return p->ops->live ? ERR_GONE : 0; /* a recording may lack it */
	/* Whatever else is wrong, the reader itself will meet it. */
	if (err || !stat_line_exiting(&s))
		return 0;
	return s.threads <= 1 ? ERR_GONE : living_thread(p, prefix);
}

/*
 * A dying process loses its memory and descriptors some time before ops->check() says so; and a
 * process without memory belongs to root in /proc, so that its own user is denied.
 */
int handle_error(const struct proc *p, int err)
{
	char prefix[HANDLE_PREFIX];

	if (err != -ENOENT && err != -ESRCH && err != -EACCES && err != -EPERM)
		return err;
	return p->ops->check(p) == ERR_GONE || handle_living(p, prefix) == ERR_GONE ? ERR_GONE
										    : err;
}

int handle_open(const struct proc *p, int dir, const char *rel, int flags)
{
	int fd = openat(dir, rel, flags | O_CLOEXEC);

	return fd < 0 ? handle_error(p, -errno) : fd;
}

int handle_slurp(const struct proc *p, int fd, size_t max, struct buf *out)
{
	for (;;) {
		size_t want = out->cap - out->len > CHUNK ? out->cap - out->len - 1 : CHUNK;
		char one, *room = max ? buf_room(out, want) : &one;
		ssize_t n;

		if (!room)
			return -ENOMEM;
		n = read(fd, room, !max ? 1 : want < max ? want : max);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? handle_error(p, -errno) : 0;
		if (!max)
			return ERR_TOOBIG;
		buf_grew(out, (size_t)n);
		max -= (size_t)n;
	}
}

int handle_link(const struct proc *p, int dir, const char *name, struct buf *out)
{
	for (size_t size = PATH_MAX;; size *= 2) {
		char *room = buf_room(out, size);
		ssize_t n;

		if (!room)
			return -ENOMEM;
		n = readlinkat(dir, name, room, size);
		if (n < 0)
			return handle_error(p, -errno);
		if ((size_t)n < size) {
			buf_grew(out, (size_t)n);
			return 0;
		}
	}
}

static int ascending(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

/* Sorts where needed (the kernel lists in order, a recording does not) and drops doubles. */
static void tidy(int *v, size_t *n)
{
	size_t kept = 1;

	for (size_t i = 1; i < *n; i++) {
		if (v[i - 1] < v[i])
			continue;
		qsort(v, *n, sizeof(*v), ascending);
		break;
	}
	for (size_t i = 1; i < *n; i++) {
		if (v[i] != v[kept - 1])
			v[kept++] = v[i];
	}
	if (*n)
		*n = kept;
}

/* The name as a number, -1 if it is none (".", "..", or whatever a recording holds). */
static int name_number(const char *s)
{
	int v = 0;

	if (!*s)
		return -1;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || __builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, *s - '0', &v))
			return -1;
	}
	return v;
}

static int append(int **v, size_t *n, size_t *cap, int number)
{
	if (*n == *cap) {
		size_t more = *cap ? *cap * 2 : 64;
		int *grown = reallocarray(*v, more, sizeof(**v));

		if (!grown)
			return -ENOMEM;
		*v = grown;
		*cap = more;
	}
	(*v)[(*n)++] = number;
	return 0;
}

int handle_numbers(int dir, int **v, size_t *n, size_t *cap)
{
	char entries[32768] __attribute__((aligned(8)));
	ssize_t got;

	while ((got = getdents64(dir, entries, sizeof(entries))) > 0) {
		for (ssize_t at = 0; at < got;) {
			const struct dirent64 *d = (const struct dirent64 *)(entries + at);
			int number = name_number(d->d_name);
			int err = number < 0 ? 0 : append(v, n, cap, number);

			if (err)
				return err;
			at += d->d_reclen;
		}
	}
	if (got < 0)
		return -errno;
	tidy(*v, n);
	return 0;
}
