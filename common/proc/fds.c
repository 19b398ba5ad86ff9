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
#define TRIES      8

static int list_once(const struct proc *p, const char *prefix, struct fds *out)
{
	char rel[HANDLE_PREFIX + 4];
	int dir, err;

	out->n = 0;
	snprintf(rel, sizeof(rel), "%sfd", prefix);
	dir = handle_open(p, p->dir, rel, O_RDONLY | O_DIRECTORY);
	if (dir < 0)
		return dir;
	err = handle_numbers(dir, &out->fd, &out->n, &out->cap);
	close(dir);
	return handle_error(p, err);
}

/*
 * A thread that exits gives up its table of descriptors first, and the directory then lists fewer,
 * or none, without any error. So the list counts only if that thread was still alive after it.
 */
int fds_list(const struct proc *p, struct fds *out)
{
	char prefix[HANDLE_PREFIX], after[HANDLE_PREFIX];
	int err = handle_living(p, prefix), listed = err;

	for (int tries = 0; !err && tries < TRIES; tries++) {
		listed = list_once(p, prefix, out);
		if (listed && listed != -ENOENT)
			return listed;
		err = handle_living(p, after);
		if (!err && !listed && strcmp(prefix, after) == 0)
			return 0;
		memcpy(prefix, after, sizeof(prefix));
	}
	return err ? err : listed ? listed : -EAGAIN;
}

void fds_free(struct fds *f)
{
	free(f->fd);
	*f = (struct fds){0};
}

static int open_dirs(const struct proc *p, const char *prefix, struct fd_view *out)
{
	char rel[HANDLE_PREFIX + 8];
	int fd, info;

	snprintf(rel, sizeof(rel), "%sfd", prefix);
	fd = handle_open(p, p->dir, rel, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	snprintf(rel, sizeof(rel), "%sfdinfo", prefix);
	info = handle_open(p, p->dir, rel, O_RDONLY | O_DIRECTORY);
	if (info < 0) {
		close(fd);
		return info;
	}
	*out = (struct fd_view){.fd_dir = fd, .fdinfo_dir = info, .proc = p};
	return 0;
}

int fd_view_open(const struct proc *p, struct fd_view *out)
{
	char prefix[HANDLE_PREFIX];
	int err = -ENOENT;

	*out = (struct fd_view){.fd_dir = -1, .fdinfo_dir = -1};
	/* The thread that was found alive may be gone when it is used: there may be another. */
	for (int tries = 0; err == -ENOENT && tries < TRIES; tries++) {
		err = handle_living(p, prefix);
		if (!err)
			err = open_dirs(p, prefix, out);
	}
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
	unsigned v = (unsigned)fd;

	*--p = '\0';
	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	return p;
}

int fd_view_link(const struct fd_view *v, int fd, struct buf *out)
{
	char name[FD_NAME];

	return fd < 0 ? -EBADF : handle_link(v->proc, v->fd_dir, fd_name(fd, name), out);
}

int fd_view_stat(const struct fd_view *v, int fd, struct statx *out)
{
	char name[FD_NAME];

	if (fd < 0)
		return -EBADF;
	return handle_error(v->proc, v->proc->ops->stat_fd(v->fd_dir, fd_name(fd, name), out));
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

int fd_view_info(const struct fd_view *v, int fd, struct fdinfo *out)
{
	char name[FD_NAME];
	int info, err;

	buf_clear(&out->text);
	if (fd < 0)
		return -EBADF;
	info = handle_open(v->proc, v->fdinfo_dir, fd_name(fd, name), O_RDONLY);
	if (info < 0)
		return info;
	err = slurp_info(v->proc, info, &out->text);
	close(info);
	return err ? err : fdinfo_parse(buf_cstr(&out->text), out->text.len, out);
}

void fdinfo_free(struct fdinfo *i)
{
	buf_free(&i->text);
}
