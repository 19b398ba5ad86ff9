/* SPDX-License-Identifier: MIT */
#include "waits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/escape.h"
#include "proc/proc.h"
#include "rwlock.h"

/* pthread_mutex_t of glibc (bits/struct_mutex.h): lock, count, owner; the same place in both ABIs. */
#define OWNER_AT 8

#define LOCKS_MOST (4U << 20)

static bool read_word(struct picture *pic, uint64_t addr, uint32_t *out)
{
	return picture_read(pic, addr, out, sizeof(*out)) == sizeof(*out);
}

/* Whether that thread is one of the process by now: the picture may have only some of them. */
static bool lives(const struct picture *pic, pid_t tid)
{
	char path[40];

	for (size_t i = 0; i < pic->n; i++) {
		if (pic->thread[i].snap.tid == tid)
			return true;
	}
	if (pic->core)
		return false;
	snprintf(path, sizeof(path), "task/%d", tid);
	return faccessat(proc_dirfd(pic->p), path, F_OK, 0) == 0;
}

static void set_holder(const struct picture *pic, struct wait *w, uint32_t tid)
{
	w->holder = (pid_t)(tid & FUTEX_TID_MASK);
	w->holder_gone = w->holder && !lives(pic, w->holder);
}

/*
 * What the thread is about to lock by the robust protocol (get_robust_list(2)): the C library notes it before it
 * waits, and the kernel would unlock that very word if the thread died.
 */
static bool is_robust(struct picture *pic, const struct thread *t, uint64_t addr)
{
	struct robust_list_head head;
	void *where = NULL;
	size_t len;

	if (pic->core || pic->narrow)
		return false;
	if (syscall(SYS_get_robust_list, t->snap.tid, &where, &len) || len != sizeof(head) ||
		picture_read(pic, (uintptr_t)where, &head, sizeof(head)) != sizeof(head))
		return false;
	return head.list_op_pending &&
		((uintptr_t)head.list_op_pending & ~(uintptr_t)1) + (uint64_t)head.futex_offset ==
		addr;
}

/* Calls of 32-bit programs go by the kernel's own page. */
static bool begins_in_vdso(const struct picture *pic, const struct thread *t)
{
	const struct frame *f = picture_frames(pic, t);
	const struct symbol *s = t->frames ? names_symbol(&pic->names, frame_lookup(f)) : NULL;

	return s && s->module && !strcmp(s->module, "[vdso]");
}

/* The function and file, raw, of the nth frame outside of the kernel's page; "" where not known. */
static const char *function(const struct picture *pic, const struct thread *t, size_t n, bool *libc)
{
	const struct frame *f = picture_frames(pic, t);
	const struct symbol *s;
	const char *base;

	*libc = false;
	n += begins_in_vdso(pic, t);
	if (n >= t->frames)
		return "";
	s = names_symbol(&pic->names, frame_lookup(&f[n]));
	base = s->module ? strrchr(s->module, '/') : NULL;
	*libc = base && (!strncmp(base, "/libc.so.6", 10) || !strncmp(base, "/libpthread", 11));
	return s->name ? s->name : "";
}

static bool starts(const char *s, const char *head)
{
	s += strspn(s, "_");
	return !strncmp(s, head, strlen(head));
}

/*
 * glibc's own wait for a lock, in its function for mutexes: then the word is the first of a pthread_mutex_t,
 * which holds its owner. Others that wait there (malloc's locks, stdio's) have other callers. In a static program
 * the functions are in the program itself.
 */
static bool is_mutex(const struct picture *pic, const struct thread *t)
{
	bool libc;
	const char *inner = function(pic, t, 0, &libc);

	/* Without a name where the C library is stripped: whatever a mutex's function calls to wait waits for its lock. */
	if (strcmp(inner, "__lll_lock_wait") != 0 && !(libc && !*inner))
		return false;
	return starts(function(pic, t, 1, &libc), "pthread_mutex_") ||
		!strcmp(function(pic, t, 1, &libc), "__pthread_mutex_cond_lock");
}

/* The first frame whose function is not of the waiting itself. */
static const char *waiting_in(const struct picture *pic, const struct thread *t)
{
	bool libc;

	for (size_t i = 0; i < t->frames && i < 4; i++) {
		const char *name = function(pic, t, i, &libc);

		/* A stripped C library has no names for its own functions. */
		if (!strncmp(name, "__futex_", 8) || strstr(name, "syscall_cancel") ||
			(libc && !*name))
			continue;
		return i && (libc || !pic->core) ? name : "";
	}
	return "";
}

static void look_at_rwlock(
	struct picture *pic, struct wait *w, enum wait_kind kind, const uint64_t *arg)
{
	struct rwlock l = rwlock_of(pic, kind == WAIT_READ, arg[0], (uint32_t)arg[2]);

	if (!l.addr)
		return;
	w->kind = kind;
	w->addr = l.addr;
	w->readers = l.readers;
	set_holder(pic, w, l.writer);
}

static void look_by_function(
	struct picture *pic, const struct thread *t, struct wait *w, const uint64_t *arg)
{
	const char *name = waiting_in(pic, t);

	if (starts(name, "pthread_rwlock_") && strstr(name, "rdlock"))
		look_at_rwlock(pic, w, WAIT_READ, arg);
	else if (starts(name, "pthread_rwlock_") && strstr(name, "wrlock"))
		look_at_rwlock(pic, w, WAIT_WRITE, arg);
	else if (starts(name, "pthread_cond_"))
		w->kind = WAIT_CONDITION;
	else if (starts(name, "new_sem_wait") || starts(name, "new_sem_clockwait") ||
		starts(name, "sem_") || starts(name, "do_futex_wait"))
		w->kind = WAIT_SEMAPHORE;
	else if (starts(name, "pthread_clockjoin_ex") || starts(name, "pthread_join"))
		w->kind = WAIT_JOIN;
}

static struct wait futex_wait(struct picture *pic, const struct thread *t, const uint64_t *arg)
{
	struct wait w = {.kind = WAIT_FUTEX, .addr = arg[0]};
	uint32_t word;

	switch (arg[1] & FUTEX_CMD_MASK) {
	case FUTEX_LOCK_PI:
#ifdef FUTEX_LOCK_PI2
	case FUTEX_LOCK_PI2:
#endif
		w.kind = WAIT_PI;
		if (read_word(pic, w.addr, &word))
			set_holder(pic, &w, word);
		return w;
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET: break;
	default: return (struct wait){0};
	}
	if (is_robust(pic, t, w.addr)) {
		w.kind = WAIT_ROBUST;
		if (read_word(pic, w.addr, &word))
			set_holder(pic, &w, word);
	} else if (is_mutex(pic, t)) {
		w.kind = WAIT_MUTEX;
		if (read_word(pic, w.addr + OWNER_AT, &word))
			set_holder(pic, &w, word);
	} else {
		look_by_function(pic, t, &w, arg);
	}
	if (w.kind == WAIT_JOIN)
		set_holder(pic, &w, (uint32_t)arg[2]);
	return w;
}

/*
 * /proc/locks: "7: POSIX  ADVISORY  WRITE 1234 fe:00:42 0 EOF", and, behind it, those that wait for it: "7: ->
 * POSIX ...". Only whole processes are named there.
 */
static pid_t lock_holder(const char *text, pid_t waiter, const char *kind)
{
	pid_t holder = 0;

	for (const char *s = text; *s; s += strcspn(s, "\n"), s += *s == '\n') {
		char word[16];
		int pid, n;

		if (sscanf(s, "%*d: -> %15s %*s %*s %d", word, &pid) == 2) {
			if (pid == waiter && !strcmp(word, kind))
				return holder;
		} else if (sscanf(s, "%*d: %*s %*s %*s %d%n", &n, &pid) == 1) {
			holder = n;
		}
	}
	return 0;
}

static struct wait file_wait(struct picture *pic, const char *kind)
{
	struct wait w = {.kind = WAIT_FILE_LOCK, .is_process = true};
	struct buf text = {0};
	char chunk[4096];
	ssize_t n;
	int fd;

	if (pic->core)
		return (struct wait){0};
	fd = open("/proc/locks", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && text.len < LOCKS_MOST && (n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(&text, chunk, (size_t)n);
	if (fd >= 0)
		close(fd);
	w.holder = lock_holder(buf_cstr(&text), proc_pid(pic->p), kind);
	if (w.holder < 0)
		w.holder = 0; /* an open file description has it, no process */
	buf_free(&text);
	return w;
}

struct wait wait_of(struct picture *pic, const struct thread *t, const struct call *call)
{
	uint64_t cmd = call->arg[1];

	if (t->snap.how == SNAP_NONE)
		return (struct wait){0};
	if (!strncmp(call->name, "futex", 5) && call->nargs == 6)
		return futex_wait(pic, t, call->arg);
	if (!strcmp(call->name, "flock"))
		return file_wait(pic, "FLOCK");
	if (!strncmp(call->name, "fcntl", 5) && (cmd == F_SETLKW || cmd == 14))
		return file_wait(pic, "POSIX");
	return (struct wait){0};
}

const char *wait_word(enum wait_kind kind)
{
	static const char *const words[] = {
		[WAIT_NONE] = "",
		[WAIT_MUTEX] = "mutex",
		[WAIT_ROBUST] = "robust mutex",
		[WAIT_PI] = "priority inheritance lock",
		[WAIT_READ] = "rwlock to read",
		[WAIT_WRITE] = "rwlock to write",
		[WAIT_CONDITION] = "condition variable",
		[WAIT_SEMAPHORE] = "semaphore",
		[WAIT_JOIN] = "thread",
		[WAIT_FUTEX] = "futex",
		[WAIT_FILE_LOCK] = "file lock",
	};

	return words[kind];
}

static void add_holder(struct buf *out, const struct picture *pic, const struct wait *w)
{
	buf_fmt(out, "%s %d", w->is_process ? "process" : "thread", (int)w->holder);
	if (w->holder_gone) {
		buf_str(out, ", which is not there");
		return;
	}
	if (w->is_process) {
		buf_str(out, " [");
		proc_comm_of(w->holder, out);
		buf_chr(out, ']');
	}
	for (size_t i = 0; !w->is_process && i < pic->n; i++) {
		if (pic->thread[i].snap.tid != w->holder || !*pic->thread[i].name)
			continue;
		buf_str(out, " [");
		escape_add(out, pic->thread[i].name, strlen(pic->thread[i].name));
		buf_chr(out, ']');
	}
}

void wait_add(struct buf *out, const struct picture *pic, const struct wait *w)
{
	switch (w->kind) {
	case WAIT_NONE:
	case WAIT_FUTEX: return; /* the call's line says as much */
	case WAIT_JOIN: buf_str(out, "waits for the end of "); break;
	case WAIT_CONDITION:
	case WAIT_FILE_LOCK: buf_fmt(out, "waits for a %s", wait_word(w->kind)); break;
	default: buf_fmt(out, "waits for %s %llx", wait_word(w->kind), (unsigned long long)w->addr);
	}
	if (w->kind == WAIT_JOIN) {
		add_holder(out, pic, w);
	} else if (w->holder) {
		buf_str(out, ", held by ");
		add_holder(out, pic, w);
	} else if (w->readers) {
		buf_fmt(out, ", held by %u reader%s", w->readers, w->readers == 1 ? "" : "s");
	}
}
