/* SPDX-License-Identifier: MIT */
#include "show.h"

#include <errno.h>
#include <string.h>

#include "base/escape.h"
#include "calls.h"
#include "groups.h"
#include "kernel.h"
#include "notes.h"
#include "sources.h"
#include "sys/signame.h"

#define COMMAND_COLUMNS 70
#define HEADER_COLUMNS  62
#define NAME_LEAST      8 /* of a name behind an address of 8 digits */
#define PAGE_BYTES      65536

struct page {
	struct cli *c;
	const struct opts *o;
	struct picture *pic;
	struct buf text;
};

static void add_pc(struct page *p, uint64_t pc)
{
	static const char digits[] = "0123456789abcdef";
	unsigned n = p->pic->narrow ? 8 : 16;
	char line[18] = {' '};

	for (unsigned i = n; i > 0; i--, pc >>= 4)
		line[i] = digits[pc & 15];
	line[n + 1] = ' ';
	buf_add(&p->text, line, n + 2);
}

static void add_blank_pc(struct page *p, const char *word)
{
	buf_fmt(&p->text, " %-*s ", p->pic->narrow ? 8 : 16, word);
}

static void add_name(struct page *p, const char *name)
{
	size_t len = strlen(name);

	buf_add(&p->text, name, len);
	for (; p->pic->narrow && len < NAME_LEAST; len++)
		buf_chr(&p->text, ' ');
}

static void note(const char *text, size_t len, void *arg)
{
	struct page *p = arg;

	buf_str(&p->text, "\t** ");
	buf_add(&p->text, text, len);
	buf_str(&p->text, " **\n");
}

/* " in libc.so.6 (read.c:26)" */
static void add_where(struct page *p, const char *module, const struct source *src)
{
	if (module) {
		buf_str(&p->text, " in ");
		escape_add(&p->text, module, strlen(module));
	}
	if (!src || !src->file)
		return;
	buf_str(&p->text, " (");
	escape_add(&p->text, src->file, strlen(src->file));
	if (src->line)
		buf_fmt(&p->text, ":%u", src->line);
	buf_chr(&p->text, ')');
}

static void add_inlined(struct page *p, const struct source *src)
{
	add_blank_pc(p, "");
	if (src->function)
		symbols_add_name(&p->text, src->function, p->o->raw);
	else
		buf_str(&p->text, "????????");
	buf_str(&p->text, " () [inlined]");
	add_where(p, NULL, src);
	buf_chr(&p->text, '\n');
}

static void add_frame(struct page *p, const struct thread *t, size_t i)
{
	const struct frame *f = &picture_frames(p->pic, t)[i];
	uint64_t at = frame_lookup(f);
	const struct symbol *s = names_symbol(&p->pic->names, at);
	const struct name *name = names_text(&p->pic->names, at, p->o->raw);
	struct sources src = {.n = 0};
	struct buf args = {0};

	if (p->o->verbose)
		sources_of(p->pic, at, &src);
	for (size_t k = 0; k + 1 < src.n; k++)
		add_inlined(p, &src.v[k]);
	if (p->o->args)
		(void)!sources_args(p->pic, t, i, &args);
	add_pc(p, f->pc);
	add_name(p, name ? name->text : "");
	if (args.len || !name || !name->has_params) {
		buf_str(&p->text, " (");
		buf_add(&p->text, buf_cstr(&args), args.len);
		buf_chr(&p->text, ')');
	}
	if (s->name && f->pc != s->start) {
		buf_str(&p->text, " + ");
		buf_hex(&p->text, f->pc - s->start);
	}
	if (p->o->verbose)
		add_where(p,
			s->module        ? s->module
				: s->jit ? "JIT"
					 : NULL,
			src.n ? &src.v[src.n - 1] : NULL);
	buf_chr(&p->text, '\n');
	buf_free(&args);
}

static void add_signal(struct page *p, unsigned sig)
{
	buf_str(&p->text, " --- called from signal handler");
	if (sig) {
		buf_fmt(&p->text, " with signal %u (", sig);
		signame_add(&p->text, sig);
		buf_chr(&p->text, ')');
	}
	buf_str(&p->text, " ---\n");
}

/* args: whether they are the same for all whom the line stands for. */
static void add_call(struct page *p, const struct thread *t, const struct call *call, bool args)
{
	add_pc(p, t->snap.context.pc);
	buf_fmt(&p->text, "%-*s (", NAME_LEAST, call->name);
	for (unsigned i = 0; args && i < call->nargs; i++) {
		if (i)
			buf_str(&p->text, ", ");
		buf_hex(&p->text, call->arg[i]);
	}
	buf_str(&p->text, args ? ")\n" : "...)\n");
}

static void add_kernel(const char *name, size_t len, unsigned long offset, void *arg)
{
	struct page *p = arg;

	add_blank_pc(p, "[kernel]");
	escape_add(&p->text, name, len);
	buf_str(&p->text, " ()");
	if (offset)
		buf_fmt(&p->text, " + %lx", offset);
	buf_chr(&p->text, '\n');
}

static void add_frames(struct page *p, const struct thread *t, const struct call *call)
{
	const struct frame *f = picture_frames(p->pic, t);

	for (size_t i = call->in_stub; i < t->frames; i++) {
		add_frame(p, t, i);
		if (f[i].trampoline)
			add_signal(p, f[i].signal);
		if (p->text.len >= PAGE_BYTES)
			cli_write(p->c, &p->text);
	}
}

/* ---- headers ---- */

/* Centred, at least two dashes on each side. */
static void add_centred(struct page *p, const struct buf *text)
{
	size_t columns = text->len + 2, left = 2, right = 2;

	if (columns + 4 < HEADER_COLUMNS) {
		left = (HEADER_COLUMNS - columns) / 2;
		right = HEADER_COLUMNS - columns - left;
	}
	while (left--)
		buf_chr(&p->text, '-');
	buf_fmt(&p->text, " %s ", buf_cstr(text));
	while (right--)
		buf_chr(&p->text, '-');
	buf_chr(&p->text, '\n');
}

static void add_thread_header(struct page *p, const struct thread *t)
{
	struct buf text = {0};

	buf_fmt(&text, "thread# %d / lwp# %d", (int)t->snap.tid, (int)t->snap.tid);
	if (*t->name) {
		buf_str(&text, " [");
		escape_add(&text, t->name, strlen(t->name));
		buf_chr(&text, ']');
	}
	add_centred(p, &text);
	p->text.failed |= text.failed;
	buf_free(&text);
}

static void add_group_header(struct page *p, const size_t *member, size_t n)
{
	struct buf text = {0};

	buf_fmt(&text, "%zu threads# ", n);
	for (size_t i = 0; i < n;) {
		pid_t tid = p->pic->thread[member[i]].snap.tid;
		size_t run = 1;

		while (i + run < n && p->pic->thread[member[i + run]].snap.tid == tid + (pid_t)run)
			run++;
		buf_fmt(&text, "%s%d", i ? "," : "", (int)tid);
		if (run > 1)
			buf_fmt(&text, "-%d", (int)(tid + (pid_t)run - 1));
		i += run;
	}
	add_centred(p, &text);
	p->text.failed |= text.failed;
	buf_free(&text);
}

/* ---- a thread, or several with the same stack ---- */

static bool same_args(const struct picture *pic, const size_t *member, size_t n, unsigned nargs)
{
	const uint64_t *first = pic->thread[member[0]].snap.arg;

	for (size_t i = 1; i < n; i++) {
		if (memcmp(first, pic->thread[member[i]].snap.arg, nargs * sizeof(*first)) != 0)
			return false;
	}
	return true;
}

static void note_of_one(const char *text, size_t len, void *arg)
{
	note(text, len, arg);
}

/* Of several: "12: waits for ..." */
struct one_of {
	struct page *p;
	pid_t tid;
};
static void note_of_several(const char *text, size_t len, void *arg)
{
	const struct one_of *one = arg;

	buf_fmt(&one->p->text, "\t** %d: ", (int)one->tid);
	buf_add(&one->p->text, text, len);
	buf_str(&one->p->text, " **\n");
}

static void add_group(struct page *p, const size_t *member, size_t n)
{
	const struct thread *t = &p->pic->thread[member[0]];
	struct call call = call_of(p->pic, t);

	if (n > 1)
		add_group_header(p, member, n);
	else if (p->pic->n > 1)
		add_thread_header(p, t);
	kernel_each(t, add_kernel, p);
	if (*call.name)
		add_call(p, t, &call, same_args(p->pic, member, n, call.nargs));
	add_frames(p, t, &call);
	for (size_t i = 0; n > 1 && i < n; i++) {
		const struct thread *one = &p->pic->thread[member[i]];
		struct one_of arg = {p, one->snap.tid};
		struct call its = call_of(p->pic, one);

		notes_each(p->pic, one, &its, note_of_several, &arg);
	}
	if (n == 1)
		notes_each(p->pic, t, &call, note_of_one, p);
}

static void add_header(struct page *p, const char *operand)
{
	if (p->pic->core) {
		buf_str(&p->text, "core '");
		escape_add(&p->text, operand, strlen(operand));
		buf_str(&p->text, "' of ");
	}
	buf_fmt(&p->text, "%d:\t", (int)proc_pid(p->pic->p));
	escape_add_columns(
		&p->text, buf_cstr(&p->pic->command), p->pic->command.len, COMMAND_COLUMNS);
	buf_chr(&p->text, '\n');
}

int show_text(struct cli *c, const struct opts *o, struct picture *pic, const char *operand)
{
	struct page p = {.c = c, .o = o, .pic = pic};
	struct groups g;
	int err = groups_make(pic, o->same ? GROUPS_STACK : GROUPS_ALONE, &g);

	if (err)
		return err;
	add_header(&p, operand);
	notes_each_process(pic, note, &p);
	for (size_t i = 0; i < g.n; i++)
		add_group(&p, g.member + g.from[i], g.from[i + 1] - g.from[i]);
	notes_each_unread(pic, note, &p);
	err = p.text.failed ? -ENOMEM : 0;
	cli_write(c, &p.text);
	buf_free(&p.text);
	groups_free(&g);
	return err;
}
