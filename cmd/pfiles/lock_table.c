/* SPDX-License-Identifier: MIT */
/*
 * All locks of the system. To read /proc/locks takes a writer's side of a lock in the kernel that waits for
 * an RCU grace period: some 8 ms in which nobody works. So a thread of its own reads it, while the descriptors
 * are looked at.
 */
#include "lock_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

#define TEXT_MAX (64U << 20)
#define PIECE    65536
#define ROOMY                                                                                      \
	(4096 - 256) /* a piece is what fits into a page: of this length, another lock would have */
#define TRIES 4

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

/* One read(2). What it appended, 0 at the end. */
static size_t read_piece(int fd, struct buf *out)
{
	char *to = out->len < TEXT_MAX ? buf_room(out, PIECE) : NULL;
	ssize_t n = to ? read(fd, to, PIECE) : 0;

	if (n > 0)
		buf_grew(out, (size_t)n);
	return n > 0 ? (size_t)n : 0;
}

/*
 * The kernel goes on where it was by counting: where a lock is new since the last piece, the next one begins with what
 * the last one ended with. So the end has to come behind a piece that left room for more; else all is read anew. Of a
 * table of several pieces that is done for the last one only. A file that cannot be read is as good as an empty one:
 * the locks of fdinfo remain.
 */
static void read_text(const struct proc *p, struct buf *out)
{
	bool again = true;

	for (int tries = 0; tries < TRIES && again; tries++) {
		int fd = openat(proc_dirfd(p), "../locks", O_RDONLY | O_CLOEXEC);
		size_t n, last = ROOMY;

		buf_clear(out);
		again = false;
		while (fd >= 0 && (n = read_piece(fd, out)) > 0) {
			again |= last < ROOMY;
			last = n;
		}
		if (fd >= 0)
			close(fd);
	}
}

static int read_rows(struct lock_table *t)
{
	struct buf text = {0};
	int err = 0;

	read_text(t->proc, &text);
	if (text.failed)
		err = -ENOMEM;
	else if (text.len)
		err = each_line(text.data, add_lock_row, t);
	buf_free(&text);
	return err;
}

/*
 * A lock whose owner cannot be seen in the reader's pid namespace is left out, for example one that a
 * process took that has ended, and that its child holds on. Only the first namespace sees all; its number
 * is fixed (PROC_PID_INIT_INO in the kernel's proc_ns.h).
 */
static bool sees_all(void)
{
	static const char first[] = "pid:[4026531836]";
	char link[64];
	ssize_t n = readlink("/proc/self/ns/pid", link, sizeof(link));

	return n == sizeof(first) - 1 && memcmp(link, first, sizeof(first) - 1) == 0;
}

static void *read_locks(void *arg)
{
	struct lock_table *t = arg;

	t->err = read_rows(t);
	if (t->n)
		qsort(t->row, t->n, sizeof(*t->row), by_inode);
	return NULL;
}

void lock_table_begin(struct lock_table *t, const struct proc *p, struct mount_table *mounts)
{
	if (t->begun)
		return;
	t->begun = true;
	t->proc = p;
	t->mounts = mounts;
	t->reads = pthread_create(&t->thread, NULL, read_locks, t) == 0;
	if (!t->reads)
		read_locks(t);
}

static void finish(struct lock_table *t)
{
	if (t->reads)
		pthread_join(t->thread, NULL);
	t->reads = false;
}

int lock_table_end(struct lock_table *t)
{
	finish(t);
	return t->err;
}

void lock_table_free(struct lock_table *t)
{
	finish(t);
	free(t->row);
	memset(t, 0, sizeof(*t));
}

bool lock_table_hides(struct lock_table *t)
{
	if (!t->hides_known)
		t->hides = !sees_all();
	t->hides_known = true;
	return t->hides;
}

size_t lock_table_find(const struct lock_table *t, uint64_t ino)
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

int lock_table_same_device(
	struct lock_table *t, int64_t mnt_id, const struct desc *d, const struct lock_row *r)
{
	const struct mount_row *m;
	int err;

	if (r->dev_major == d->dev_major && r->dev_minor == d->dev_minor)
		return 1;
	err = mount_table_read(t->mounts, t->proc);
	if (err)
		return err;
	m = mount_table_find(t->mounts, mnt_id);
	return m && m->dev_major == r->dev_major && m->dev_minor == r->dev_minor;
}
