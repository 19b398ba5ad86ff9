/* SPDX-License-Identifier: MIT */
#include "proc/fds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/handle.h"

/* An epoll instance or fanotify group shows a line for each thing it watches. */
#define FDINFO_MAX (64u << 20)
#define FD_NAME    16

/* One look into a directory of descriptors, to be tried again elsewhere. */
struct look {
	int (*fn)(const struct proc *p, int dir, const struct look *look);
	const char *which; /* directory: "fd" or "fdinfo" */
	const char *name;  /* of the descriptor */
	void *out;
};

/*
 * Found nothing, lost it between open(2) and read(2), or was denied: what has lost its memory belongs
 * to root.
 */
static bool missed(int err)
{
	return err == -ENOENT || err == -ESRCH || err == -EACCES;
}

/*
 * Runs fn on whoever lives; prefix: of its paths. A thread on its way out shows such errors, too, and no descriptors:
 * errors, and with prove success as well, are believed only if it is still there afterwards. What is asked anyway
 * whether it has changed since is at first believed to be as it was when the process was opened.
 */
typedef int living_fn(const struct proc *p, const char *prefix, void *arg);
static int with_living(const struct proc *p, living_fn *fn, void *arg, bool prove)
{
	struct handle_place before = {0}, after = {0};

	for (int tries = 0; tries < HANDLE_TRIES; tries++) {
		bool known = prove && !tries && p->has_opened;
		int looked, err = known ? 0 : handle_living(p, &before);

		if (err)
			return err;
		if (known)
			before = p->opened;
		looked = fn(p, before.prefix, arg);
		if (looked ? !missed(looked) : !prove)
			return looked;
		err = handle_living(p, &after);
		if (err)
			return err;
		if (handle_same(&before, &after))
			return looked;
	}
	return -EAGAIN;
}

static int open_dir(const struct proc *p, const char *prefix, const char *which)
{
	char rel[HANDLE_PREFIX + 8];

	snprintf(rel, sizeof(rel), "%s%s", prefix, which);
	return handle_open(p, p->dir, rel, O_RDONLY | O_DIRECTORY);
}

static int list_once(const struct proc *p, const char *prefix, void *arg)
{
	struct fds *out = arg;
	int dir = open_dir(p, prefix, "fd"), err;

	out->n = 0;
	if (dir < 0)
		return dir;
	err = handle_numbers(dir, &out->fd, &out->n, &out->cap);
	close(dir);
	return handle_error(p, err);
}

int fds_list(const struct proc *p, struct fds *out)
{
	return with_living(p, list_once, out, true);
}

void fds_free(struct fds *f)
{
	free(f->fd);
	*f = (struct fds){0};
}

static int look_in(const struct proc *p, const char *prefix, void *arg)
{
	const struct look *look = arg;
	int dir = open_dir(p, prefix, look->which), err;

	if (dir < 0)
		return dir;
	err = look->fn(p, dir, look);
	close(dir);
	return err;
}

/* Both directories of one thread. */
static int open_both(const struct proc *p, const char *prefix, void *arg)
{
	struct fd_view *out = arg;
	int fd = open_dir(p, prefix, "fd"), info;

	if (fd < 0)
		return fd;
	info = open_dir(p, prefix, "fdinfo");
	if (info < 0) {
		close(fd);
		return info;
	}
	*out = (struct fd_view){.fd_dir = fd, .fdinfo_dir = info, .proc = p};
	return 0;
}

int fd_view_open(const struct proc *p, struct fd_view *out)
{
	*out = (struct fd_view){.fd_dir = -1, .fdinfo_dir = -1};
	return with_living(p, open_both, out, false);
}

/* A view, and where to the numbers in it go. */
struct listed {
	struct fd_view *view;
	struct fds *list;
};

static int open_and_list(const struct proc *p, const char *prefix, void *arg)
{
	const struct listed *l = arg;
	int err;

	fd_view_close(l->view);
	l->list->n = 0;
	err = open_both(p, prefix, l->view);
	if (err)
		return err;
	err = handle_numbers(l->view->fd_dir, &l->list->fd, &l->list->n, &l->list->cap);
	return handle_error(p, err);
}

int fd_view_open_list(const struct proc *p, struct fd_view *out, struct fds *list)
{
	struct listed l = {out, list};
	int err;

	*out = (struct fd_view){.fd_dir = -1, .fdinfo_dir = -1};
	err = with_living(p, open_and_list, &l, true);
	if (err)
		fd_view_close(out);
	return err;
}

void fd_view_close(struct fd_view *v)
{
	if (v->proc) {
		close(v->fd_dir);
		close(v->fdinfo_dir);
	}
	*v = (struct fd_view){.fd_dir = -1, .fdinfo_dir = -1};
}

/* snprintf(3) would be a tenth of the cost of a look. */
static const char *fd_name(int fd, char buf[FD_NAME])
{
	char *p = buf + FD_NAME;
	unsigned v = (unsigned)fd; /* a negative one becomes a number that nobody has */

	*--p = '\0';
	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	return p;
}

/* The kernel makes the whole text for the first read: one that fills less than it may is all. */
static int slurp_info(const struct proc *p, int fd, struct buf *out)
{
	for (;;) {
		char *room = buf_room(out, 4096);
		size_t space = room ? out->cap - out->len - 1 : 0;
		ssize_t n;

		if (!room)
			return -ENOMEM;
		n = read(fd, room, space);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return handle_error(p, -errno);
		buf_grew(out, (size_t)n);
		if ((size_t)n < space)
			return 0;
		if (out->len > FDINFO_MAX)
			return ERR_TOOBIG;
	}
}

static int look_link(const struct proc *p, int dir, const struct look *look)
{
	return handle_link(p, dir, look->name, look->out);
}

static int look_stat(const struct proc *p, int dir, const struct look *look)
{
	return handle_error(p, p->ops->stat_fd(dir, look->name, look->out));
}

static int look_info(const struct proc *p, int dir, const struct look *look)
{
	struct fdinfo *info = look->out;
	int fd = handle_open(p, dir, look->name, O_RDONLY);
	int err;

	buf_clear(&info->text);
	if (fd < 0)
		return fd;
	err = slurp_info(p, fd, &info->text);
	close(fd);
	return err ? err : fdinfo_parse(buf_cstr(&info->text), info->text.len, info);
}

int fd_view_link(const struct fd_view *v, int fd, struct buf *out)
{
	struct look look = {.fn = look_link, .which = "fd", .out = out};
	char name[FD_NAME];
	int err;

	look.name = fd_name(fd, name);
	err = look_link(v->proc, v->fd_dir, &look);
	return missed(err) ? with_living(v->proc, look_in, &look, false) : err;
}

int fd_view_stat(const struct fd_view *v, int fd, struct statx *out)
{
	struct look look = {.fn = look_stat, .which = "fd", .out = out};
	char name[FD_NAME];
	int err;

	look.name = fd_name(fd, name);
	err = look_stat(v->proc, v->fd_dir, &look);
	return missed(err) ? with_living(v->proc, look_in, &look, false) : err;
}

int fd_view_info(const struct fd_view *v, int fd, struct fdinfo *out)
{
	struct look look = {.fn = look_info, .which = "fdinfo", .out = out};
	char name[FD_NAME];
	int err;

	look.name = fd_name(fd, name);
	err = look_info(v->proc, v->fdinfo_dir, &look);
	return missed(err) ? with_living(v->proc, look_in, &look, false) : err;
}

void fdinfo_free(struct fdinfo *i)
{
	buf_free(&i->text);
}
