/* SPDX-License-Identifier: MIT */
/*
 * How the facts of a descriptor are kept from being a mixture of two files. A target closes and
 * opens files while we look, so that a number may mean one file at one question and another at the
 * next. Each descriptor is therefore identified (device and inode) by the first question, and again
 * by the last: fdinfo names the inode, so does the link of a pipe, and where neither does stat(2)
 * through /proc is asked once more. What lies between two equal answers is of that file. If they
 * differ, the descriptor is looked at again from the start, LOOKS times at most.
 */
#include "gather.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cli.h"
#include "base/err.h"
#include "locks.h"
#include "sock.h"

#define CHUNK 256 /* descriptors in one batch of calls */
#define LOOKS 3

/* The calls that every descriptor gets; with first_line only the first of them. */
enum { CALL_STATX, CALL_GETFL, CALL_GETFD, CALLS };

struct gather {
	struct proc *p;
	struct way *way, *cred;
	struct facts *f;
	bool first_line;
	size_t calls; /* of CALLS, for each descriptor */
	struct fd_view view;
	struct lock_table locks;
	struct buf link;
	struct fdinfo info; /* of the descriptor looked at last */
	struct sock_asker *asker;
	struct statx stx[CHUNK];
	struct call call[CHUNK * CALLS];
};

static void lay_out(struct gather *g)
{
	g->calls = g->first_line ? 1 : CALLS;
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

static bool is_sock(const struct desc *d)
{
	return !d->err_stat && S_ISSOCK(d->mode);
}

static void take_stat(struct desc *d, const struct statx *s)
{
	d->mode = s->stx_mode;
	d->uid = s->stx_uid;
	d->gid = s->stx_gid;
	d->dev_major = s->stx_dev_major;
	d->dev_minor = s->stx_dev_minor;
	d->rdev_major = s->stx_rdev_major;
	d->rdev_minor = s->stx_rdev_minor;
	d->ino = s->stx_ino;
	d->size = s->stx_size;
}

/* Neither the agent nor a borrowed descriptor answered: /proc does, where it can. */
static void stat_by_proc(struct gather *g, struct desc *d)
{
	struct statx s;

	d->err_stat = fd_view_stat(&g->view, d->fd, &s);
	if (d->err_stat == -ENOENT)
		d->state = DESC_CLOSED;
	else if (d->err_stat == 0)
		take_stat(d, &s);
}

static void take_first(
	struct gather *g, struct desc *d, const struct call *c, const struct statx *s)
{
	if (c[CALL_STATX].ret == -EBADF) {
		d->state = DESC_CLOSED;
		return;
	}
	if (c[CALL_STATX].ret < 0)
		stat_by_proc(g, d);
	else
		take_stat(d, s);
	if (g->first_line)
		return;
	if (c[CALL_GETFL].ret == -EBADF || c[CALL_GETFD].ret == -EBADF)
		d->state = DESC_CHANGED;
	d->err_flags = c[CALL_GETFL].ret < 0 ? (int)c[CALL_GETFL].ret : 0;
	d->flags = (uint32_t)c[CALL_GETFL].ret;
	d->err_cloexec = c[CALL_GETFD].ret < 0 ? (int)c[CALL_GETFD].ret : 0;
	d->cloexec = c[CALL_GETFD].ret & FD_CLOEXEC;
}

/* The first batch: what every descriptor is. */
static int ask_first(struct gather *g, struct desc **list, size_t n)
{
	int err;

	for (size_t i = 0; i < n; i++) {
		*list[i] = (struct desc){.fd = list[i]->fd};
		for (size_t k = 0; k < g->calls; k++)
			g->call[i * g->calls + k].arg[0] = ARG_VAL(list[i]->fd);
	}
	err = way_batch(g->way, g->call, n * g->calls);
	if (err && err != ERR_NOTSUP)
		return err;
	for (size_t i = 0; i < n; i++) {
		if (err) {
			stat_by_proc(g, list[i]);
			list[i]->err_flags = list[i]->err_cloexec = err;
		} else {
			take_first(g, list[i], &g->call[i * g->calls], &g->stx[i]);
		}
	}
	return 0;
}

static bool needs_info(const struct desc *d)
{
	return d->err_flags || d->err_cloexec || d->err_stat || S_ISREG(d->mode) ||
		S_ISDIR(d->mode) || S_ISBLK(d->mode);
}

/* Only what has a place in a file system can be positioned; a namespace, a pidfd cannot. */
static bool can_seek(const struct gather *g, const struct desc *d)
{
	return (S_ISREG(d->mode) || S_ISDIR(d->mode) || S_ISBLK(d->mode)) && !(d->flags & O_PATH) &&
		d->path.len && g->f->bytes.data[d->path.at] == '/';
}

static int take_info(struct gather *g, struct desc *d, const struct fdinfo *info)
{
	if (d->err_flags) {
		d->flags = (uint32_t)info->flags & ~(uint32_t)O_CLOEXEC;
		d->err_flags = 0;
	}
	if (d->err_cloexec) {
		d->cloexec = info->flags & O_CLOEXEC;
		d->err_cloexec = 0;
	}
	if (is_sock(d))
		return 0;
	d->pos = info->pos;
	d->has_pos = can_seek(g, d);
	return locks_of(&g->locks, g->p, info, d, g->f);
}

static void take_link(struct gather *g, struct desc *d)
{
	buf_clear(&g->link);
	d->err_path = fd_view_link(&g->view, d->fd, &g->link);
	if (d->err_path == -ENOENT)
		d->state = DESC_CHANGED;
	else if (d->err_path == 0)
		d->path = facts_keep(g->f, g->link.data, g->link.len);
}

/* Whether the link text read last proves that it belongs to the file of the first look. */
static bool link_proves(const struct gather *g, const struct desc *d)
{
	static const char pipe[] = "pipe:[", anon[] = "anon_inode:";
	const char *link = buf_cstr(&g->link);

	if (is_sock(d) || d->err_path)
		return false;
	if (S_ISFIFO(d->mode) && strncmp(link, pipe, sizeof(pipe) - 1) == 0)
		return strtoull(link + sizeof(pipe) - 1, NULL, 10) == d->ino;
	/* Anonymous files share one inode: nothing can tell them apart, and their facts are the
	 * same. */
	return (d->mode & S_IFMT) == 0 && strncmp(link, anon, sizeof(anon) - 1) == 0;
}

static bool same_by_stat(const struct gather *g, const struct desc *d)
{
	struct statx s;

	if (d->err_stat)
		return true;
	return fd_view_stat(&g->view, d->fd, &s) == 0 && s.stx_ino == d->ino &&
		s.stx_dev_major == d->dev_major && s.stx_dev_minor == d->dev_minor;
}

/* What /proc knows of a descriptor, and whether it still is the file of the first look. */
static int look_in_proc(struct gather *g, struct desc *d)
{
	struct fdinfo *info = &g->info;
	int err = 0;

	info->ino = 0;
	if (!is_sock(d))
		take_link(g, d);
	if (needs_info(d)) {
		d->err_pos = fd_view_info(&g->view, d->fd, info);
		if (d->err_pos == -ENOENT)
			d->state = DESC_CHANGED;
		else if (d->err_pos == 0)
			err = take_info(g, d, info);
	} else if (is_sock(d)) {
		return 0; /* its own questions end with its inode */
	}
	if (d->state == DESC_OK && !(info->ino && info->ino == d->ino) && !link_proves(g, d) &&
		!same_by_stat(g, d))
		d->state = DESC_CHANGED;
	return err;
}

/* The second batch: the sockets among the n descriptors. */
static int ask_socks(struct gather *g, struct desc **list, size_t n)
{
	struct desc *socks[CHUNK];
	size_t k = 0;
	int err;

	for (size_t i = 0; i < n; i++) {
		if (list[i]->state == DESC_OK && is_sock(list[i]))
			socks[k++] = list[i];
	}
	if (k == 0)
		return 0;
	if (!g->asker)
		g->asker = sock_asker_new(CHUNK);
	if (!g->asker)
		return -ENOMEM;
	err = sock_ask(g->asker, g->way, g->cred, g->f, socks, k);
	if (err == ERR_NOTSUP) {
		g->f->err_socks = err;
		err = 0;
	}
	return err;
}

/* Looks at n descriptors once; those that changed meanwhile come first in the list afterwards. */
static int look(struct gather *g, struct desc **list, size_t n, size_t *changed)
{
	int err = ask_first(g, list, n);

	*changed = 0;
	for (size_t i = 0; i < n && !err && !g->first_line; i++) {
		if (list[i]->state == DESC_OK)
			err = look_in_proc(g, list[i]);
	}
	if (!err && !g->first_line)
		err = ask_socks(g, list, n);
	for (size_t i = 0; i < n && !err; i++) {
		if (list[i]->state == DESC_CHANGED)
			list[(*changed)++] = list[i];
	}
	return err;
}

static int look_at_chunk(struct gather *g, struct desc *first, size_t n)
{
	struct desc *list[CHUNK];
	int err = 0;

	for (size_t i = 0; i < n; i++)
		list[i] = &first[i];
	for (int k = 0; n && k < LOOKS && !err; k++)
		err = look(g, list, n, &n);
	return err;
}

/* Packs the descriptors that are still open. */
static void leave_out_closed(struct facts *f, size_t from)
{
	size_t to = from;

	for (size_t i = from; i < f->ndesc; i++) {
		if (f->desc[i].state != DESC_CLOSED)
			f->desc[to++] = f->desc[i];
	}
	f->ndesc = to;
}

static int look_at_all(struct gather *g, const struct fds *list)
{
	int err = 0;

	for (size_t done = 0; done < list->n && !err && !cli_interrupted();) {
		size_t n = list->n - done < CHUNK ? list->n - done : CHUNK;
		struct facts *f = g->f;
		size_t from = f->ndesc;

		for (size_t i = 0; i < n; i++)
			f->desc[from + i].fd = list->fd[done + i];
		err = look_at_chunk(g, &f->desc[from], n);
		if (err)
			break;
		f->ndesc += n;
		leave_out_closed(f, from);
		done += n;
	}
	return err;
}

int gather(struct proc *p, struct way *w, struct way *cred, const struct fds *list,
	const struct gather_opts *o, struct facts *out)
{
	struct gather *g = malloc(sizeof(*g));
	int err = -ENOMEM;

	if (!g)
		return -ENOMEM;
	memset(g, 0, offsetof(struct gather, stx));
	memset(g->call, 0, sizeof(g->call));
	g->p = p;
	g->way = w;
	g->cred = cred;
	g->f = out;
	g->first_line = o->first_line;
	lay_out(g);
	out->desc = calloc(list->n ? list->n : 1, sizeof(*out->desc));
	if (!out->desc)
		goto out_g;
	err = fd_view_open(p, &g->view);
	if (err)
		goto out_g;
	err = look_at_all(g, list);
	if (!err && (out->bytes.failed || g->link.failed))
		err = -ENOMEM;
	fd_view_close(&g->view);
out_g:
	sock_asker_free(g->asker);
	lock_table_free(&g->locks);
	buf_free(&g->link);
	fdinfo_free(&g->info);
	free(g);
	return err;
}
