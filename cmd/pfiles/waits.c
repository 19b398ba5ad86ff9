/* SPDX-License-Identifier: MIT */
/*
 * What the threads wait for
 *
 * The line of a thread's call and what its arguments point to are read without stopping it. They go together if
 * the line is the same afterwards: a thread that has left its call meanwhile and is in just the same one again waits
 * for what it waited for. What the thread has under the number is read in between, from its own table of descriptors;
 * the block of a descriptor is about the same file or gets no line. That the call may have taken another file
 * that had the number before cannot be seen: the number is what the call was given.
 */
#include "waits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "notes.h"
#include "proc/threads.h"
#include "waits_args.h"

#define LOOKS 3

/* One look at a process. */
struct waits {
	const struct proc *p;
	struct facts *f;
	uint64_t pc; /* most threads wait at the same place: how the call is made there */
	enum wait_table table;
};

/* It moved on while it was looked at. */
#define MOVED 1

/*
 * Where it sleeps tells what restart_syscall(2) goes on with after a stop: of the calls that wait for descriptors
 * only poll(2) does it so.
 */
static bool is_in_poll(const struct proc *p, pid_t tid)
{
	struct buf where = {0};
	char rel[40];
	bool is;

	snprintf(rel, sizeof(rel), "task/%d/wchan", tid);
	is = proc_read_file(p, rel, 128, &where) == 0 && strstr(buf_cstr(&where), "poll");
	buf_free(&where);
	return is;
}

/* By the instruction before its pc. */
static int table_at(struct waits *w, uint64_t pc)
{
	unsigned char insn[2];
	int err;

	if (pc == w->pc)
		return 0;
	err = proc_read_mem(w->p, pc - sizeof(insn), insn, sizeof(insn));
	if (err)
		return err;
	w->pc = pc;
	w->table = waits_table(insn);
	return 0;
}

/* The call that a thread is in, NULL if it waits for no descriptor. */
static int call_of(
	struct waits *w, pid_t tid, const struct thread_place *at, const struct wait_call **out)
{
	int err;

	*out = NULL;
	if (at->running || at->nr < 0)
		return 0;
	err = table_at(w, at->pc);
	if (err)
		return err;
	*out = waits_call(w->table, at->nr);
	if (*out && (*out)->form == WAIT_RESTART)
		*out = is_in_poll(w->p, tid) ? waits_poll(w->table) : NULL;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct wait *x = a, *y = b;

	if (x->fd != y->fd)
		return x->fd < y->fd ? -1 : 1;
	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

/* What is at that place now; false if nothing, or it cannot be seen. */
static bool identify(int dir, const char *place, struct wait *w)
{
	struct statx s;

	if (statx(dir, place, AT_STATX_DONT_SYNC, STATX_INO, &s) < 0)
		return false;
	w->ino = s.stx_ino;
	w->dev_major = s.stx_dev_major;
	w->dev_minor = s.stx_dev_minor;
	return true;
}

/* Of the waits from `from` on: one for each number, and only of those that are open in the thread's table. */
static void keep_open_in(int table, struct facts *f, size_t from)
{
	size_t kept = from;
	char number[16];

	qsort(f->wait + from, f->nwait - from, sizeof(*f->wait), by_number);
	for (size_t i = from; i < f->nwait; i++) {
		struct wait *w = &f->wait[i];

		snprintf(number, sizeof(number), "%d", w->fd);
		if (kept > from && f->wait[kept - 1].fd == w->fd)
			f->wait[kept - 1].events |= w->events;
		else if (identify(table, number, w))
			f->wait[kept++] = *w;
	}
	f->nwait = kept;
}

static void keep_open(const struct proc *p, pid_t tid, struct facts *f, size_t from)
{
	char rel[64];
	int table;

	if (f->nwait == from + 1) {
		snprintf(rel, sizeof(rel), "task/%d/fd/%d", tid, f->wait[from].fd);
		f->nwait = from + identify(proc_dirfd(p), rel, &f->wait[from]);
		return;
	}
	snprintf(rel, sizeof(rel), "task/%d/fd", tid);
	table = openat(proc_dirfd(p), rel, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (table < 0) {
		f->nwait = from;
		return;
	}
	keep_open_in(table, f, from);
	close(table);
}

/* One look at a thread; syscall is its open file of that name. 0, MOVED, or an error. */
static int look_once(struct waits *w, pid_t tid, int syscall)
{
	struct thread_place at, again;
	const struct wait_call *c = NULL;
	size_t from = w->f->nwait;
	int err = thread_place_again(syscall, &at);

	if (!err)
		err = call_of(w, tid, &at, &c);
	if (!err && !c)
		return 0;
	if (!err)
		err = waits_args(w->p, tid, w->table, c, &at, w->f);
	/* Stopped in a call is not waiting in it. */
	if (!err && w->f->nwait > from && !strchr("SD", thread_state(w->p, tid)))
		w->f->nwait = from;
	if (!err && w->f->nwait > from)
		keep_open(w->p, tid, w->f, from);
	if (c && err != -ENOMEM &&
		(thread_place_again(syscall, &again) != 0 || !thread_place_same(&at, &again)))
		err = MOVED;
	if (err)
		w->f->nwait = from;
	return err;
}

/* One that moves on at each look waits for nothing long. */
static int look_at_thread(struct waits *w, pid_t tid)
{
	struct thread_place at;
	int fd = thread_place_open(w->p, tid), err = fd < 0 ? fd : MOVED;

	for (int i = 0; i < LOOKS && err == MOVED; i++)
		err = look_once(w, tid, fd);
	if (fd >= 0)
		close(fd);
	/* One that is exiting is denied as well. */
	if (err == -EPERM || err == -EACCES)
		err = thread_place(w->p, tid, &at);
	if (err == -EPERM || err == -EACCES)
		return ERR_PERM;
	return err == MOVED || err == ERR_NOTHREAD ? 0 : err;
}

int waits_look(const struct proc *p, bool all, struct facts *f)
{
	struct waits w = {.p = p, .f = f};
	pid_t first = proc_pid(p);
	struct threads one = {.tid = &first, .n = 1}, several = {0};
	bool alone = threads_alone(p);
	const struct threads *t = alone ? &one : &several;

	f->err_waits = alone ? 0 : threads_list(p, &several);
	f->threads = t->n;
	for (size_t i = 0; i < t->n && f->err_waits != -ENOMEM; i++) {
		int err;

		if (!all && (i >= WAITS_THREADS || f->nwait >= WAITS_MOST)) {
			f->waits_left = t->n - i;
			break;
		}
		err = look_at_thread(&w, t->tid[i]);
		if (err == -ENOMEM || !f->err_waits)
			f->err_waits = err;
	}
	threads_free(&several);
	if (f->nwait > 1)
		qsort(f->wait, f->nwait, sizeof(*f->wait), by_number);
	return f->err_waits == -ENOMEM ? -ENOMEM : 0;
}

static size_t first_of(const struct facts *f, int fd)
{
	size_t low = 0, high = f->nwait;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (f->wait[middle].fd < fd)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What such a thread waits for is in a descriptor table of its own. */
static bool is_apart(const struct facts *f, pid_t tid)
{
	for (size_t i = 0; i < f->apart.n; i++)
		if (f->apart.tid[i] == tid)
			return true;
	return false;
}

static void add_note(const struct wait *w, struct buf *out)
{
	static const char *const sets[] = {"readfds", "writefds", "exceptfds"};

	note_item(out, "waited-for");
	note_int(out, "thread", w->tid);
	note_text(out, "call", w->call, strlen(w->call));
	switch ((enum wait_has)w->has) {
	case WAIT_HAS_EVENTS: note_bits(out, "events", "poll_events", w->events); break;
	case WAIT_HAS_COMMAND: note_name(out, "command", "fcntl_cmd", (unsigned)w->command); break;
	case WAIT_HAS_SETS:
		for (int i = 0; i < 3; i++) {
			if (w->sets >> i & 1)
				note_word(out, sets[i]);
		}
		break;
	case WAIT_HAS_NONE: break;
	}
}

void waits_add(const struct facts *f, const struct desc *d, struct buf *out)
{
	for (size_t i = first_of(f, d->fd); i < f->nwait && f->wait[i].fd == d->fd; i++) {
		const struct wait *w = &f->wait[i];

		if (!d->err_stat && w->ino == d->ino && w->dev_major == d->dev_major &&
			w->dev_minor == d->dev_minor && !is_apart(f, w->tid))
			add_note(w, out);
	}
}
