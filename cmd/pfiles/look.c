/* SPDX-License-Identifier: MIT */
/*
 * Each answer of /proc is tied to the inode that the calls were about, for the target may put
 * another file under the number at any time, and the first one back again: fdinfo   names the inode
 * and repeats the flags path     a descriptor opened with O_PATH through the link has inode and
 * path of one moment; it refers to the place, not to the open file, so that nobody sees it. To walk
 * there may ask the server of a network file system: for those the bare text of the link has to do
 *   pipe     the text of the link names the inode
 */
#include "look.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "info.h"
#include "kind.h"
#include "special.h"

static int own_fds = -1; /* /proc/self/fd, for all */

int looker_open(
	const struct fd_view *view, const struct mounts *m, struct facts *f, struct looker *out)
{
	memset(out, 0, sizeof(*out));
	out->view = view;
	out->mounts = m;
	out->f = f;
	if (own_fds < 0)
		own_fds = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return own_fds < 0 ? -errno : 0;
}

void looker_close(struct looker *k)
{
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
	d->nlink = s->stx_nlink;
	d->mnt_id = s->stx_mask & STATX_MNT_ID ? (int64_t)s->stx_mnt_id : -1;
}

void look_stat(struct looker *k, struct desc *d)
{
	struct statx s;

	d->err_stat = fd_view_stat(k->view, d->fd, &s);
	if (d->err_stat == -ENOENT)
		d->state = DESC_CLOSED;
	else if (d->err_stat == 0)
		look_take_stat(d, &s);
}

bool look_same_inode(const struct desc *d, const struct statx *s)
{
	return s->stx_ino == d->ino && s->stx_dev_major == d->dev_major &&
		s->stx_dev_minor == d->dev_minor;
}

static bool is_anonymous(const struct desc *d)
{
	return !d->err_stat && (d->mode & S_IFMT) == 0;
}

/* Not for sockets. Of anonymous files, it says what sort it is. */
static bool needs_info(struct looker *k, const struct desc *d)
{
	if (d->err_flags || d->err_cloexec || d->err_stat ||
		(!k->original && info_has_more(d->kind)))
		return true;
	if (d->pos_asked && !k->locks_hidden)
		return false;
	return !S_ISSOCK(d->mode);
}

/* Only what has a place in a file system can be positioned; a namespace, a pidfd cannot. */
static bool can_seek(const struct looker *k, const struct desc *d)
{
	return (S_ISREG(d->mode) || S_ISDIR(d->mode) || S_ISBLK(d->mode)) && !(d->flags & O_PATH) &&
		d->path.len && k->f->paths.data[d->path.at] == '/';
}

/* Takes the flags that the calls did not give; what they did give must be the same here. */
static void take_flags(struct desc *d, const struct fdinfo *info)
{
	uint32_t flags = (uint32_t)info->flags & ~(uint32_t)O_CLOEXEC;
	bool cloexec = info->flags & O_CLOEXEC;

	if (!d->err_flags && flags != (d->flags & ~(uint32_t)O_CLOEXEC))
		d->other_file = true;
	if (!d->err_cloexec && cloexec != d->cloexec)
		d->other_file = true;
	if (d->err_flags)
		d->flags = flags;
	if (d->err_cloexec)
		d->cloexec = cloexec;
	d->err_flags = d->err_cloexec = 0;
}

static bool same_by_stat(const struct looker *k, const struct desc *d)
{
	struct statx s;

	if (d->err_stat)
		return true;
	return fd_view_stat(k->view, d->fd, &s) == 0 && look_same_inode(d, &s);
}

/*
 * fdinfo has no inode before Linux 5.14, and with some file systems (overlayfs on several others)
 * one that stat(2) does not show; none of these has a device of its own.
 */
static bool may_differ(const struct desc *d, const struct fdinfo *info)
{
	return info->ino == 0 || (d->dev_major == 0 && !S_ISSOCK(d->mode));
}

/* Reads the fdinfo; false when there is none of the descriptor's file: other_file is set, or err says why. */
static bool read_info(struct looker *k, struct desc *d, int *err)
{
	const struct fdinfo *info = &k->info;

	*err = fd_view_info(k->view, d->fd, &k->info);
	if (*err == -ENOENT)
		d->other_file = true;
	if (*err)
		return false;
	take_flags(d, info);
	if (!d->err_stat && d->mnt_id >= 0 && info->mnt_id >= 0 && d->mnt_id != info->mnt_id)
		d->other_file = true;
	if (!d->err_stat && info->ino != d->ino && !(may_differ(d, info) && same_by_stat(k, d)))
		d->other_file = true;
	return !d->other_file;
}

void look_flags(struct looker *k, struct desc *d)
{
	int err;

	(void)read_info(k, d, &err);
}

static void take_notes(struct looker *k, struct desc *d)
{
	size_t at = k->f->info.len;

	info_take(d->kind, buf_cstr(&k->info.text), &k->f->info);
	d->info = (struct span){.at = at, .len = (uint32_t)(k->f->info.len - at)};
}

/* What fdinfo has told, of a descriptor whose path is known. */
static void keep_info(struct looker *k, struct desc *d)
{
	take_notes(k, d);
	d->pos = k->info.pos;
	d->has_pos = can_seek(k, d);
	d->lock_ino = k->info.ino;
	d->locked = k->info.nlocks > 0;
}

static void take_info(struct looker *k, struct desc *d)
{
	if (!read_info(k, d, &d->err_pos) || look_is_sock(d))
		return;
	if (is_anonymous(d) && !info_is_of((enum kind)d->kind, buf_cstr(&k->info.text))) {
		d->other_file = true;
		return;
	}
	keep_info(k, d);
}

static bool is_pipe(const struct desc *d)
{
	return S_ISFIFO(d->mode) && special_is(SPECIAL_PIPES, d->dev_major, d->dev_minor);
}

bool look_lockable(const struct desc *d)
{
	return locks_can_be(d) && !is_pipe(d);
}

int look_locks(struct looker *k, struct lock_table *t, struct desc *d)
{
	int err;

	if (!d->locked && !locks_maybe(t, d->lock_ino ? d->lock_ino : d->ino))
		return 0;
	if (!read_info(k, d, &err))
		return 0;
	return locks_of(t, &k->info, d, k->f);
}

/* What the descriptor refers to: appended to k->link, and the facts of mask. */
static int read_place(struct looker *k, const struct desc *d, unsigned mask, struct statx *s)
{
	char number[16], *text = buf_room(&k->link, PATH_MAX);
	ssize_t n = -1;
	int fd, err = 0;

	snprintf(number, sizeof(number), "%d", d->fd);
	fd = openat(k->view->fd_dir, number, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(number, sizeof(number), "%d", fd);
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, mask, s) < 0)
		err = -errno;
	else if (text && (n = readlinkat(own_fds, number, text, PATH_MAX)) < 0)
		err = -errno;
	close(fd);
	if (n >= 0)
		buf_grew(&k->link, (size_t)n);
	return err;
}

/* That of the inode of the first question. */
static int link_of_place(struct looker *k, const struct desc *d)
{
	struct statx s;
	int err = read_place(k, d, STATX_INO, &s);

	return err ? err : look_same_inode(d, &s) ? 0 : -ENOENT;
}

/* Whether the link's text is the one of just this pipe. */
static bool names_pipe(const struct looker *k, const struct desc *d)
{
	static const char pipe[] = "pipe:[";
	const char *link = buf_cstr(&k->link);

	return strncmp(link, pipe, sizeof(pipe) - 1) == 0 &&
		strtoull(link + sizeof(pipe) - 1, NULL, 10) == d->ino;
}

/* No server has to be asked of what is on a disk of this machine, or the kernel's own. */
static bool is_local(const struct looker *k, const struct desc *d)
{
	return mounts_local(k->mounts, d->dev_major, d->dev_minor) ||
		special_is(SPECIAL_MEMFDS, d->dev_major, d->dev_minor) ||
		special_is(SPECIAL_NAMESPACES, d->dev_major, d->dev_minor);
}

/* Anonymous files are called so. */
static bool names_kind(const struct looker *k, const struct desc *d)
{
	static const char anonymous[] = "anon_inode:";

	return !is_anonymous(d) ||
		strncmp(buf_cstr(&k->link), anonymous, sizeof(anonymous) - 1) == 0;
}

/* proved: what d->path says, if anything, is of the file of the first question. */
static void take_link(struct looker *k, struct desc *d, bool *proved)
{
	bool local = !d->err_stat && is_local(k, d);
	bool pipe = !d->err_stat && is_pipe(d);

	buf_clear(&k->link);
	d->err_path = local ? link_of_place(k, d) : fd_view_link(k->view, d->fd, &k->link);
	*proved = local || pipe;
	if (d->err_path == -ENOENT || (!d->err_path && pipe && !names_pipe(k, d)) ||
		(!d->err_path && !names_kind(k, d)))
		d->other_file = true;
	else if (!d->err_path)
		d->path = facts_keep(&k->f->paths, k->link.data, k->link.len);
}

/* A link that proves nothing is at least the same before and after the rest. */
static void check_link(struct looker *k, struct desc *d)
{
	buf_clear(&k->link);
	if (fd_view_link(k->view, d->fd, &k->link) != 0 || k->link.len != d->path.len ||
		memcmp(k->link.data, k->f->paths.data + d->path.at, d->path.len) != 0)
		d->other_file = true;
}

static bool is_one_file(const struct fdinfo *info, const struct statx *s)
{
	return info->ino == s->stx_ino && s->stx_mask & STATX_MNT_ID &&
		info->mnt_id == (int64_t)s->stx_mnt_id;
}

/*
 * fdinfo is read first, for it says where the file is without going there. Where its inode is that of the place, both
 * are about one file; where it is not, or there is none (may_differ()), the usual order of questions finds out why.
 */
bool look_without_calls(struct looker *k, const struct mount_table *t, struct desc *d)
{
	struct statx s;
	int err = fd_view_info(k->view, d->fd, &k->info);

	if (err == -ENOENT)
		d->state = DESC_CLOSED;
	if (err || !mounts_near(k->mounts, t, k->info.mnt_id))
		return err == -ENOENT;
	buf_clear(&k->link);
	err = read_place(k, d, STATX_BASIC_STATS | STATX_MNT_ID, &s);
	if (err || !is_one_file(&k->info, &s))
		return false;
	look_take_stat(d, &s);
	d->flags = (uint32_t)k->info.flags & ~(uint32_t)O_CLOEXEC;
	d->cloexec = k->info.flags & O_CLOEXEC;
	d->path = facts_keep(&k->f->paths, k->link.data, k->link.len);
	d->kind = kind_of(d, buf_cstr(&k->link), k->link.len);
	keep_info(k, d);
	d->looked = true;
	return true;
}

void look_desc(struct looker *k, struct desc *d)
{
	bool proved = true;

	if (d->looked)
		return;
	if (!look_is_sock(d))
		take_link(k, d, &proved);
	if (d->kind == KIND_OTHER && d->path.len && !k->f->paths.failed)
		d->kind = kind_of(d, k->f->paths.data + d->path.at, d->path.len);
	/* A socket's own questions end with its inode. */
	if (needs_info(k, d) && !d->other_file)
		take_info(k, d);
	else if (d->pos_asked)
		d->has_pos = can_seek(k, d);
	if (!proved && !d->err_path && !d->other_file && !k->f->paths.failed)
		check_link(k, d);
}
