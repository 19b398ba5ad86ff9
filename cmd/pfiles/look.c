/* SPDX-License-Identifier: MIT */
#include "look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"

int looker_open(const struct proc *p, struct facts *f, struct looker *out)
{
	memset(out, 0, sizeof(*out));
	out->p = p;
	out->f = f;
	return fd_view_open(p, &out->view);
}

void looker_close(struct looker *k)
{
	fd_view_close(&k->view);
	lock_table_free(&k->locks);
	buf_free(&k->link);
	fdinfo_free(&k->info);
}

bool look_is_sock(const struct desc *d)
{
	return !d->err_stat && S_ISSOCK(d->mode);
}

void look_take_stat(struct desc *d, const struct statx *s)
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

void look_stat(struct looker *k, struct desc *d)
{
	struct statx s;

	d->err_stat = fd_view_stat(&k->view, d->fd, &s);
	if (d->err_stat == -ENOENT)
		d->state = DESC_CLOSED;
	else if (d->err_stat == 0)
		look_take_stat(d, &s);
}

static bool needs_info(const struct desc *d)
{
	return d->err_flags || d->err_cloexec || d->err_stat || S_ISREG(d->mode) ||
		S_ISDIR(d->mode) || S_ISBLK(d->mode);
}

/* Only what has a place in a file system can be positioned; a namespace, a pidfd cannot. */
static bool can_seek(const struct looker *k, const struct desc *d)
{
	return (S_ISREG(d->mode) || S_ISDIR(d->mode) || S_ISBLK(d->mode)) && !(d->flags & O_PATH) &&
		d->path.len && k->f->paths.data[d->path.at] == '/';
}

static int take_info(struct looker *k, struct desc *d)
{
	const struct fdinfo *info = &k->info;

	if (d->err_flags) {
		d->flags = (uint32_t)info->flags & ~(uint32_t)O_CLOEXEC;
		d->err_flags = 0;
	}
	if (d->err_cloexec) {
		d->cloexec = info->flags & O_CLOEXEC;
		d->err_cloexec = 0;
	}
	if (look_is_sock(d))
		return 0;
	d->pos = info->pos;
	d->has_pos = can_seek(k, d);
	return locks_of(&k->locks, k->p, info, d, k->f);
}

static void take_link(struct looker *k, struct desc *d)
{
	buf_clear(&k->link);
	d->err_path = fd_view_link(&k->view, d->fd, &k->link);
	if (d->err_path == -ENOENT)
		d->other_file = true;
	else if (d->err_path == 0)
		d->path = facts_keep(&k->f->paths, k->link.data, k->link.len);
}

/* Whether the link text read last proves that it belongs to the file of the first question. */
static bool link_proves(const struct looker *k, const struct desc *d)
{
	static const char pipe[] = "pipe:[", anon[] = "anon_inode:";
	const char *link = buf_cstr(&k->link);

	if (look_is_sock(d) || d->err_path)
		return false;
	if (S_ISFIFO(d->mode) && strncmp(link, pipe, sizeof(pipe) - 1) == 0)
		return strtoull(link + sizeof(pipe) - 1, NULL, 10) == d->ino;
	/* Anonymous files share one inode: nothing tells them apart, and their first lines are
	 * equal. */
	return (d->mode & S_IFMT) == 0 && strncmp(link, anon, sizeof(anon) - 1) == 0;
}

static bool same_by_stat(const struct looker *k, const struct desc *d)
{
	struct statx s;

	if (d->err_stat)
		return true;
	return fd_view_stat(&k->view, d->fd, &s) == 0 && s.stx_ino == d->ino &&
		s.stx_dev_major == d->dev_major && s.stx_dev_minor == d->dev_minor;
}

int look_desc(struct looker *k, struct desc *d)
{
	int err = 0;

	k->info.ino = 0;
	if (!look_is_sock(d))
		take_link(k, d);
	else if (!needs_info(d))
		return 0; /* a socket's own questions end with its inode */
	if (needs_info(d)) {
		d->err_pos = fd_view_info(&k->view, d->fd, &k->info);
		if (d->err_pos == -ENOENT)
			d->other_file = true;
		else if (d->err_pos == 0)
			err = take_info(k, d);
	}
	if (!d->other_file && !(k->info.ino && k->info.ino == d->ino) && !link_proves(k, d))
		d->other_file = !same_by_stat(k, d);
	return err;
}
