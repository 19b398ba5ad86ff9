/* SPDX-License-Identifier: MIT */
#include "ends.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/warden.h"

#define FRESH_NS 1000000000

static void wait_for_pass(struct ends *e)
{
	if (e->begun)
		pthread_join(e->thread, NULL);
	e->begun = false;
}

void ends_free(struct ends *e)
{
	wait_for_pass(e);
	holders_free(e->index);
	memset(e, 0, sizeof(*e));
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool is_good(const struct ends *e, pid_t without)
{
	return e->index && (!e->without || e->without == without) &&
		now_ns() - holders_when(e->index) < FRESH_NS;
}

static void drop(struct ends *e, pid_t without)
{
	holders_free(e->index);
	e->index = NULL;
	e->without = without;
	e->early = false;
	memset(e->name, 0, sizeof(e->name));
}

static void *scan(void *arg)
{
	struct ends *e = arg;

	e->err = holders_scan(e->without, e->all ? SIZE_MAX : ENDS_PUT_OFF, &e->index);
	return NULL;
}

void ends_begin(struct ends *e, pid_t without)
{
	wait_for_pass(e);
	if (is_good(e, without))
		return;
	drop(e, without);
	e->begun = e->early = pthread_create(&e->thread, NULL, scan, e) == 0;
}

struct holders *ends_index(struct ends *e, pid_t without)
{
	wait_for_pass(e);
	if (!is_good(e, without)) {
		drop(e, without);
		(void)scan(e);
	}
	if (e->index)
		holders_begin_look(e->index);
	return e->index;
}

bool ends_are_ours(pid_t pid)
{
	return pid == getpid() || warden_is_ours(pid);
}

const struct ends_name *ends_name(struct ends *e, pid_t pid)
{
	struct ends_name *n = &e->name[(unsigned)pid % ENDS_NAMES];
	char path[32];
	ssize_t len = -1;
	int fd;

	if (n->pid == pid)
		return n;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, n->text, sizeof(n->text));
		close(fd);
	}
	n->pid = pid;
	n->len = len > 0 ? (uint32_t)len - (n->text[len - 1] == '\n') : 0;
	return n;
}

bool ends_more(struct ends *e)
{
	uint64_t fds;

	if (e->early) {
		drop(e, e->without);
		(void)scan(e);
		return e->index;
	}
	if (!e->index || !holders_left(e->index, &fds))
		return false;
	e->err = holders_scan_left(e->index);
	if (e->err) {
		holders_free(e->index);
		e->index = NULL;
	}
	return e->index;
}

void ends_tell(const struct ends *e, struct facts *f)
{
	if (!f->far_searched || !e->index)
		return;
	f->far_hidden = holders_hidden(e->index);
	f->far_left = holders_left(e->index, &f->far_left_fds);
}

int ends_keep(struct facts *f, const struct holder *h, uint32_t *n, uint32_t *more)
{
	struct far_end *last = f->nfar ? &f->far[f->nfar - 1] : NULL;
	struct far_end end = {.pid = h->pid, .fd = h->fd};
	struct far_end *kept;
	struct buf comm = {0};

	if (*n >= ENDS_MOST) {
		++*more;
		return 0;
	}
	if (last && last->pid == h->pid) {
		end.comm = last->comm;
	} else {
		proc_comm_of(h->pid, &comm);
		end.comm = facts_keep(&f->names, buf_cstr(&comm), comm.len);
		buf_free(&comm);
	}
	kept = facts_add_far(f);
	if (!kept)
		return -ENOMEM;
	*kept = end;
	++*n;
	return 0;
}

/* Which of the process's own descriptors are which inodes: sockets, sorted. */
struct own {
	uint64_t ino;
	int fd;
};

static int compare_own(const void *a, const void *b)
{
	const struct own *x = a, *y = b;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

static size_t collect_own(const struct facts *f, struct own *own)
{
	size_t n = 0;

	for (size_t i = 0; i < f->ndesc; i++) {
		const struct desc *d = &f->desc[i];

		if (d->state == DESC_OK && !d->err_stat && S_ISSOCK(d->mode))
			own[n++] = (struct own){d->ino, d->fd};
	}
	qsort(own, n, sizeof(*own), compare_own);
	return n;
}

/* The first one with that inode. */
static size_t find_own(const struct own *own, size_t n, uint64_t ino)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (own[middle].ino < ino)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct keeping {
	struct facts *f;
	struct sock *s;
	struct holders *index;
	pid_t self;
};

static int keep_other(const struct holder *h, void *arg)
{
	struct keeping *k = arg;

	if (h->pid == k->self || ends_are_ours(h->pid))
		return 0; /* known better already, or no matter */
	if (k->s->fars < ENDS_MOST && !holders_still(k->index, h))
		return 0;
	return ends_keep(k->f, h, &k->s->fars, &k->s->more_fars);
}

static int find_others(struct keeping *k, struct ends *e)
{
	int err = 0;

	do {
		k->index = e->index;
		if (k->index)
			err = holders_of(k->index, HOLDER_SOCKET, k->s->far_ino, keep_other, k);
	} while (!err && !k->s->fars && ends_more(e));
	return err;
}

static int find_far(struct keeping *k, const struct own *own, size_t n, struct ends *e)
{
	struct sock *s = k->s;
	int err = 0;

	s->far_at = (uint32_t)k->f->nfar;
	for (size_t i = find_own(own, n, s->far_ino); i < n && own[i].ino == s->far_ino && !err;
		i++)
		err = ends_keep(k->f, &(struct holder){k->self, own[i].fd, HOLDER_NO_ROW}, &s->fars,
			&s->more_fars);
	if (!err)
		err = find_others(k, e);
	if (!e->index && !s->fars)
		s->err_far = e->err;
	else if (e->index && !s->fars && holders_hidden(e->index))
		s->err_far = ERR_PERM;
	s->has |= SOCK_HAS_FAR;
	return err;
}

int ends_of_socks(const struct proc *p, struct ends *e, struct facts *f)
{
	struct keeping k = {.f = f, .self = proc_pid(p)};
	struct own *own = NULL;
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; i < f->nsock && !err; i++) {
		k.s = &f->sock[i];
		if (k.s->far != FAR_OPEN || !k.s->far_ino)
			continue;
		if (!own) {
			own = calloc(f->ndesc, sizeof(*own));
			if (!own)
				return -ENOMEM;
			n = collect_own(f, own);
			(void)ends_index(e, f->ndesc > ENDS_MANY ? k.self : 0);
			f->far_searched = true;
		}
		err = find_far(&k, own, n, e);
	}
	free(own);
	return err;
}
