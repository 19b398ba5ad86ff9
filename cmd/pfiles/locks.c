/* SPDX-License-Identifier: MIT */
/*
 * Whose locks are on a file. fdinfo shows the locks that were set through one open file,
 * /proc/locks those of the whole system by device and inode; what stands in both is counted once.
 */
#include "locks.h"

#include <errno.h>
#include <linux/major.h>
#include <sys/stat.h>

#define PTY_END   (UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT)
#define SHOWN_MAX 16 /* locks shown of one file */
#define IN_INFO   (sizeof(((struct fdinfo *)0)->lock) / sizeof(struct fd_lock))

static enum lock_kind kind_of_info(const struct fd_lock *l)
{
	switch (l->kind) {
	case FD_LOCK_POSIX: return LOCK_POSIX;
	case FD_LOCK_OFD: return LOCK_OFD;
	case FD_LOCK_FLOCK: return LOCK_FLOCK;
	case FD_LOCK_LEASE: return LOCK_LEASE;
	default: return LOCK_OTHER;
	}
}

static int add(struct facts *f, struct desc *d, const struct lock *l)
{
	struct lock *new;

	if (d->locks == SHOWN_MAX) {
		d->more_locks++;
		return 0;
	}
	new = facts_add_lock(f);
	if (!new)
		return -ENOMEM;
	*new = *l;
	d->locks++;
	return 0;
}

static int add_own(struct facts *f, struct desc *d, const struct fdinfo *info)
{
	int err = 0;

	for (size_t i = 0; i < info->nlocks && i < IN_INFO && !err; i++) {
		const struct fd_lock *l = &info->lock[i];

		if (l->blocked)
			continue;
		err = add(f, d,
			&(struct lock){
				.kind = kind_of_info(l),
				.write = l->write,
				.mandatory = l->mandatory,
				.own = true,
				.pid = l->pid,
				.start = l->start,
				.end = l->end,
			});
	}
	return err;
}

static bool equal(const struct lock *a, const struct lock *b)
{
	return a->kind == b->kind && a->write == b->write && a->pid == b->pid &&
		a->start == b->start && a->end == b->end;
}

/*
 * The rows from `from` to `to` that are not the own locks again. An own lock takes away one equal
 * row; those that fdinfo counted but did not have room for, one row of the same kind and process
 * each.
 */
static int add_others(struct lock_table *t, const struct fdinfo *info, struct desc *d,
	struct facts *f, size_t from)
{
	unsigned own = d->locks, unlisted = info->nlocks > IN_INFO ? info->nlocks - IN_INFO : 0;
	uint32_t seen = 0;

	for (size_t i = from; i < t->n && t->row[i].ino == t->row[from].ino; i++) {
		const struct lock *l = &t->row[i].lock,
				  *mine = f->lock ? f->lock + d->lock_at : NULL;
		int same = lock_table_same_device(t, info->mnt_id, d, &t->row[i]);
		unsigned k = 0;

		if (same <= 0) {
			if (same < 0)
				return same;
			continue;
		}
		while (k < own && (seen & 1U << k || !equal(l, &mine[k])))
			k++;
		if (k < own) {
			seen |= 1U << k;
		} else if (unlisted && own && l->kind == mine[0].kind && l->pid == mine[0].pid) {
			unlisted--;
		} else {
			int err = add(f, d, l);

			if (err)
				return err;
		}
	}
	return 0;
}

bool locks_can_be(const struct desc *d)
{
	bool terminal = S_ISCHR(d->mode) &&
		(d->rdev_major == TTYAUX_MAJOR ||
			(d->rdev_major >= UNIX98_PTY_SLAVE_MAJOR && d->rdev_major < PTY_END));

	return d->state == DESC_OK && !d->err_stat && (d->mode & S_IFMT) != 0 &&
		!S_ISSOCK(d->mode) && !terminal &&
		!(S_ISCHR(d->mode) && d->rdev_major == MEM_MAJOR);
}

bool locks_maybe(const struct lock_table *t, uint64_t ino)
{
	size_t row = lock_table_find(t, ino);

	return row < t->n && t->row[row].ino == ino;
}

int locks_of(struct lock_table *t, const struct fdinfo *info, struct desc *d, struct facts *f)
{
	uint64_t ino = info->ino ? info->ino : d->ino;
	size_t low = lock_table_find(t, ino);
	int err;

	d->lock_at = (uint32_t)f->nlock;
	d->locks = 0;
	d->more_locks = info->nlocks > IN_INFO ? info->nlocks - IN_INFO : 0;
	err = add_own(f, d, info);
	if (err || low == t->n || t->row[low].ino != ino)
		return err;
	return add_others(t, info, d, f, low);
}
