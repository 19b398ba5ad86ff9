/* SPDX-License-Identifier: MIT */
/*
 * Whose locks are on a file. fdinfo shows the locks that were set through one open file,
 * /proc/locks those of the whole system by device and inode; what stands in both is counted once.
 */
#include "locks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define TEXT_MAX  (64U << 20)
#define SHOWN_MAX 16 /* locks shown of one file */
#define IN_INFO   (sizeof(((struct fdinfo *)0)->lock) / sizeof(struct fd_lock))

struct lock_row {
	uint64_t ino;
	unsigned dev_major, dev_minor;
	struct lock lock;
};

struct mount_row {
	int64_t id;
	unsigned dev_major, dev_minor;
};

void lock_table_free(struct lock_table *t)
{
	free(t->row);
	free(t->mount);
	memset(t, 0, sizeof(*t));
}

static enum lock_kind kind_of_word(const char *word)
{
	static const struct {
		const char *word;
		enum lock_kind kind;
	} words[] = {
		{"POSIX", LOCK_POSIX},
		{"OFDLCK", LOCK_OFD},
		{"FLOCK", LOCK_FLOCK},
		{"LEASE", LOCK_LEASE},
		{"DELEG", LOCK_DELEGATION},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i].word) == 0)
			return words[i].kind;
	}
	return LOCK_OTHER;
}

/*
 * "7: POSIX  ADVISORY  WRITE 4242 fe:01:1234 0 EOF"; false for a lock that is only waited for ("7:
 * -> "), one whose inode is gone, and for what is no such line.
 */
static bool parse_lock(const char *line, struct lock_row *r)
{
	char kind[16], manner[16], type[16], end[24];
	unsigned long long ino, start;
	int pid;

	if (sscanf(line, "%*u: %15s %15s %15s %d %x:%x:%llu %llu %23s", kind, manner, type, &pid,
		    &r->dev_major, &r->dev_minor, &ino, &start, end) != 9)
		return false;
	r->ino = ino;
	r->lock.kind = kind_of_word(kind);
	r->lock.mandatory = strcmp(manner, "MANDATORY") == 0;
	r->lock.write = strcmp(type, "WRITE") == 0;
	r->lock.pid = pid;
	r->lock.start = start;
	r->lock.end = strcmp(end, "EOF") == 0 ? UINT64_MAX : strtoull(end, NULL, 10);
	return true;
}

/* Room for one more at array[n]: the array or NULL. */
static void *room(void *array, size_t n, size_t *cap, size_t size)
{
	void *grown = array;

	if (n == *cap) {
		grown = reallocarray(array, *cap ? *cap * 2 : 32, size);
		if (grown)
			*cap = *cap ? *cap * 2 : 32;
	}
	return grown;
}

/* Calls fn for each line of text, which is cut up meanwhile. */
static int each_line(char *text, int (*fn)(struct lock_table *, const char *), struct lock_table *t)
{
	char *save = NULL;
	int err = 0;

	for (char *l = strtok_r(text, "\n", &save); l && !err; l = strtok_r(NULL, "\n", &save))
		err = fn(t, l);
	return err;
}

static int add_lock_row(struct lock_table *t, const char *line)
{
	struct lock_row r = {0}, *rows;

	if (!parse_lock(line, &r))
		return 0;
	rows = room(t->row, t->n, &t->cap, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	t->row = rows;
	rows[t->n++] = r;
	return 0;
}

static int add_mount_row(struct lock_table *t, const char *line)
{
	struct mount_row m, *rows;
	long long id;

	if (sscanf(line, "%lld %*d %u:%u", &id, &m.dev_major, &m.dev_minor) != 3)
		return 0;
	m.id = id;
	rows = room(t->mount, t->nmount, &t->cap_mount, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	t->mount = rows;
	rows[t->nmount++] = m;
	return 0;
}

/* The locks of one file in an order that does not change from run to run. */
static int by_inode(const void *a, const void *b)
{
	const struct lock_row *x = a, *y = b;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	if (x->lock.start != y->lock.start)
		return x->lock.start < y->lock.start ? -1 : 1;
	if (x->lock.kind != y->lock.kind)
		return x->lock.kind < y->lock.kind ? -1 : 1;
	return x->lock.pid < y->lock.pid ? -1 : x->lock.pid > y->lock.pid;
}

/* A file that cannot be read is as good as an empty one: the locks of fdinfo remain. */
static int read_rows(struct lock_table *t, const struct proc *p, const char *rel,
	int (*fn)(struct lock_table *, const char *))
{
	struct buf text = {0};
	int err = 0;

	(void)!proc_read_file(p, rel, TEXT_MAX, &text);
	if (text.failed)
		err = -ENOMEM;
	else if (text.len)
		err = each_line(text.data, fn, t);
	buf_free(&text);
	return err;
}

static int read_locks(struct lock_table *t, const struct proc *p)
{
	int err;

	if (t->read)
		return 0;
	err = read_rows(t, p, "../locks", add_lock_row);
	if (t->n)
		qsort(t->row, t->n, sizeof(*t->row), by_inode);
	t->read = true;
	return err;
}

/*
 * Whether a row's device is the one of the file. /proc/locks names the device of the file system,
 * stat(2) may name another one (a subvolume of btrfs, a layer of overlayfs): then the mount
 * decides.
 */
static int same_device(struct lock_table *t, const struct proc *p, const struct fdinfo *info,
	const struct desc *d, const struct lock_row *r)
{
	int err;

	if (r->dev_major == d->dev_major && r->dev_minor == d->dev_minor)
		return 1;
	if (!t->mounts_read) {
		t->mounts_read = true;
		err = read_rows(t, p, "mountinfo", add_mount_row);
		if (err)
			return err;
	}
	for (size_t i = 0; i < t->nmount; i++) {
		if (t->mount[i].id == info->mnt_id)
			return t->mount[i].dev_major == r->dev_major &&
				t->mount[i].dev_minor == r->dev_minor;
	}
	return 0;
}

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
static int add_others(struct lock_table *t, const struct proc *p, const struct fdinfo *info,
	struct desc *d, struct facts *f, size_t from)
{
	unsigned own = d->locks, unlisted = info->nlocks > IN_INFO ? info->nlocks - IN_INFO : 0;
	uint32_t seen = 0;

	for (size_t i = from; i < t->n && t->row[i].ino == t->row[from].ino; i++) {
		const struct lock *l = &t->row[i].lock,
				  *mine = f->lock ? f->lock + d->lock_at : NULL;
		int same = same_device(t, p, info, d, &t->row[i]);
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

/* The first row of that inode or of a greater one. */
static size_t first_row(const struct lock_table *t, uint64_t ino)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->row[middle].ino < ino)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool locks_maybe(struct lock_table *t, const struct proc *p, uint64_t ino)
{
	size_t row;

	if (read_locks(t, p))
		return true;
	row = first_row(t, ino);
	return row < t->n && t->row[row].ino == ino;
}

int locks_of(struct lock_table *t, const struct proc *p, const struct fdinfo *info, struct desc *d,
	struct facts *f)
{
	uint64_t ino = info->ino ? info->ino : d->ino;
	size_t low;
	int err = read_locks(t, p);

	if (err)
		return err;
	d->lock_at = (uint32_t)f->nlock;
	d->locks = 0;
	d->more_locks = info->nlocks > IN_INFO ? info->nlocks - IN_INFO : 0;
	err = add_own(f, d, info);
	low = first_row(t, ino);
	if (err || low == t->n || t->row[low].ino != ino)
		return err;
	return add_others(t, p, info, d, f, low);
}
