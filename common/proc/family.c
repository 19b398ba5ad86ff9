/* SPDX-License-Identifier: MIT */
/*
 * Every process that any pass has seen is remembered with its first parent. Who is a member follows from these links
 * alone, and a link never changes: a process that is adopted keeps the parent that made it.
 */
#include "proc/family.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proc/handle.h"
#include "proc/stat_line.h"

struct link {
	pid_t pid, parent;
	uint64_t start;
	uint64_t seen; /* the pass that saw it last */
	bool member;
	char state;
	unsigned depth;
};

struct family {
	struct link *link; /* ascending by pid; of one number only the last owner */
	size_t n, cap;
	struct family_member *member;
	size_t members, room;
	uint64_t pass;
};

static struct link *find(struct family *f, pid_t pid)
{
	size_t lo = 0, hi = f->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->link[mid].pid < pid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return f->link + lo;
}

static struct link *insert(struct family *f, struct link *at, pid_t pid)
{
	size_t i = f->link ? (size_t)(at - f->link) : 0;

	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 512;
		struct link *grown = reallocarray(f->link, cap, sizeof *grown);

		if (!grown)
			return NULL;
		f->link = grown;
		f->cap = cap;
	}
	for (size_t k = f->n++; k > i; k--)
		f->link[k] = f->link[k - 1];
	f->link[i] = (struct link){.pid = pid};
	return f->link + i;
}

static int read_stat(int proc, pid_t pid, struct stat_line *out)
{
	char rel[24], text[4096];
	ssize_t n;
	int fd;

	snprintf(rel, sizeof rel, "%d/stat", (int)pid);
	fd = openat(proc, rel, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof text);
	close(fd);
	return n <= 0 ? -ESRCH : stat_line_parse(text, (size_t)n, out);
}

static int see(struct family *f, int proc, pid_t pid)
{
	struct link *l = find(f, pid);
	struct stat_line s;

	if (read_stat(proc, pid, &s))
		return 0; /* it has ended, or is hidden from us */
	if (!f->n || l == f->link + f->n || l->pid != pid)
		l = insert(f, l, pid);
	if (!l)
		return -ENOMEM;
	if (l->start != s.start || !l->seen)
		*l = (struct link){.pid = pid, .start = s.start, .parent = s.parent};
	l->seen = f->pass;
	l->state = s.state;
	return 0;
}

static int add_member(struct family *f, struct link *l, unsigned depth)
{
	if (f->members == f->room) {
		size_t room = f->room ? f->room * 2 : 64;
		struct family_member *grown = reallocarray(f->member, room, sizeof *grown);

		if (!grown)
			return -ENOMEM;
		f->member = grown;
		f->room = room;
	}
	l->member = true;
	l->depth = depth;
	f->member[f->members++] = (struct family_member){l->pid, l->start, depth, l->state};
	return 0;
}

/* A parent is older than its child: a number that was given away since is not it. */
static struct link *parent_of(struct family *f, const struct link *l)
{
	struct link *p = find(f, l->parent);

	return f->n && p < f->link + f->n && p->pid == l->parent && p->start <= l->start ? p : NULL;
}

/* The members of one generation more, each pass over the list; nobody is a member before its parent. */
static int join_all(struct family *f)
{
	size_t before;
	int err = 0;

	do {
		before = f->members;
		for (size_t i = 0; !err && i < f->n; i++) {
			struct link *l = f->link + i, *p;

			if (l->member || l->seen != f->pass)
				continue;
			p = parent_of(f, l);
			if (p && p->member)
				err = add_member(f, l, p->depth + 1);
		}
	} while (!err && f->members > before);
	return err;
}

int family_open(const struct proc *ancestor, struct family **out)
{
	struct family *f = calloc(1, sizeof *f);
	struct link *l = f ? insert(f, NULL, proc_pid(ancestor)) : NULL;

	*out = NULL;
	if (!l) {
		free(f);
		return -ENOMEM;
	}
	l->start = proc_start_time(ancestor);
	l->seen = 1;
	f->pass = 1;
	if (add_member(f, l, 0)) {
		family_close(f);
		return -ENOMEM;
	}
	*out = f;
	return 0;
}

static void note_states(struct family *f)
{
	for (size_t i = 0; i < f->members; i++) {
		struct family_member *m = f->member + i;
		const struct link *l = find(f, m->pid);

		m->state = l->start != m->start || l->seen != f->pass ? 'X' : l->state;
	}
}

int family_pass(struct family *f, size_t *fresh)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t n = 0, cap = 0, before = f->members;
	int *pid = NULL, err;

	*fresh = 0;
	if (proc < 0)
		return -errno;
	err = handle_numbers(proc, &pid, &n, &cap);
	f->pass++;
	for (size_t i = 0; !err && i < n; i++)
		err = see(f, proc, pid[i]);
	free(pid);
	close(proc);
	if (!err)
		err = join_all(f);
	if (!err)
		note_states(f);
	*fresh = f->members - before;
	return err;
}

const struct family_member *family_members(const struct family *f, size_t *n)
{
	*n = f->members;
	return f->member;
}

void family_close(struct family *f)
{
	if (!f)
		return;
	free(f->link);
	free(f->member);
	free(f);
}
