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

/* How many walks over all threads in a row must find none alive. */
#define WALKS 4

/* How many looks may be in doubt before one is believed. */
#define DOUBTS 8

/* What a look at the threads of a process whose first one is exiting found. */
enum found { FOUND_ONE, FOUND_NONE, FOUND_UNREST };

/* The first thread that is not exiting. Unrest: one vanished meanwhile. */
static enum found find_living(const struct proc *p, struct handle_place *out)
{
	int dir = openat(p->dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum found found = FOUND_NONE;
	size_t n = 0, cap = 0;
	int *tid = NULL;

	if (dir < 0)
		return FOUND_UNREST;
	if (handle_numbers(dir, &tid, &n, &cap))
		found = FOUND_UNREST;
	close(dir);
	for (size_t i = 0; i < n; i++) {
		char rel[HANDLE_PREFIX + 8];
		struct stat_line s;

		snprintf(rel, sizeof(rel), "task/%d/stat", tid[i]);
		if (stat_line_read(p, rel, &s)) {
			found = FOUND_UNREST;
		} else if (!stat_line_exiting(&s)) {
			snprintf(out->prefix, HANDLE_PREFIX, "task/%d/", tid[i]);
			out->program = s.program;
			found = FOUND_ONE;
			break;
		}
	}
	free(tid);
	return found;
}

static void look_alone(const struct proc *p, uint64_t faults, struct handle_place *out)
{
	char rel[HANDLE_PREFIX + 8];
	struct stat_line own;

	snprintf(rel, sizeof(rel), "task/%d/stat", p->pid);
	out->alone = true;
	out->dead_faults = stat_line_read(p, rel, &own) ? 0 : faults - own.faults;
}

/*
 * One try; -EAGAIN when what was seen does not fit together. That happens while a thread that is not
 * the first executes a program: it takes the place and number of the first (de_thread() in the
 * kernel's fs/exec.c), so that the first may look dead just before, and the other one just after. A
 * first thread that was already replaced when its count of threads was taken shows 0 of them.
 */
static int try_living(const struct proc *p, struct handle_place *out, unsigned *none)
{
	struct stat_line s;
	int err = stat_line_read(p, "stat", &s);
	enum found found;

	*out = (struct handle_place){.program = err ? 0 : s.program, .doubts = out->doubts};
	out->kernel = !err && stat_line_kthread(&s);
	if (!err && stat_line_forked(&s) && s.threads == 1)
		look_alone(p, s.faults, out);
	if (err == -ENOENT || err == -ESRCH)
		return p->ops->live ? -EAGAIN : 0; /* a recording may lack it */
	/* Whatever else is wrong, the reader itself will meet it. */
	if (err || !stat_line_exiting(&s))
		return 0;
	if (s.threads <= 1)
		return s.threads == 1 || !p->ops->live ? ERR_GONE : -EAGAIN;
	found = find_living(p, out);
	if (found == FOUND_ONE)
		return 0;
	/* While the list was walked, the living one may have moved to its head: walked again it shows. */
	*none = found == FOUND_NONE ? *none + 1 : 0;
	return *none == WALKS ? ERR_GONE : -EAGAIN;
}

int handle_living(const struct proc *p, struct handle_place *out)
{
	unsigned none = 0;
	int err = -EAGAIN;

	for (int tries = 0; err == -EAGAIN && tries < HANDLE_TRIES; tries++) {
		err = try_living(p, out, &none);
		if (err == -EAGAIN && p->ops->check(p) == ERR_GONE)
			err = ERR_GONE;
	}
	return err;
}

/*
 * A thread that executes a program has the first one's place for a moment before the program changes.
 * Of a program that was executed that shows, for its threads are marked as forked (stat_line.h) and its
 * first one is not. Where all are, it shows only that one is left, and that another has ended. Where
 * that is all that happens, again and again, it is believed in the end.
 */
static bool perhaps_taken(struct handle_place *before, const struct handle_place *after)
{
	if (!after->alone || (before->alone && before->dead_faults == after->dead_faults))
		return false;
	return before->doubts++ < DOUBTS;
}

bool handle_same(struct handle_place *before, const struct handle_place *after)
{
	return before->program == after->program && strcmp(before->prefix, after->prefix) == 0 &&
		!perhaps_taken(before, after);
}

/*
 * A dying process loses its memory and descriptors some time before ops->check() says so; and a
 * process without memory belongs to root in /proc, so that its own user is denied.
 */
int handle_error(const struct proc *p, int err)
{
	struct handle_place place = {0};

	if (err != -ENOENT && err != -ESRCH && err != -EACCES && err != -EPERM)
		return err;
	return p->ops->check(p) == ERR_GONE || handle_living(p, &place) == ERR_GONE ? ERR_GONE
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
