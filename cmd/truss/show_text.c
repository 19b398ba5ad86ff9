/* SPDX-License-Identifier: MIT */
/* Events as the original's lines. */
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "dump.h"
#include "exec.h"
#include "show.h"
#include "sys/bytes.h"
#include "sys/signame.h"
#include "sys/structs.h"

enum { RESULT_COLUMN = 48, SLEEP_COLUMN = 32, TAB = 8 };

void show_add_time(struct buf *b, uint64_t ns)
{
	uint64_t tenth_ms = (ns + 50000) / 100000;

	buf_fmt(b, "%2llu.%04u", (unsigned long long)(tenth_ms / 10000),
		(unsigned)(tenth_ms % 10000));
}

static void add_prefix(const struct truss *t, const struct thread *thr, struct buf *b)
{
	bool pid = t->o->follow || t->prefix_pid, lwp = t->o->lwps || thr->process->threaded;
	size_t at = b->len;

	if (!pid && !lwp)
		return;
	if (pid)
		buf_dec(b, (unsigned)thr->process->pid);
	if (lwp) {
		buf_chr(b, '/');
		buf_dec(b, (unsigned)thr->tid);
	}
	buf_str(b, pid && lwp && b->len - at < TAB - 1 ? ":\t\t" : ":\t");
}

/* Prefix and time fields: what each first line of an event begins with. */
static struct buf *start(struct truss *t, struct thread *thr, uint64_t inside)
{
	struct buf *b = &t->line;

	add_prefix(t, thr, b);
	if (t->o->stamp) {
		show_add_time(b, t->now - t->base);
		buf_chr(b, '\t');
	}
	if (t->o->delta) {
		show_add_time(b, t->now - (thr->last ? thr->last : t->base));
		buf_chr(b, '\t');
	}
	if (t->o->elapsed) {
		show_add_time(b, inside);
		buf_chr(b, '\t');
	}
	thr->last = t->now;
	return b;
}

static void end(struct truss *t)
{
	out_add(&t->out, &t->line);
}

/* Where text that began at `from` has come to: a tab counts up to its stop, UTF-8 once a character. */
static unsigned column(const struct buf *b, size_t from)
{
	unsigned col = 0;

	for (size_t i = from; i < b->len; i++) {
		unsigned char c = (unsigned char)b->data[i];

		if (c == '\t')
			col = (col / TAB + 1) * TAB;
		else
			col += (c & 0xc0) != 0x80;
	}
	return col;
}

static void pad(struct buf *b, size_t from, unsigned to)
{
	unsigned col = column(b, from);

	if (col >= to)
		buf_chr(b, ' ');
	for (; col < to; col = (col / TAB + 1) * TAB)
		buf_chr(b, '\t');
}

/* Lines made elsewhere, each with its newline: prefix and `lead` come before each. */
static void add_lines(
	struct truss *t, struct thread *thr, const char *lead, const struct buf *lines)
{
	const char *s = buf_cstr(lines), *stop = s + lines->len;

	while (s < stop) {
		const char *nl = memchr(s, '\n', (size_t)(stop - s));
		size_t n = nl ? (size_t)(nl + 1 - s) : (size_t)(stop - s);

		add_prefix(t, thr, &t->line);
		buf_str(&t->line, lead);
		buf_add(&t->line, s, n);
		s += n;
	}
}

/* -x: strings behind the numbers; -v: structures; -r, -w: data. */
static void add_details(struct truss *t, struct thread *thr)
{
	struct buf more = {0};

	add_lines(t, thr, "", &thr->strings);
	if (thr->options & ARGS_RAW && thr->call.done) {
		args_add_strings(&thr->call, &more);
		add_lines(t, thr, "", &more);
		buf_clear(&more);
	}
	if (set_has(&t->o->verbose, options_call_bit(thr->call.ent))) {
		add_lines(t, thr, "\t", &thr->inputs);
		structs_add(&thr->call,
			thr->call.done ? STRUCTS_INOUT | STRUCTS_OUT : STRUCTS_INOUT, &more);
		add_lines(t, thr, "\t", &more);
	}
	buf_free(&more);
	add_lines(t, thr, "  ", &thr->data);
}

/* ` argv: a b c`, broken into lines of about 63 columns. */
static void add_vector(
	struct truss *t, struct thread *thr, const char *name, const struct buf *words)
{
	struct buf *b = &t->line;
	unsigned col = 6;

	add_prefix(t, thr, b);
	buf_fmt(b, " %s:", name);
	/* Words are separated by NUL bytes, and escaped already. */
	for (size_t i = 0; i < words->len; i += strlen(words->data + i) + 1) {
		unsigned n = (unsigned)strlen(words->data + i);

		if (col > 6 && col + n + 1 > 63) {
			buf_chr(b, '\n');
			add_prefix(t, thr, b);
			buf_str(b, "  ");
			col = 2;
		}
		buf_chr(b, ' ');
		buf_add(b, words->data + i, n);
		col += n + 1;
	}
	buf_chr(b, '\n');
}

static void add_exec(struct truss *t, struct thread *thr)
{
	struct exec_stack s;
	struct buf words = {0};

	exec_stack_read(thr, &s);
	if (s.argc >= 0)
		buf_fmt(&t->line, "  argc = %d", s.argc);
	else
		buf_str(&t->line, "  *** Bad argument list? ***");
	buf_chr(&t->line, '\n');
	if (t->o->args && s.argc >= 0) {
		exec_add_words(thr, &s, s.argv, &words);
		add_vector(t, thr, "argv", &words);
	}
	if (t->o->envs && s.argc >= 0) {
		buf_clear(&words);
		exec_add_words(thr, &s, s.envp, &words);
		add_vector(t, thr, "envp", &words);
	}
	buf_free(&words);
}

static void text_call(struct truss *t, struct thread *thr)
{
	struct buf *b = start(t, thr, thr->call.done ? t->now - thr->entered : 0);
	size_t from = b->len;

	args_leave(&thr->line, &thr->call, b);
	if (thr->executed) {
		add_exec(t, thr);
	} else if (thr->call.done) {
		pad(b, from, RESULT_COLUMN);
		args_add_result(&thr->call, b);
		buf_chr(b, '\n');
	} else {
		buf_chr(b, '\n');
	}
	if (!thr->executed)
		add_details(t, thr);
	end(t);
}

/* What makes a process sleeps only as vfork(2) does. */
static bool waits_for_child(const struct thread *thr)
{
	return thr->call.ent && thr->call.ent->flags & SYSENT_FORK;
}

static void text_sleeping(struct truss *t, struct thread *thr)
{
	struct buf *b = start(t, thr, t->now - thr->entered), more = {0};
	size_t from = b->len;

	args_leave(&thr->line, &thr->call, b);
	pad(b, from, SLEEP_COLUMN);
	buf_str(b,
		waits_for_child(thr) ? "(waiting for child to exit()/exec()...)\n"
				     : "(sleeping...)\n");
	if (set_has(&t->o->verbose, options_call_bit(thr->call.ent))) {
		structs_add(&thr->call, STRUCTS_IN | STRUCTS_INOUT, &more);
		add_lines(t, thr, "\t", &more);
		buf_free(&more);
	}
	end(t);
}

static void text_birth(struct truss *t, struct thread *thr, const struct shown_birth *born)
{
	struct buf *b = start(t, thr, 0);
	size_t from = b->len;

	buf_fmt(b, "%s()\t(returning as %s ...)", born->call, born->thread ? "new lwp" : "child");
	pad(b, from, RESULT_COLUMN);
	buf_fmt(b, "= %d\n", born->thread ? 0 : (int)born->parent);
	end(t);
}

/* `, in read()`: the call in which it came. */
static void add_in_call(const struct thread *thr, struct buf *b)
{
	if (!thr->interrupted)
		return;
	buf_str(b, ", in ");
	args_add_name(&thr->call, 0, b);
	buf_str(b, "()");
}

static void add_siginfo(struct truss *t, struct thread *thr, const siginfo_t *info)
{
	add_prefix(t, thr, &t->line);
	buf_str(&t->line, "      siginfo: ");
	signame_add_info(&t->line, info);
	buf_chr(&t->line, '\n');
}

static void text_signal(struct truss *t, struct thread *thr, const struct shown_signal *s)
{
	static const char *const words[] = {"default", "ignored", "caught"};
	struct buf *b = start(t, thr, 0);

	buf_fmt(b, "    %s signal #%d, ", s->continued ? "Continued with" : "Received",
		s->info.si_signo);
	signame_add(b, s->info.si_signo);
	add_in_call(thr, b);
	buf_fmt(b, " [%s]\n", words[s->disposition]);
	add_siginfo(t, thr, &s->info);
	end(t);
}

static void text_fault(struct truss *t, struct thread *thr, const struct shown_fault *f)
{
	struct buf *b = start(t, thr, 0);
	const char *name = fault_name(f->fault);

	buf_fmt(b, "    Incurred fault #%d, %s  %%pc = ", f->fault, name ? name : "FLT?");
	bytes_add_address(b, f->pc);
	buf_chr(b, '\n');
	add_siginfo(t, thr, &f->info);
	end(t);
}

static void text_stopped(struct truss *t, struct thread *thr, int signal)
{
	struct buf *b = start(t, thr, 0);

	buf_fmt(b, "    Stopped by signal #%d, ", signal);
	signame_add(b, signal);
	add_in_call(thr, b);
	buf_chr(b, '\n');
	end(t);
}

static void text_note(struct truss *t, struct thread *thr, const char *words)
{
	struct buf *b = start(t, thr, 0);

	buf_fmt(b, "    *** %s ***\n", words);
	end(t);
}

/* The line of the exit call, or of the signal, has said it; only SIGKILL comes without one. */
static void text_death(struct truss *t, struct thread *thr, const struct trace_stop *how)
{
	if (how->signal == SIGKILL && thr->tid == thr->process->pid)
		text_note(t, thr, "process killed");
}

static void text_command(struct truss *t, struct thread *thr, const char *line)
{
	struct buf *b = start(t, thr, 0);

	buf_str(b, "psargs: ");
	escape_add_columns(b, line, strlen(line), 64);
	buf_chr(b, '\n');
	end(t);
}

static void text_begin(struct truss *t)
{
	struct timespec now;
	struct tm tm;
	char date[64];

	if (!t->o->stamp)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	if (!localtime_r(&now.tv_sec, &tm) ||
		!strftime(date, sizeof date, "%a %b %e %T %Z %Y", &tm))
		strcpy(date, "?");
	buf_fmt(&t->line, "Base time stamp:  %lld.%04ld  [ %s ]\n", (long long)now.tv_sec,
		now.tv_nsec / 100000, date);
	end(t);
}

const struct show show_text = {
	.begin = text_begin,
	.call = text_call,
	.sleeping = text_sleeping,
	.birth = text_birth,
	.signal = text_signal,
	.fault = text_fault,
	.stopped = text_stopped,
	.death = text_death,
	.note = text_note,
	.command = text_command,
};
