/* SPDX-License-Identifier: MIT */
#include "far_notes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/err.h"
#include "kind.h"
#include "notes.h"

bool far_notes_has(const struct desc *d)
{
	switch (d->kind) {
	case KIND_PIPE:
	case KIND_FIFO:
	case KIND_EVENTFD:
	case KIND_PTY:
	case KIND_PTY_MASTER: return d->state == DESC_OK;
	default: return false;
	}
}

/* One question, while its answers are taken down. */
struct asking {
	const struct proc *p;
	const struct desc *d;
	struct ends *ends;
	struct holders *index; /* NULL: there is none */
	struct buf *notes;
	unsigned shown, opposite;
	bool beside; /* those who do the same as d; else those at the far end proper, who come first */
};

static void add_process(struct asking *a, pid_t pid)
{
	const struct ends_name *name = ends_name(a->ends, pid);

	note(a->notes,
		&(struct note){
			.kind = NOTE_PROCESS,
			.key = "process",
			.num = (uint64_t)pid,
			.text = name->text,
			.len = name->len,
		});
}

static const char *access_word(unsigned access)
{
	switch (access) {
	case HOLDER_READS: return "read";
	case HOLDER_WRITES: return "write";
	case HOLDER_READS | HOLDER_WRITES: return "read-write";
	default: return NULL;
	}
}

/* Whether the holder reads what d writes, or the other way round. */
static bool is_opposite(const struct desc *d, unsigned access)
{
	unsigned mode = d->flags & O_ACCMODE;

	if (d->err_flags || mode == O_RDWR)
		return true;
	return access & (mode == O_WRONLY ? HOLDER_READS : HOLDER_WRITES);
}

/* Positive: enough of them have been shown. */
static int note_end(const struct holder *h, void *arg)
{
	struct asking *a = arg;
	unsigned access;
	const char *word;

	if ((h->pid == proc_pid(a->p) && h->fd == a->d->fd) || ends_are_ours(h->pid))
		return 0;
	access = holders_access(a->index, h);
	if (is_opposite(a->d, access) == a->beside || !holders_still(a->index, h))
		return 0;
	a->opposite += !a->beside;
	note_item(a->notes, "end");
	if (a->shown++ == ENDS_MOST) {
		note_word(a->notes, "more");
		return 1;
	}
	add_process(a, h->pid);
	note_int(a->notes, "fd", h->fd);
	word = access_word(access);
	if (word)
		note_text(a->notes, "access", word, strlen(word));
	return a->notes->failed ? -ENOMEM : 0;
}

/* Paths of the same text may be in other mount namespaces: the inode decides. */
static bool is_same_file(const struct holder *h, const struct desc *d)
{
	char path[64];
	struct statx s;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)h->pid, h->fd);
	return statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_INO, &s) == 0 &&
		s.stx_ino == d->ino && s.stx_dev_major == d->dev_major &&
		s.stx_dev_minor == d->dev_minor;
}

static int note_same_file(const struct holder *h, void *arg)
{
	const struct asking *a = arg;

	return is_same_file(h, a->d) ? note_end(h, arg) : 0;
}

/* A number among the notes of one descriptor; -1 if it is not there. */
static long noted(const struct buf *b, struct span s, const char *key)
{
	size_t at = s.at;
	struct note n;

	while (note_next(b, &at, s.at + s.len, &n)) {
		if (n.key && strcmp(n.key, key) == 0)
			return (long)n.num;
	}
	return -1;
}

static int each_text(
	const struct holders *h, const char *text, size_t len, holder_each *each, struct asking *a)
{
	return holders_of(h, HOLDER_TEXT, holders_text(text, len), each, a);
}

static int each_same_text(
	const struct holders *h, const struct facts *f, holder_each *each, struct asking *a)
{
	return each_text(h, f->paths.data + a->d->path.at, a->d->path.len, each, a);
}

/*
 * The session of a terminal and its foreground group, of a process that has it both open and as its
 * controlling terminal (proc_pid_stat(5)).
 */
static int note_session(const struct holder *h, void *arg)
{
	struct asking *a = arg;
	char path[64], text[512], *at;
	int fd, session, tty, foreground;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)h->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	if (!at || sscanf(at, ") %*c %*d %*d %d %d %d", &session, &tty, &foreground) != 3)
		return 0;
	if ((dev_t)(unsigned)tty != makedev(a->d->rdev_major, a->d->rdev_minor))
		return 0;
	note_line(a->notes, "terminal");
	note_int(a->notes, "session", session);
	note_int(a->notes, "foreground", foreground);
	return 1;
}

static int by_inode(const void *a, const void *b)
{
	const struct desc *x = *(const struct desc *const *)a, *y = *(const struct desc *const *)b;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

static int collect_own(struct far_notes *n)
{
	const struct facts *f = n->f;

	if (n->own)
		return 0;
	n->own = malloc((f->ndesc ? f->ndesc : 1) * sizeof(*n->own));
	if (!n->own)
		return -ENOMEM;
	for (size_t i = 0; i < f->ndesc; i++) {
		if (far_notes_has(&f->desc[i]))
			n->own[n->nown++] = &f->desc[i];
	}
	qsort(n->own, n->nown, sizeof(*n->own), by_inode);
	return 0;
}

static int note_own(const struct far_notes *n, const struct desc *d, struct asking *a)
{
	return note_end(&(struct holder){proc_pid(n->p), d->fd, HOLDER_NO_ROW}, a);
}

/* The same pipe or FIFO among the descriptors of the process itself. */
static int each_own(struct far_notes *n, struct asking *a)
{
	const struct desc *d = a->d;
	size_t low = 0, high;
	int err = collect_own(n);

	for (high = n->nown; !err && low < high;) {
		size_t middle = low + (high - low) / 2;

		if (n->own[middle]->ino < d->ino)
			low = middle + 1;
		else
			high = middle;
	}
	for (; !err && low < n->nown && n->own[low]->ino == d->ino; low++) {
		if (n->own[low]->dev_major == d->dev_major &&
			n->own[low]->dev_minor == d->dev_minor)
			err = note_own(n, n->own[low], a);
	}
	return err;
}

static long index_of(const struct far_notes *n, const struct desc *d)
{
	return d->kind == KIND_PTY ? (long)d->rdev_minor : noted(&n->f->info, d->info, "index");
}

/* The other side of the terminal among the descriptors of the process itself. */
static int each_own_side(struct far_notes *n, struct asking *a)
{
	enum kind other = a->d->kind == KIND_PTY ? KIND_PTY_MASTER : KIND_PTY;
	int err = collect_own(n);

	for (size_t i = 0; i < n->nown && !err; i++) {
		if (n->own[i]->kind == other && index_of(n, n->own[i]) == index_of(n, a->d))
			err = note_own(n, n->own[i], a);
	}
	return err;
}

/* Masters for a slave, slaves for a master. */
static int each_other_side(struct far_notes *n, const struct holders *h, struct asking *a)
{
	long index = index_of(n, a->d);
	char slave[32];
	int err;

	if (index < 0)
		return 0;
	if (a->d->kind == KIND_PTY_MASTER) {
		snprintf(slave, sizeof(slave), "/dev/pts/%ld", index);
		return each_text(h, slave, strlen(slave), note_end, a);
	}
	err = a->beside ? 0 : each_same_text(h, n->f, note_session, a);
	if (err >= 0)
		err = far_numbers_masters(&n->masters, h);
	return err < 0 ? err : far_numbers_each(&n->masters, index, note_end, a);
}

static int find_others(struct far_notes *n, const struct holders *h, struct asking *a)
{
	int err;

	switch (a->d->kind) {
	case KIND_PIPE: return holders_of(h, HOLDER_PIPE, a->d->ino, note_end, a);
	case KIND_FIFO: return each_same_text(h, n->f, note_same_file, a);
	case KIND_EVENTFD:
		err = far_numbers_eventfds(&n->eventfds, h);
		return err ? err
			   : far_numbers_each(&n->eventfds, noted(&n->f->info, a->d->info, "id"),
				     note_end, a);
	default: return each_other_side(n, h, a);
	}
}

static int find_own(struct far_notes *n, struct asking *a)
{
	switch (a->d->kind) {
	case KIND_PIPE:
	case KIND_FIFO: return each_own(n, a);
	case KIND_PTY:
	case KIND_PTY_MASTER: return each_own_side(n, a);
	default: return 0;
	}
}

void far_notes_begin(struct far_notes *n, struct ends *e, const struct proc *p, struct facts *f)
{
	*n = (struct far_notes){.ends = e, .p = p, .f = f};
}

void far_notes_end(struct far_notes *n)
{
	free(n->own);
	far_numbers_free(&n->eventfds);
	far_numbers_free(&n->masters);
}

static int find_all(struct far_notes *n, struct asking *a, bool many)
{
	int err = 0;

	for (int beside = 0; beside < 2 && err == 0; beside++) {
		a->beside = beside;
		err = many ? find_own(n, a) : 0;
		if (err == 0 && a->index)
			err = find_others(n, a->index, a);
	}
	return err;
}

/* Somebody must be there: hardly any eventfd is another's too, and one end for both is its own other end. */
static bool is_lonely(const struct asking *a)
{
	const struct desc *d = a->d;
	bool both = !d->err_flags && (d->flags & O_ACCMODE) == O_RDWR &&
		(d->kind == KIND_PIPE || d->kind == KIND_FIFO);

	return !a->opposite && !both && d->kind != KIND_EVENTFD;
}

/* Everywhere else as well. */
static bool go_on(struct far_notes *n, struct asking *a)
{
	if (!is_lonely(a) || !ends_more(n->ends))
		return false;
	far_numbers_free(&n->eventfds);
	far_numbers_free(&n->masters);
	return true;
}

int far_notes(struct far_notes *n, struct desc *d, struct buf *notes)
{
	struct asking a = {.p = n->p, .d = d, .ends = n->ends, .notes = notes};
	bool many = n->f->ndesc > ENDS_MANY;
	size_t at = notes->len;
	int err;

	/* One pass for all of the process: numbers are found by their place in it. */
	if (!n->begun)
		(void)ends_index(n->ends, many ? proc_pid(n->p) : 0);
	n->begun = n->f->far_searched = true;
	do {
		notes->len = at;
		a.shown = 0;
		a.index = n->ends->index;
		err = find_all(n, &a, many);
	} while (err == 0 && go_on(n, &a));
	if (!n->ends->index && n->ends->err == -ENOMEM)
		return -ENOMEM;
	if (!n->ends->index)
		d->err_far = n->ends->err;
	else if (is_lonely(&a) && holders_hidden(n->ends->index))
		d->err_far = ERR_PERM;
	return err < 0 ? err : 0;
}
