/* SPDX-License-Identifier: MIT */
/*
 * How the facts of a descriptor are kept from being a mixture of two files. A target closes and
 * opens files while we look, so that a number may mean one file at one question and another at the
 * next. Each descriptor is therefore identified (device and inode) by the first question, and again
 * by the last: fdinfo names the inode, so does the link of a pipe, and where neither does stat(2)
 * through /proc is asked once more; the questions to a socket end with its inode. What lies between
 * two equal answers is of that file. If they differ, the descriptor is looked at again from the
 * start, LOOKS times at most.
 *
 * Who does what. Half of the time goes into the calls, half into /proc, and the two do not need
 * each other: where there are many descriptors a second thread follows the first through the array
 * and looks into /proc for those that the first batch has identified. `asked` and `looked` are all
 * they share; of a descriptor each writes its own fields (look.h).
 */
#include "gather.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cli.h"
#include "base/err.h"
#include "look.h"
#include "sock.h"

#define CHUNK       512 /* descriptors in one batch of calls */
#define SOCKS       256 /* sockets in one batch of calls: they have many */
#define AT_ONCE     128 /* descriptors that are asked everything in one batch */
#define LOOKS       3
#define FOLLOW_FROM 192 /* descriptors that are worth a thread */

/* The calls that every descriptor gets; with first_line only the first of them. */
enum { CALL_STATX, CALL_GETFL, CALL_GETFD, CALLS };

struct gather {
	struct way *way, *cred;
	struct facts *f;
	bool first_line;
	size_t calls; /* of CALLS, for each descriptor */
	struct looker looker;
	struct sock_asker *asker;

	/* The follower. */
	pthread_t thread;
	bool follows;
	pthread_mutex_t mutex;
	pthread_cond_t more;
	size_t asked; /* descriptors that it may look at */
	bool end;     /* no more will come */
	int err;      /* what it met */

	struct statx stx[CHUNK];
	struct call call[CHUNK * CALLS];
};

static void lay_out(struct gather *g)
{
	g->calls = g->first_line ? 1 : CALLS;
	memset(g->call, 0, sizeof(g->call));
	for (size_t i = 0; i < CHUNK; i++) {
		struct call *c = &g->call[i * g->calls];

		c[CALL_STATX].nr = SYS_statx;
		c[CALL_STATX].arg[1] = ARG_IN("", 1);
		c[CALL_STATX].arg[2] = ARG_VAL(AT_EMPTY_PATH | AT_STATX_DONT_SYNC);
		c[CALL_STATX].arg[3] = ARG_VAL(STATX_BASIC_STATS);
		c[CALL_STATX].arg[4] = ARG_OUT(&g->stx[i], sizeof(g->stx[i]));
		if (g->first_line)
			continue;
		c[CALL_GETFL].nr = SYS_fcntl;
		c[CALL_GETFL].arg[1] = ARG_VAL(F_GETFL);
		c[CALL_GETFD].nr = SYS_fcntl;
		c[CALL_GETFD].arg[1] = ARG_VAL(F_GETFD);
	}
}

static void take_first(
	struct gather *g, struct desc *d, const struct call *c, const struct statx *s)
{
	if (c[CALL_STATX].ret == -EBADF) {
		d->state = DESC_CLOSED;
		return;
	}
	/* This one cannot be borrowed, or its file system fails: /proc answers, where it can. */
	if (c[CALL_STATX].ret < 0)
		look_stat(&g->looker, d);
	else
		look_take_stat(d, s);
	if (g->first_line)
		return;
	if (c[CALL_GETFL].ret == -EBADF || c[CALL_GETFD].ret == -EBADF)
		d->state = DESC_CHANGED;
	d->err_flags = c[CALL_GETFL].ret < 0 ? (int)c[CALL_GETFL].ret : 0;
	d->flags = (uint32_t)c[CALL_GETFL].ret;
	d->err_cloexec = c[CALL_GETFD].ret < 0 ? (int)c[CALL_GETFD].ret : 0;
	d->cloexec = c[CALL_GETFD].ret & FD_CLOEXEC;
}

static void aim_first(struct gather *g, struct desc **list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		*list[i] = (struct desc){.fd = list[i]->fd};
		for (size_t k = 0; k < g->calls; k++)
			g->call[i * g->calls + k].arg[0] = ARG_VAL(list[i]->fd);
	}
}

/* err: what way_batch() said; ERR_NOTSUP is no failure, /proc answers then. */
static int take_all_first(struct gather *g, struct desc **list, size_t n, int err)
{
	if (err && err != ERR_NOTSUP)
		return err;
	for (size_t i = 0; i < n; i++) {
		if (err) {
			look_stat(&g->looker, list[i]);
			list[i]->err_flags = list[i]->err_cloexec = err;
		} else {
			take_first(g, list[i], &g->call[i * g->calls], &g->stx[i]);
		}
	}
	return 0;
}

/* The first batch, of CHUNK descriptors at most: what each of them is. */
static int ask_first(struct gather *g, struct desc **list, size_t n)
{
	aim_first(g, list, n);
	return take_all_first(g, list, n, way_batch(g->way, g->call, n * g->calls));
}

static bool have_asker(struct gather *g)
{
	if (!g->asker)
		g->asker = sock_asker_new(SOCKS);
	return g->asker;
}

static int ask_some_socks(struct gather *g, struct desc **socks, size_t n)
{
	int err;

	if (!have_asker(g))
		return -ENOMEM;
	err = sock_ask(g->asker, g->way, g->cred, g->f, socks, n);
	if (err != ERR_NOTSUP)
		return err;
	g->f->err_socks = err;
	return 0;
}

/* The further batches: the sockets among the n descriptors that were not asked yet. */
static int ask_socks(struct gather *g, struct desc **list, size_t n)
{
	struct desc *socks[SOCKS];
	size_t k = 0;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		struct desc *d = list[i];

		if (d->state == DESC_OK && look_is_sock(d) && !d->sock && !d->err_sock)
			socks[k++] = d;
		if (k == SOCKS) {
			err = ask_some_socks(g, socks, k);
			k = 0;
		}
	}
	return k && !err ? ask_some_socks(g, socks, k) : err;
}

/* Which of them are sockets now, by the text of their links: a guess as to what they will be. */
static size_t guess_socks(struct gather *g, struct desc **list, size_t n, struct desc **socks)
{
	static const char sock[] = "socket:[";
	struct buf link = {0};
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		buf_clear(&link);
		if (fd_view_link(&g->looker.view, list[i]->fd, &link) == 0 &&
			strncmp(buf_cstr(&link), sock, sizeof(sock) - 1) == 0)
			socks[k++] = list[i];
	}
	buf_free(&link);
	return k;
}

/* One batch for a and b: each call gets its result. */
static int run_both(struct gather *g, struct call *a, size_t na, struct call *b, size_t nb)
{
	struct call *all = malloc((na + nb) * sizeof(*all));
	int err;

	if (!all)
		return -ENOMEM;
	memcpy(all, a, na * sizeof(*all));
	memcpy(all + na, b, nb * sizeof(*all));
	err = way_batch(g->way, all, na + nb);
	memcpy(a, all, na * sizeof(*all));
	memcpy(b, all + na, nb * sizeof(*all));
	free(all);
	return err;
}

/*
 * Few descriptors: all questions in one batch, for each may stop a thread. A socket that was not
 * guessed to be one is left for ask_socks().
 */
static int ask_at_once(struct gather *g, struct desc **list, size_t n)
{
	struct desc *socks[AT_ONCE];
	struct call *calls;
	size_t k = guess_socks(g, list, n, socks), ncalls;
	int err;

	if (k == 0)
		return ask_first(g, list, n);
	if (!have_asker(g))
		return -ENOMEM;
	aim_first(g, list, n);
	calls = sock_calls(g->asker, socks, k, &ncalls);
	err = run_both(g, g->call, n * g->calls, calls, ncalls);
	if (err)
		return take_all_first(g, list, n, err);
	err = take_all_first(g, list, n, 0);
	return err ? err : sock_take(g->asker, g->way, g->cred, g->f, socks, k);
}

/* ---- the follower ---- */

static int look_at_range(struct gather *g, size_t from, size_t to)
{
	int err = 0;

	for (size_t i = from; i < to && !err; i++) {
		struct desc *d = &g->f->desc[i];

		/* Not d->state: the other thread may be writing it. */
		if (d->identified)
			err = look_desc(&g->looker, d);
	}
	return err;
}

static void *follow(void *arg)
{
	struct gather *g = arg;
	size_t looked = 0, to;
	bool end = false;
	int err = 0;

	while (!err && !end) {
		pthread_mutex_lock(&g->mutex);
		while (g->asked == looked && !g->end)
			pthread_cond_wait(&g->more, &g->mutex);
		to = g->asked;
		end = g->end && to == looked;
		pthread_mutex_unlock(&g->mutex);
		err = look_at_range(g, looked, to);
		looked = to;
	}
	g->err = err;
	return NULL;
}

static void follower_start(struct gather *g, size_t n)
{
	pthread_mutex_init(&g->mutex, NULL);
	pthread_cond_init(&g->more, NULL);
	g->follows = n >= FOLLOW_FROM && !g->first_line &&
		pthread_create(&g->thread, NULL, follow, g) == 0;
}

/* Hands the descriptors before `upto` to the follower, or looks at them here if there is none. */
static int follower_tell(struct gather *g, size_t upto)
{
	size_t from = g->asked;

	if (!g->follows) {
		g->asked = upto;
		return g->first_line ? 0 : look_at_range(g, from, upto);
	}
	pthread_mutex_lock(&g->mutex);
	g->asked = upto;
	pthread_cond_signal(&g->more);
	pthread_mutex_unlock(&g->mutex);
	return 0;
}

static int follower_end(struct gather *g)
{
	if (g->follows) {
		pthread_mutex_lock(&g->mutex);
		g->end = true;
		pthread_cond_signal(&g->more);
		pthread_mutex_unlock(&g->mutex);
		pthread_join(g->thread, NULL);
	}
	pthread_cond_destroy(&g->more);
	pthread_mutex_destroy(&g->mutex);
	return g->err;
}

/* ---- all descriptors ---- */

static int ask_chunk(struct gather *g, struct desc *first, size_t n)
{
	struct desc *list[CHUNK];
	int err;

	for (size_t i = 0; i < n; i++)
		list[i] = &first[i];
	if (n <= AT_ONCE && !g->first_line)
		err = ask_at_once(g, list, n);
	else
		err = ask_first(g, list, n);
	for (size_t i = 0; i < n && !err; i++)
		list[i]->identified = list[i]->state == DESC_OK;
	if (!err)
		err = follower_tell(g, (size_t)(first - g->f->desc) + n);
	if (!err && !g->first_line)
		err = ask_socks(g, list, n);
	return err;
}

/* The first look at everything. ndesc: how many were looked at before an interruption. */
static int look_at_all(struct gather *g, size_t n)
{
	struct facts *f = g->f;
	int err = 0, err_follower;

	follower_start(g, n);
	while (f->ndesc < n && !err && !cli_interrupted()) {
		size_t k = n - f->ndesc < CHUNK ? n - f->ndesc : CHUNK;

		err = ask_chunk(g, &f->desc[f->ndesc], k);
		f->ndesc += k;
	}
	err_follower = follower_end(g);
	return err ? err : err_follower;
}

static bool has_changed(struct desc *d)
{
	if (d->other_file && d->state == DESC_OK)
		d->state = DESC_CHANGED;
	return d->state == DESC_CHANGED;
}

/* Looks once more at those that changed; says whether there still are any. */
static int look_again(struct gather *g, bool *any)
{
	struct facts *f = g->f;
	int err = 0;

	*any = false;
	for (size_t i = 0; i < f->ndesc && !err; i++) {
		struct desc *d = &f->desc[i];

		if (!has_changed(d))
			continue;
		err = ask_at_once(g, &d, 1);
		if (!err && d->state == DESC_OK)
			err = look_desc(&g->looker, d);
		if (!err && d->state == DESC_OK && !d->other_file)
			err = ask_socks(g, &d, 1);
		*any |= has_changed(d);
	}
	return err;
}

static void leave_out_closed(struct facts *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->ndesc; i++) {
		if (f->desc[i].state != DESC_CLOSED)
			f->desc[n++] = f->desc[i];
	}
	f->ndesc = n;
}

static int look_until_steady(struct gather *g, size_t n)
{
	bool changed = !g->first_line;
	int err = look_at_all(g, n);

	for (int i = 1; i < LOOKS && changed && !err && !cli_interrupted(); i++)
		err = look_again(g, &changed);
	leave_out_closed(g->f);
	if (!err && (g->f->paths.failed || g->f->names.failed || g->looker.link.failed))
		err = -ENOMEM;
	return err;
}

int gather(struct proc *p, struct way *w, struct way *cred, const struct fds *list,
	const struct gather_opts *o, struct facts *out)
{
	struct gather *g = malloc(sizeof(*g));
	int err = -ENOMEM;

	out->desc = calloc(list->n ? list->n : 1, sizeof(*out->desc));
	if (!g || !out->desc)
		goto out_g;
	memset(g, 0, offsetof(struct gather, stx));
	g->way = w;
	g->cred = cred;
	g->f = out;
	g->first_line = o->first_line;
	lay_out(g);
	for (size_t i = 0; i < list->n; i++)
		out->desc[i].fd = list->fd[i];
	err = looker_open(p, o->mounts, out, &g->looker);
	if (!err)
		err = look_until_steady(g, list->n);
	looker_close(&g->looker);
	sock_asker_free(g->asker);
out_g:
	free(g);
	return err;
}
