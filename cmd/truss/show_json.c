/* SPDX-License-Identifier: MIT */
/*
 * Events as JSON, one object a line. Times are seconds: `time` since truss began, `elapsed` in a call. Texts are those of
 * the lines: foreign bytes were escaped before, so that each is valid UTF-8.
 */
#include <string.h>

#include "base/escape.h"
#include "exec.h"
#include "show.h"
#include "sys/errname.h"
#include "sys/signame.h"
#include "sys/structs.h"

static void add_string(struct buf *b, const char *s, size_t n)
{
	buf_chr(b, '"');
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\') {
			buf_chr(b, '\\');
			buf_chr(b, (char)c);
		} else if (c == '\n') {
			buf_str(b, "\\n");
		} else if (c == '\t') {
			buf_str(b, "\\t");
		} else if (c < 0x20 || c == 0x7f) {
			buf_fmt(b, "\\u%04x", c);
		} else {
			buf_chr(b, (char)c);
		}
	}
	buf_chr(b, '"');
}

static void add_buf(struct buf *b, const struct buf *text)
{
	add_string(b, buf_cstr(text), text->len);
}

static void key(struct buf *b, const char *name)
{
	buf_fmt(b, ",\"%s\":", name);
}

static void add_seconds(struct buf *b, uint64_t ns)
{
	buf_fmt(b, "%llu.%06u", (unsigned long long)(ns / 1000000000u),
		(unsigned)(ns % 1000000000u / 1000));
}

static struct buf *start(struct truss *t, struct thread *thr, const char *type)
{
	struct buf *b = &t->line;

	buf_fmt(b, "{\"type\":\"%s\",\"pid\":%d,\"tid\":%d", type, (int)thr->process->pid,
		(int)thr->tid);
	key(b, "time");
	add_seconds(b, t->now - t->base);
	return b;
}

static void end(struct truss *t)
{
	buf_str(&t->line, "}\n");
	out_add(&t->out, &t->line);
}

/* The lines of a text as an array of strings. */
static void add_lines(struct buf *b, const char *name, const struct buf *text)
{
	const char *s = buf_cstr(text), *stop = s + text->len;
	bool first = true;

	if (s == stop)
		return;
	key(b, name);
	buf_chr(b, '[');
	while (s < stop) {
		const char *nl = memchr(s, '\n', (size_t)(stop - s));

		if (!nl)
			nl = stop;
		buf_str(b, first ? "" : ",");
		first = false;
		add_string(b, s, (size_t)(nl - s));
		s = nl + 1;
	}
	buf_chr(b, ']');
}

static void add_name(struct buf *b, const struct args_call *c)
{
	struct buf name = {0};

	args_add_name(c, ARGS_UNFOLDED, &name);
	key(b, "name");
	add_buf(b, &name);
	buf_free(&name);
	if (c->abi != ABI_X86_64)
		buf_fmt(b, ",\"abi\":\"%s\"", abi_name(c->abi));
}

/* The whole text, as its line has it; then each argument's number. */
static void add_arguments(struct buf *b, struct thread *thr)
{
	struct args_call *c = &thr->call;
	unsigned n = args_count(c);
	struct buf text = {0};

	args_leave(&thr->line, c, &text);
	key(b, "text");
	add_buf(b, &text);
	key(b, "args");
	for (unsigned i = 0; i < n; i++)
		buf_fmt(b, "%c%llu", i ? ',' : '[', (unsigned long long)c->arg[i]);
	buf_str(b, n ? "]" : "[]");
	buf_free(&text);
}

static void add_result(struct buf *b, const struct args_call *c)
{
	struct buf text = {0};
	const char *name;

	if (!c->done)
		return;
	if (c->error) {
		buf_fmt(b, ",\"errno\":%d", c->error);
		name = errname(c->error);
		if (name)
			buf_fmt(b, ",\"error\":\"%s\"", name);
	} else {
		buf_fmt(b, ",\"result\":%lld", (long long)c->result);
	}
	args_add_result(c, &text);
	key(b, "shown");
	add_buf(b, &text);
	buf_free(&text);
}

static void add_words(struct buf *b, const char *name, const struct buf *words)
{
	key(b, name);
	buf_chr(b, '[');
	for (size_t i = 0; i < words->len; i += strlen(words->data + i) + 1) {
		buf_str(b, i ? "," : "");
		add_string(b, words->data + i, strlen(words->data + i));
	}
	buf_chr(b, ']');
}

static void add_exec(struct truss *t, struct buf *b, struct thread *thr)
{
	struct exec_stack s;
	struct buf words = {0};

	exec_stack_read(thr, &s);
	if (s.argc < 0)
		return;
	buf_fmt(b, ",\"argc\":%d", s.argc);
	if (t->o->args) {
		exec_add_words(thr, &s, s.argv, &words);
		add_words(b, "argv", &words);
	}
	if (t->o->envs) {
		buf_clear(&words);
		exec_add_words(thr, &s, s.envp, &words);
		add_words(b, "envp", &words);
	}
	buf_free(&words);
}

static void add_details(struct truss *t, struct buf *b, struct thread *thr)
{
	struct buf more = {0};

	if (set_has(&t->o->verbose, options_call_bit(thr->call.ent))) {
		buf_add(&more, thr->inputs.data, thr->inputs.len);
		if (!thr->executed)
			structs_add(&thr->call, STRUCTS_INOUT | STRUCTS_OUT, &more);
		add_lines(b, "structures", &more);
	}
	add_lines(b, "data", &thr->data);
	buf_free(&more);
}

static void json_call(struct truss *t, struct thread *thr)
{
	struct buf *b = start(t, thr, "syscall");

	add_name(b, &thr->call);
	add_arguments(b, thr);
	add_result(b, &thr->call);
	if (thr->call.done) {
		key(b, "elapsed");
		add_seconds(b, t->now - thr->entered);
	}
	if (thr->executed)
		add_exec(t, b, thr);
	add_details(t, b, thr);
	end(t);
}

static void json_sleeping(struct truss *t, struct thread *thr)
{
	struct buf *b = start(t, thr, "sleeping");

	add_name(b, &thr->call);
	add_arguments(b, thr);
	key(b, "elapsed");
	add_seconds(b, t->now - thr->entered);
	end(t);
}

static void json_birth(struct truss *t, struct thread *thr, const struct shown_birth *born)
{
	struct buf *b = start(t, thr, born->thread ? "thread" : "process");

	buf_fmt(b, ",\"parent\":%d,\"call\":\"%s\"", (int)born->parent, born->call);
	end(t);
}

static void add_siginfo(struct buf *b, const siginfo_t *info)
{
	struct buf text = {0};

	signame_add(&text, info->si_signo);
	buf_fmt(b, ",\"signal\":%d,\"name\":\"%s\",\"code\":%d", info->si_signo, buf_cstr(&text),
		info->si_code);
	buf_clear(&text);
	signame_add_info(&text, info);
	key(b, "siginfo");
	add_buf(b, &text);
	buf_free(&text);
}

static void json_signal(struct truss *t, struct thread *thr, const struct shown_signal *s)
{
	static const char *const words[] = {"default", "ignored", "caught"};
	struct buf *b = start(t, thr, s->continued ? "continued" : "signal");

	add_siginfo(b, &s->info);
	buf_fmt(b, ",\"disposition\":\"%s\"", words[s->disposition]);
	end(t);
}

static void json_fault(struct truss *t, struct thread *thr, const struct shown_fault *f)
{
	struct buf *b = start(t, thr, "fault");
	const char *name = fault_name(f->fault);

	buf_fmt(b, ",\"fault\":%d,\"fault_name\":\"%s\",\"pc\":%llu", f->fault,
		name ? name : "FLT?", (unsigned long long)f->pc);
	add_siginfo(b, &f->info);
	end(t);
}

static void json_stopped(struct truss *t, struct thread *thr, int signal)
{
	struct buf *b = start(t, thr, "stopped"), name = {0};

	signame_add(&name, signal);
	buf_fmt(b, ",\"signal\":%d,\"name\":\"%s\"", signal, buf_cstr(&name));
	buf_free(&name);
	end(t);
}

static void json_death(struct truss *t, struct thread *thr, const struct trace_stop *how)
{
	bool last = thr->tid == thr->process->pid;
	struct buf *b = start(t, thr, last ? "exit" : "thread-exit");

	if (how->signal)
		buf_fmt(b, ",\"signal\":%d,\"core\":%s", how->signal, how->core ? "true" : "false");
	else
		buf_fmt(b, ",\"status\":%d", how->status);
	end(t);
}

static void json_note(struct truss *t, struct thread *thr, const char *words)
{
	struct buf *b = start(t, thr, "note");

	key(b, "words");
	add_string(b, words, strlen(words));
	end(t);
}

static void json_command(struct truss *t, struct thread *thr, const char *line)
{
	struct buf *b = start(t, thr, "attached"), text = {0};

	escape_add(&text, line, strlen(line));
	key(b, "command");
	add_buf(b, &text);
	buf_free(&text);
	end(t);
}

static void json_begin(struct truss *t)
{
	(void)t;
}

const struct show show_json = {
	.begin = json_begin,
	.call = json_call,
	.sleeping = json_sleeping,
	.birth = json_birth,
	.signal = json_signal,
	.fault = json_fault,
	.stopped = json_stopped,
	.death = json_death,
	.note = json_note,
	.command = json_command,
};
