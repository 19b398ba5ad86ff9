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
 * each other: where there are many descriptors and a processor to spare a second thread follows the first through the array
 * and looks into /proc for those that the first batch has identified; when the first one has asked
 * everything, it helps from the other end. `asked`, `looked`, `back` and `end` are all they share; of
 * a descriptor each writes its own fields (look.h).
 */
#include "gather.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/cli.h"
#include "aside.h"
#include "ask.h"
#include "kind.h"
#include "look.h"

#define LOOKS 3
#define PIECE 32 /* descriptors that one of the two takes at a time */

struct gather {
	struct facts *f;
	bool first_line;
	struct mount_table *target_mounts;
	struct progress *progress;
	struct looker looker;
	struct asker *asker;
	struct lock_table *locks;

	/* The follower. */
	pthread_t thread;
	bool follows;
	pthread_mutex_t mutex;
	pthread_cond_t more;
	size_t asked;  /* descriptors before this one may be looked at */
	size_t looked; /* those before this one are, or are being, */
	size_t back;   /* and those from this one on, by who asked and has nothing else to do */
	bool end;      /* no more will come */
	struct looker helper;
	struct facts helped; /* what the helper keeps: paths and notes */
};

/* ---- the follower ---- */

static void look_at_range(struct gather *g, struct looker *k, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		struct desc *d = &g->f->desc[i];

		/* Not d->state: the other thread may be writing it. */
		if (d->identified)
			look_desc(k, d);
	}
}

/* The next piece from the front, waiting for it; false when there will be none. */
static bool next_piece(struct gather *g, size_t *from, size_t *to)
{
	size_t limit;

	pthread_mutex_lock(&g->mutex);
	while (g->asked == g->looked && !g->end)
		pthread_cond_wait(&g->more, &g->mutex);
	limit = g->asked < g->back ? g->asked : g->back;
	*from = g->looked;
	*to = limit - g->looked < PIECE ? limit : g->looked + PIECE;
	g->looked = *to;
	pthread_mutex_unlock(&g->mutex);
	return *from < *to;
}

static bool last_piece(struct gather *g, size_t *from, size_t *to)
{
	pthread_mutex_lock(&g->mutex);
	*to = g->back;
	*from = g->back - g->looked < PIECE ? g->looked : g->back - PIECE;
	g->back = *from;
	pthread_mutex_unlock(&g->mutex);
	return *from < *to;
}

static void *follow(void *arg)
{
	struct gather *g = arg;
	size_t from, to;

	while (next_piece(g, &from, &to))
		look_at_range(g, &g->looker, from, to);
	return NULL;
}

static void follower_start(struct gather *g, size_t n)
{
	pthread_mutex_init(&g->mutex, NULL);
	pthread_cond_init(&g->more, NULL);
	g->back = n;
	g->follows = n > GATHER_MANY && !g->first_line && aside_processor_to_spare() &&
		pthread_create(&g->thread, NULL, follow, g) == 0;
}

/* Hands the descriptors before `upto` to the follower, or looks at them here if there is none. */
static void follower_tell(struct gather *g, size_t upto)
{
	size_t from = g->asked;

	if (!g->follows) {
		g->asked = upto;
		if (!g->first_line)
			look_at_range(g, &g->looker, from, upto);
		return;
	}
	pthread_mutex_lock(&g->mutex);
	g->asked = upto;
	pthread_cond_signal(&g->more);
	pthread_mutex_unlock(&g->mutex);
}

/* All have been asked: looks at descriptors from the end, until it meets the follower. */
static int follower_help(struct gather *g, size_t n)
{
	size_t from, to;
	int err;

	if (!g->follows || g->asked < n)
		return 0;
	err = looker_open(g->looker.view, g->looker.mounts, &g->helped, &g->helper);
	g->helper.locks_hidden = g->looker.locks_hidden;
	g->helper.original = g->looker.original;
	while (!err && last_piece(g, &from, &to))
		look_at_range(g, &g->helper, from, to);
	looker_close(&g->helper);
	return err;
}

/* What the helper kept goes behind what the follower did. */
static int take_helped(struct gather *g, size_t n)
{
	struct facts *f = g->f, *helped = &g->helped;
	size_t paths = f->paths.len, info = f->info.len;

	buf_add(&f->paths, helped->paths.data, helped->paths.len);
	buf_add(&f->info, helped->info.data, helped->info.len);
	for (size_t i = g->back; i < n; i++) {
		f->desc[i].path.at += paths;
		f->desc[i].info.at += info;
	}
	return helped->paths.failed || helped->info.failed ? -ENOMEM : 0;
}

static int follower_end(struct gather *g, size_t n)
{
	int err;

	if (g->follows) {
		pthread_mutex_lock(&g->mutex);
		g->end = true;
		pthread_cond_signal(&g->more);
		pthread_mutex_unlock(&g->mutex);
		pthread_join(g->thread, NULL);
	}
	pthread_cond_destroy(&g->more);
	pthread_mutex_destroy(&g->mutex);
	err = take_helped(g, n);
	facts_free(&g->helped);
	return err;
}

/* ---- all descriptors ---- */

static void identify(struct gather *g, struct desc *d)
{
	if (d->kind == KIND_OTHER)
		d->kind = kind_of(d, "", 0);
	d->identified = d->state == DESC_OK;
	if (!g->first_line && look_lockable(d))
		lock_table_begin(g->locks, g->looker.view->proc, g->target_mounts);
}

static int ask_chunk(struct gather *g, struct desc *first, size_t n)
{
	struct desc *list[ASK_MOST];
	int err;

	for (size_t i = 0; i < n; i++)
		list[i] = &first[i];
	err = ask_first_questions(g->asker, list, n);
	if (!err)
		err = ask_offsets(g->asker, list, n);
	if (!err)
		err = ask_extras(g->asker, list, n);
	for (size_t i = 0; i < n && !err; i++)
		identify(g, list[i]);
	if (!err)
		follower_tell(g, (size_t)(first - g->f->desc) + n);
	if (!err && !g->first_line)
		err = ask_socks(g->asker, list, n);
	return err;
}

/* After everything else, so that nobody waits for the table. */
static int look_for_locks(struct gather *g, struct desc *d, size_t n)
{
	int err = g->first_line ? 0 : lock_table_end(g->locks);

	for (size_t i = 0; i < n && !err && !g->first_line; i++)
		if (d[i].state == DESC_OK && !d[i].other_file && !look_is_sock(&d[i]))
			err = look_locks(&g->looker, g->locks, &d[i]);
	return err;
}

/* The first look at everything. ndesc: how many were looked at before an interruption. */
static int look_at_all(struct gather *g, size_t n)
{
	struct facts *f = g->f;
	int err = 0, err_follower;

	follower_start(g, n);
	while (f->ndesc < n && !err && !cli_interrupted()) {
		size_t k = n - f->ndesc < ASK_MOST ? n - f->ndesc : ASK_MOST;

		err = ask_chunk(g, &f->desc[f->ndesc], k);
		f->ndesc += k;
		progress_step(g->progress, f->ndesc, n);
	}
	if (!err)
		err = follower_help(g, n);
	err_follower = follower_end(g, n);
	err = err ? err : err_follower;
	return err ? err : look_for_locks(g, f->desc, f->ndesc);
}

static int by_inode(const void *a, const void *b)
{
	const struct desc *x = *(struct desc *const *)a, *y = *(struct desc *const *)b;

	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

/*
 * The flags of a socket are asked before all else, and its inode again after all else. In between it may have left
 * its number and have come back, but only if it is under another number as well: then fdinfo has to say the same.
 */
static int look_at_copies(struct gather *g)
{
	struct facts *f = g->f;
	struct desc **sock = malloc((f->ndesc ? f->ndesc : 1) * sizeof(*sock));
	size_t n = 0;

	if (!sock)
		return -ENOMEM;
	for (size_t i = 0; i < f->ndesc; i++) {
		struct desc *d = &f->desc[i];

		if (d->state == DESC_OK && !d->other_file && look_is_sock(d))
			sock[n++] = d;
	}
	qsort(sock, n, sizeof(*sock), by_inode);
	for (size_t i = 0; i < n; i++)
		if ((i > 0 && sock[i - 1]->ino == sock[i]->ino) ||
			(i + 1 < n && sock[i + 1]->ino == sock[i]->ino))
			look_flags(&g->looker, sock[i]);
	free(sock);
	return 0;
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
		err = ask_first_questions(g->asker, &d, 1);
		if (!err)
			err = ask_extras(g->asker, &d, 1);
		if (!err && d->state == DESC_OK)
			look_desc(&g->looker, d);
		identify(g, d);
		if (!err)
			err = look_for_locks(g, d, 1);
		if (!err && d->state == DESC_OK && !d->other_file)
			err = ask_socks(g->asker, &d, 1);
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

	if (!err && !g->first_line)
		err = look_at_copies(g);
	for (int i = 1; i < LOOKS && changed && !err && !cli_interrupted(); i++) {
		err = look_again(g, &changed);
		if (!err)
			err = look_at_copies(g);
	}
	for (size_t i = 0; i < g->f->ndesc; i++)
		(void)has_changed(&g->f->desc[i]);
	leave_out_closed(g->f);
	if (!err &&
		(g->f->paths.failed || g->f->names.failed || g->f->info.failed ||
			g->f->asked.failed || g->looker.link.failed))
		err = -ENOMEM;
	return err;
}

int gather(struct proc *p, struct way *w, struct way *second, const struct fds *list,
	const struct gather_opts *o, struct facts *out)
{
	struct gather g = {
		.f = out,
		.first_line = o->first_line,
		.target_mounts = o->target_mounts,
		.locks = o->locks,
		.progress = o->progress,
	};
	int err;

	out->desc = calloc(list->n ? list->n : 1, sizeof(*out->desc));
	if (!out->desc)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++)
		out->desc[i].fd = list->fd[i];
	if (!o->first_line)
		mounts_read(o->mounts);
	err = o->without_calls ? own_mounts_of(&o->mounts->own, p, o->target_mounts) : 0;
	if (!err)
		err = looker_open(o->view, o->mounts, out, &g.looker);
	if (err)
		goto out_looker;
	g.looker.original = o->original;
	g.looker.locks_hidden = !o->first_line && !o->without_calls && lock_table_hides(g.locks);
	g.asker = asker_new(w, second, &g.looker,
		&(struct asker_opts){.first_line = o->first_line,
			.most = list->n,
			.all = o->all,
			.early = o->early,
			.without_calls = o->without_calls ? o->target_mounts : NULL});
	err = g.asker ? look_until_steady(&g, list->n) : -ENOMEM;
	asker_free(g.asker);
out_looker:
	looker_close(&g.looker);
	return err;
}
