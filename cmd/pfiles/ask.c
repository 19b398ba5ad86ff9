/* SPDX-License-Identifier: MIT */
#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/err.h"
#include "extras.h"
#include "sock.h"

#define SOCKS   256 /* sockets in one batch of calls: they have many */
#define AT_ONCE 128 /* descriptors that are asked everything in one batch */

/* The calls that every descriptor gets; with first_line only the first of them. */
enum { CALL_STATX, CALL_GETFL, CALL_GETFD, CALLS };

/* Those that every file gets whose offset is asked for; the second says that it still is that file. */
enum { CALL_LSEEK, CALL_INODE, OFFSET_CALLS };

struct asker {
	struct way *way, *second;
	struct facts *f;
	struct looker *looker;
	bool first_line, all;
	const struct sock_early *early;
	const struct mount_table *without_calls;
	size_t calls; /* of CALLS, for each descriptor */
	struct sock_asker *socks;
	size_t most; /* descriptors in one go, of ASK_MOST at most: what follows is for so many */
	struct statx *stx, *inode;
	struct call *call, *offset;
};

static void lay_out_offsets(struct asker *a)
{
	for (size_t i = 0; i < a->most; i++) {
		struct call *c = &a->offset[i * OFFSET_CALLS];

		c[CALL_LSEEK].nr = SYS_lseek;
		c[CALL_LSEEK].arg[2] = ARG_VAL(SEEK_CUR);
		c[CALL_INODE].nr = SYS_statx;
		c[CALL_INODE].arg[1] = ARG_IN("", 1);
		c[CALL_INODE].arg[2] = ARG_VAL(AT_EMPTY_PATH | AT_STATX_DONT_SYNC);
		c[CALL_INODE].arg[3] = ARG_VAL(STATX_INO);
		c[CALL_INODE].arg[4] = ARG_OUT(&a->inode[i], sizeof(a->inode[i]));
	}
}

static void lay_out(struct asker *a)
{
	a->calls = a->first_line ? 1 : CALLS;
	for (size_t i = 0; i < a->most; i++) {
		struct call *c = &a->call[i * a->calls];

		c[CALL_STATX].nr = SYS_statx;
		c[CALL_STATX].arg[1] = ARG_IN("", 1);
		c[CALL_STATX].arg[2] = ARG_VAL(AT_EMPTY_PATH | AT_STATX_DONT_SYNC);
		c[CALL_STATX].arg[3] = ARG_VAL(STATX_BASIC_STATS | STATX_MNT_ID);
		c[CALL_STATX].arg[4] = ARG_OUT(&a->stx[i], sizeof(a->stx[i]));
		if (a->first_line)
			continue;
		c[CALL_GETFL].nr = SYS_fcntl;
		c[CALL_GETFL].arg[1] = ARG_VAL(F_GETFL);
		c[CALL_GETFD].nr = SYS_fcntl;
		c[CALL_GETFD].arg[1] = ARG_VAL(F_GETFD);
	}
}

struct asker *asker_new(
	struct way *w, struct way *second, struct looker *k, const struct asker_opts *o)
{
	struct asker *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->way = w;
	a->second = second;
	a->f = k->f;
	a->looker = k;
	a->first_line = o->first_line;
	a->all = o->all;
	a->early = o->early;
	a->without_calls = o->without_calls;
	a->most = o->most < ASK_MOST ? o->most : ASK_MOST;
	a->stx = calloc(a->most, sizeof(*a->stx));
	a->inode = calloc(a->most, sizeof(*a->inode));
	a->call = calloc(a->most * CALLS, sizeof(*a->call));
	a->offset = calloc(a->most * OFFSET_CALLS, sizeof(*a->offset));
	if (!a->stx || !a->inode || !a->call || !a->offset) {
		asker_free(a);
		return NULL;
	}
	lay_out(a);
	lay_out_offsets(a);
	return a;
}

void asker_free(struct asker *a)
{
	if (!a)
		return;
	sock_asker_free(a->socks);
	free(a->stx);
	free(a->inode);
	free(a->call);
	free(a->offset);
	free(a);
}

static void take_first(struct asker *a, struct desc *d, const struct call *c, const struct statx *s)
{
	if (c[CALL_STATX].ret == -EBADF) {
		d->state = DESC_CLOSED;
		return;
	}
	/* This one cannot be borrowed, or its file system fails: /proc answers, where it can. */
	if (c[CALL_STATX].ret < 0)
		look_stat(a->looker, d);
	else
		look_take_stat(d, s);
	if (a->first_line)
		return;
	if (c[CALL_GETFL].ret == -EBADF || c[CALL_GETFD].ret == -EBADF)
		d->state = DESC_CHANGED;
	d->err_flags = c[CALL_GETFL].ret < 0 ? (int)c[CALL_GETFL].ret : 0;
	d->flags = (uint32_t)c[CALL_GETFL].ret;
	d->err_cloexec = c[CALL_GETFD].ret < 0 ? (int)c[CALL_GETFD].ret : 0;
	d->cloexec = c[CALL_GETFD].ret & FD_CLOEXEC;
}

static void aim_first(struct asker *a, struct desc **list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		*list[i] = (struct desc){.fd = list[i]->fd};
		for (size_t k = 0; k < a->calls; k++)
			a->call[i * a->calls + k].arg[0] = ARG_VAL(list[i]->fd);
	}
}

/* err: what way_batch() said; ERR_NOTSUP is no failure, /proc answers then. */
static int take_all_first(struct asker *a, struct desc **list, size_t n, int err)
{
	if (err && err != ERR_NOTSUP)
		return err;
	for (size_t i = 0; i < n; i++) {
		if (err) {
			look_stat(a->looker, list[i]);
			list[i]->err_flags = list[i]->err_cloexec = err;
		} else {
			take_first(a, list[i], &a->call[i * a->calls], &a->stx[i]);
		}
	}
	return 0;
}

/* The first batch, of ASK_MOST descriptors at most: what each of them is. */
static int ask_first(struct asker *a, struct desc **list, size_t n)
{
	aim_first(a, list, n);
	return take_all_first(a, list, n, way_batch(a->way, a->call, n * a->calls));
}

/* The same by /proc, and by calls for those of which it may not be asked. */
static int look_first(struct asker *a, struct desc **list, size_t n)
{
	struct desc *rest[ASK_MOST];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		*list[i] = (struct desc){.fd = list[i]->fd};
		if (!look_without_calls(a->looker, a->without_calls, list[i]))
			rest[k++] = list[i];
	}
	return k ? ask_first(a, rest, k) : 0;
}

/*
 * Only of files on a disk of this machine: another thread of the process may be reading the same file,
 * and the call has to wait for it, however long its server takes.
 */
static bool offset_can_be_asked(const struct desc *d)
{
	return d->state == DESC_OK && !d->err_stat && !d->err_flags && !(d->flags & O_PATH) &&
		d->dev_major && (S_ISREG(d->mode) || S_ISDIR(d->mode));
}

static void take_offset(struct desc *d, const struct call *c, const struct statx *inode)
{
	if (c[CALL_LSEEK].ret < 0 || c[CALL_INODE].ret < 0 || !look_same_inode(d, inode))
		return; /* fdinfo will tell, also if it is another file by now */
	d->pos = (uint64_t)c[CALL_LSEEK].ret;
	d->pos_asked = true;
}

int ask_offsets(struct asker *a, struct desc **list, size_t n)
{
	struct desc *files[ASK_MOST];
	size_t k = 0;
	int err;

	if (a->first_line || n <= AT_ONCE || !way_may_wait(a->way))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (offset_can_be_asked(list[i]))
			files[k++] = list[i];
	for (size_t i = 0; i < k * OFFSET_CALLS; i++)
		a->offset[i].arg[0] = ARG_VAL(files[i / OFFSET_CALLS]->fd);
	err = way_batch(a->way, a->offset, k * OFFSET_CALLS);
	for (size_t i = 0; i < k && !err; i++)
		take_offset(files[i], &a->offset[i * OFFSET_CALLS], &a->inode[i]);
	return err == ERR_NOTSUP ? 0 : err;
}

int ask_extras(struct asker *a, struct desc **list, size_t n)
{
	int err = a->first_line || a->looker->original
		? 0
		: extras_ask(a->second ? a->second : a->way, a->f, list, n);

	if (err == ERR_NOTSUP)
		a->f->err_extras = err;
	return err == ERR_NOTSUP ? 0 : err;
}

static bool have_asker(struct asker *a)
{
	if (!a->socks)
		a->socks = sock_asker_new(SOCKS, a->looker->original, a->all, a->early);
	return a->socks;
}

static int ask_some_socks(struct asker *a, struct desc **socks, size_t n)
{
	int err;

	if (!have_asker(a))
		return -ENOMEM;
	err = sock_ask(a->socks, a->way, a->second, a->f, socks, n);
	if (err != ERR_NOTSUP)
		return err;
	a->f->err_socks = err;
	return 0;
}

/* The further batches: the sockets among the n descriptors that were not asked yet. */
int ask_socks(struct asker *a, struct desc **list, size_t n)
{
	struct desc *socks[SOCKS];
	size_t k = 0;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		struct desc *d = list[i];

		if (d->state == DESC_OK && look_is_sock(d) && !d->sock && !d->err_sock)
			socks[k++] = d;
		if (k == SOCKS) {
			err = ask_some_socks(a, socks, k);
			k = 0;
		}
	}
	return k && !err ? ask_some_socks(a, socks, k) : err;
}

/* Which of them are sockets now, and of what kind, by /proc: a guess as to what they will be. */
static size_t guess_socks(
	struct asker *a, struct desc **list, size_t n, struct desc **socks, uint8_t *kind)
{
	static const char sock[] = "socket:[";
	struct buf link = {0};
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		buf_clear(&link);
		if (fd_view_link(a->looker->view, list[i]->fd, &link) == 0 &&
			strncmp(buf_cstr(&link), sock, sizeof(sock) - 1) == 0) {
			if (!a->second)
				kind[k] = sock_guess_kind(a->looker->view, list[i]->fd);
			socks[k++] = list[i];
		}
	}
	buf_free(&link);
	return k;
}

/* One batch for both tables: each call gets its result. */
static int run_both(struct way *w, struct call *one, size_t n, struct call *two, size_t m)
{
	struct call *all = malloc((n + m) * sizeof(*all));
	int err;

	if (!all)
		return -ENOMEM;
	memcpy(all, one, n * sizeof(*all));
	memcpy(all + n, two, m * sizeof(*all));
	err = way_batch(w, all, n + m);
	memcpy(one, all, n * sizeof(*all));
	memcpy(two, all + n, m * sizeof(*all));
	free(all);
	return err;
}

/*
 * Few descriptors: all questions in one batch, for each may stop a thread. A socket that was not
 * guessed to be one is left for ask_socks().
 */
static int ask_at_once(struct asker *a, struct desc **list, size_t n)
{
	struct desc *socks[AT_ONCE];
	uint8_t kind[AT_ONCE];
	struct call *calls;
	size_t k = guess_socks(a, list, n, socks, kind), ncalls;
	int err;

	if (k == 0)
		return ask_first(a, list, n);
	if (!have_asker(a))
		return -ENOMEM;
	aim_first(a, list, n);
	calls = sock_calls(a->socks, socks, a->second ? NULL : kind, k, &ncalls);
	if (!calls)
		return -ENOMEM;
	err = run_both(a->way, a->call, n * a->calls, calls, ncalls);
	if (err)
		return take_all_first(a, list, n, err);
	err = take_all_first(a, list, n, 0);
	return err ? err : sock_take(a->socks, a->way, a->second, a->f, socks, k);
}

int ask_first_questions(struct asker *a, struct desc **list, size_t n)
{
	if (a->without_calls)
		return look_first(a, list, n);
	return n <= AT_ONCE && !a->first_line ? ask_at_once(a, list, n) : ask_first(a, list, n);
}
