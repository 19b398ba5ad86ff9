/* SPDX-License-Identifier: MIT */
#include "notes.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/escape.h"
#include "proc/core_proc.h"
#include "proc/proc.h"
#include "sys/signame.h"

static void give(struct buf *b, note_fn *fn, void *arg)
{
	if (b->len)
		fn(buf_cstr(b), b->len, arg);
	buf_clear(b);
}

static void add_tracer(struct buf *out, const struct picture *pic)
{
	buf_fmt(out, "traced by %d [", (int)pic->tracer);
	proc_comm_of(pic->tracer, out);
	buf_chr(out, ']');
}

/* Why there is no stack at all. */
static void add_none(struct buf *out, const struct picture *pic, const struct thread *t)
{
	if (t->zombie) {
		buf_str(out, "zombie (exited; the process goes on without it)");
		return;
	}
	buf_str(out, "no stack: ");
	switch (t->why) {
	case ERR_TRACED:
		buf_str(out, "it runs, and cannot be stopped: ");
		add_tracer(out, pic);
		break;
	case ERR_NOVICTIM:
		buf_str(out,
			"it runs on and off, and to stop it could show it an interrupted call (-H does)");
		break;
	case ERR_TIMEOUT:
		buf_str(out,
			"it runs, and got no processor to stop on in time (-H waits for all at once)");
		break;
	default: buf_str(out, err_str(t->why));
	}
}

/* Why a sleeping thread was not stopped for the registers that its callers' frames need. */
static void add_needs(struct buf *out, const struct picture *pic, const struct thread *t)
{
	buf_str(out,
		"callers not known: they need registers that a sleeping thread does not show, and it was not stopped: ");
	switch (t->why) {
	case ERR_NOVICTIM:
		buf_str(out, "that would show it an interrupted call (-H stops it all the same)");
		break;
	case ERR_TRACED: add_tracer(out, pic); break;
	case ERR_VFORK: buf_str(out, "it waits in vfork for its child"); break;
	case ERR_TIMEOUT: buf_str(out, "it waits in the kernel without interruption"); break;
	default: buf_str(out, err_str(t->why));
	}
}

static void add_end(struct buf *out, const struct picture *pic, const struct thread *t)
{
	switch (t->end.end) {
	case UNWIND_BOTTOM: return;
	case UNWIND_NEEDS:
		if (t->snap.how == SNAP_ASLEEP) {
			add_needs(out, pic, t);
			return;
		}
		break;
	case UNWIND_LIMIT: buf_fmt(out, "more frames: -n %zu", t->frames); return;
	default: break;
	}
	buf_fmt(out, "stack cut: %s", unwind_end_str(t->end.end));
	if (t->end.where)
		buf_fmt(out, " (%llx)", (unsigned long long)t->end.where);
}

/* Frames found by frame pointers may not be all. */
static bool has_guess(const struct picture *pic, const struct thread *t)
{
	const struct frame *f = picture_frames(pic, t);

	for (size_t i = 0; i < t->frames; i++) {
		if (f[i].how == FRAME_POINTER)
			return true;
	}
	return false;
}

void notes_each(struct picture *pic, const struct thread *t, const struct call *call, note_fn *fn,
	void *arg)
{
	struct wait w = wait_of(pic, t, call);
	struct buf text = {0};

	if (t->snap.how == SNAP_NONE) {
		add_none(&text, pic, t);
		give(&text, fn, arg);
		buf_free(&text);
		return;
	}
	wait_add(&text, pic, &w);
	give(&text, fn, arg);
	add_end(&text, pic, t);
	give(&text, fn, arg);
	if (has_guess(pic, t)) {
		buf_str(&text,
			"code without unwind information was left by its frame pointer: callers may be missing");
		give(&text, fn, arg);
	}
	if (t->why_no_kernel) {
		buf_fmt(&text, "kernel stack: %s", err_str(t->why_no_kernel));
		if (t->why_no_kernel == ERR_PERM)
			buf_str(&text, " (it needs CAP_SYS_ADMIN)");
		give(&text, fn, arg);
	}
	buf_free(&text);
}

/* What a debugger stops a process with, and what kills none (signal(7)). */
static bool kills(int sig)
{
	static const int harmless[] = {
		0, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGCHLD, SIGURG, SIGWINCH};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++) {
		if (sig == harmless[i])
			return false;
	}
	return true;
}

static void add_death(struct buf *out, struct picture *pic)
{
	struct core_death d = proc_core_death(pic->p);
	const char *code = d.signal ? signame_code(d.signal, d.code) : NULL;
	pid_t tid = proc_core_thread(pic->p, 0)->tid;

	if (!kills(d.signal)) {
		buf_str(out, "not killed by a signal: the core was made of it while it lived");
		return;
	}
	buf_fmt(out, "killed by signal %d (", d.signal);
	signame_add(out, d.signal);
	buf_chr(out, ')');
	if (code && d.code)
		buf_fmt(out, ", %s", code);
	if (d.has_addr)
		buf_fmt(out, " at %llx", (unsigned long long)d.addr);
	buf_fmt(out, ", in thread %d", (int)tid);
	for (size_t i = 0; i < pic->n; i++) {
		const struct thread *t = &pic->thread[i];
		const struct name *n;
		const struct frame *f = picture_frames(pic, t);

		if (t->snap.tid != tid || !t->frames)
			continue;
		n = names_text(&pic->names, frame_lookup(f), false);
		buf_fmt(out, ": %s", n ? n->text : "");
	}
}

void notes_each_process(struct picture *pic, note_fn *fn, void *arg)
{
	struct buf text = {0};
	uint64_t lacks;

	if (pic->tracer) {
		add_tracer(&text, pic);
		give(&text, fn, arg);
	}
	if (pic->core) {
		add_death(&text, pic);
		give(&text, fn, arg);
		lacks = proc_core_lacks(pic->p);
		if (lacks == UINT64_MAX)
			buf_str(&text,
				"core file is truncated: notes, and so threads, are missing");
		else if (lacks)
			buf_fmt(&text, "core file is truncated: %llu bytes of memory are missing",
				(unsigned long long)lacks);
		give(&text, fn, arg);
	}
	buf_free(&text);
}

struct unread {
	note_fn *fn;
	void *arg;
};

static void add_unread(const char *file, int err, void *arg)
{
	const struct unread *to = arg;
	struct buf text = {0};

	buf_str(&text, "debug information of ");
	escape_add(&text, file, strlen(file));
	buf_str(&text, " could not be read: ");
	switch (err) {
	case ERR_LOST: buf_str(&text, "it is damaged, too large, or of an unknown kind"); break;
	case ERR_TIMEOUT: buf_str(&text, "it takes too long"); break;
	case -ECANCELED: buf_str(&text, "not tried, after that of others"); break;
	default: buf_str(&text, err_str(err));
	}
	give(&text, to->fn, to->arg);
	buf_free(&text);
}

void notes_each_unread(struct picture *pic, note_fn *fn, void *arg)
{
	struct unread to = {fn, arg};

	source_unread(pic->space, add_unread, &to);
}
