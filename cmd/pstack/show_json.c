/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "calls.h"
#include "groups.h"
#include "kernel.h"
#include "notes.h"
#include "proc/core_proc.h"
#include "show.h"
#include "sources.h"
#include "sys/signame.h"

static void set(json_t *o, const char *key, json_t *v)
{
	(void)!json_object_set_new(o, key, v);
}

static void set_text(json_t *o, const char *key, const char *s)
{
	if (s)
		set(o, key, json_bytes(s, strlen(s)));
}

static void set_number(json_t *o, const char *key, uint64_t v)
{
	set(o, key, json_integer((json_int_t)v));
}

static void add_note(const char *text, size_t len, void *arg)
{
	/* Escaped already: as it is. */
	(void)!json_array_append_new(arg, json_stringn(text, len));
}

static void set_notes(json_t *o, json_t *notes)
{
	if (json_array_size(notes))
		set(o, "notes", notes);
	else
		json_decref(notes);
}

static json_t *source_json(const struct source *src, const struct opts *o)
{
	json_t *v = json_object();

	if (src->function) {
		struct buf name = {0};

		symbols_add_name(&name, src->function, o->raw);
		set(v, "function", json_stringn(buf_cstr(&name), name.len));
		buf_free(&name);
	}
	set_text(v, "file", src->file);
	if (src->line)
		set_number(v, "line", src->line);
	if (src->column)
		set_number(v, "column", src->column);
	return v;
}

static void set_sources(json_t *v, struct picture *pic, const struct opts *o, uint64_t at)
{
	struct sources src;
	json_t *inlined;

	sources_of(pic, at, &src);
	if (!src.n)
		return;
	set_text(v, "file", src.v[src.n - 1].file);
	if (src.v[src.n - 1].line)
		set_number(v, "line", src.v[src.n - 1].line);
	if (src.n == 1)
		return;
	inlined = json_array();
	for (size_t i = 0; i + 1 < src.n; i++)
		(void)!json_array_append_new(inlined, source_json(&src.v[i], o));
	set(v, "inlined", inlined);
}

static const char *how_word(enum frame_how how)
{
	static const char *const words[] = {[FRAME_FIRST] = "registers",
		[FRAME_CFI] = "cfi",
		[FRAME_POINTER] = "frame pointer",
		[FRAME_LEAF] = "leaf"};

	return words[how];
}

static json_t *frame_json(
	struct picture *pic, const struct opts *o, const struct thread *t, size_t i)
{
	const struct frame *f = &picture_frames(pic, t)[i];
	uint64_t at = frame_lookup(f);
	const struct symbol *s = names_symbol(&pic->names, at);
	const struct name *name = names_text(&pic->names, at, o->raw);
	json_t *v = json_object();
	struct buf args = {0};

	set_number(v, "pc", f->pc);
	if (s->name) {
		set(v, "function", name ? json_string(name->text) : NULL);
		set_text(v, "symbol", s->name);
		set_number(v, "offset", f->pc - s->start);
	}
	set_text(v, "module", s->module);
	if (s->module)
		set_number(v, "module_address", at - s->bias);
	if (s->jit)
		set(v, "jit", json_true());
	set(v, "how", json_string(how_word(f->how)));
	if (f->trampoline) {
		set(v, "trampoline", json_true());
		if (f->signal)
			set_number(v, "signal", f->signal);
	}
	if (o->verbose)
		set_sources(v, pic, o, at);
	if (o->args && sources_args(pic, t, i, &args))
		set(v, "args", json_stringn(buf_cstr(&args), args.len));
	buf_free(&args);
	return v;
}

static json_t *call_json(const struct thread *t, const struct call *call)
{
	json_t *v = json_object(), *args = json_array();

	set(v, "name", json_string(call->name));
	set_number(v, "number", (uint64_t)t->snap.nr);
	for (unsigned i = 0; i < call->nargs; i++)
		(void)!json_array_append_new(args, json_integer((json_int_t)call->arg[i]));
	set(v, "args", args);
	return v;
}

static json_t *wait_json(const struct wait *w)
{
	json_t *v = json_object();

	set(v, "for", json_string(wait_word(w->kind)));
	if (w->addr)
		set_number(v, "address", w->addr);
	if (w->holder)
		set_number(v, w->is_process ? "holder_pid" : "holder", (uint64_t)w->holder);
	if (w->readers)
		set_number(v, "readers", w->readers);
	if (w->holder_gone)
		set(v, "holder_gone", json_true());
	return v;
}

static void add_kernel(const char *name, size_t len, unsigned long offset, void *arg)
{
	json_t *v = json_object();

	set(v, "function", json_bytes(name, len));
	set_number(v, "offset", offset);
	(void)!json_array_append_new(arg, v);
}

static const char *taken_word(enum snap_how how)
{
	static const char *const words[] = {[SNAP_NONE] = "nothing",
		[SNAP_ASLEEP] = "asleep",
		[SNAP_STOPPED] = "stopped",
		[SNAP_CORE] = "core"};

	return words[how];
}

static void set_stack(json_t *v, struct picture *pic, const struct opts *o, const struct thread *t)
{
	json_t *frames = json_array();

	for (size_t i = 0; i < t->frames; i++)
		(void)!json_array_append_new(frames, frame_json(pic, o, t, i));
	set(v, "frames", frames);
	set(v, "complete", json_boolean(t->snap.how != SNAP_NONE && t->end.end == UNWIND_BOTTOM));
}

static json_t *thread_json(struct picture *pic, const struct opts *o, const struct thread *t)
{
	struct call call = call_of(pic, t);
	struct wait w = wait_of(pic, t, &call);
	json_t *v = json_object(), *notes = json_array();

	set_number(v, "tid", (uint64_t)t->snap.tid);
	if (*t->name)
		set_text(v, "name", t->name);
	set(v, "read", json_string(taken_word(t->snap.how)));
	if (t->zombie)
		set(v, "zombie", json_true());
	if (t->snap.how == SNAP_STOPPED)
		set_number(v, "stopped_ns", t->snap.held_ns);
	if (*call.name)
		set(v, "call", call_json(t, &call));
	if (w.kind != WAIT_NONE)
		set(v, "wait", wait_json(&w));
	if (o->kernel && t->kernel.len) {
		json_t *kernel = json_array();

		kernel_each(t, add_kernel, kernel);
		set(v, "kernel", kernel);
	}
	set_stack(v, pic, o, t);
	notes_each(pic, t, &call, add_note, notes);
	set_notes(v, notes);
	return v;
}

static json_t *death_json(const struct picture *pic)
{
	struct core_death d = proc_core_death(pic->p);
	json_t *v = json_object();

	set_number(v, "signal", (uint64_t)d.signal);
	set(v, "signal_name", json_string(signame(d.signal) ? signame(d.signal) : ""));
	set(v, "code", json_integer(d.code));
	if (d.has_addr)
		set_number(v, "address", d.addr);
	set_number(v, "tid", (uint64_t)proc_core_thread(pic->p, 0)->tid);
	return v;
}

/* -u: each stack once, with those that have it. */
static json_t *threads_json(struct picture *pic, const struct opts *o, const struct groups *g)
{
	json_t *threads = json_array();

	for (size_t i = 0; i < g->n; i++) {
		json_t *v = thread_json(pic, o, &pic->thread[g->member[g->from[i]]]);

		if (o->same) {
			json_t *tids = json_array();

			for (size_t k = g->from[i]; k < g->from[i + 1]; k++)
				(void)!json_array_append_new(
					tids, json_integer(pic->thread[g->member[k]].snap.tid));
			set(v, "tids", tids);
		}
		(void)!json_array_append_new(threads, v);
	}
	return threads;
}

static void put(struct cli *c, json_t *v, int *err)
{
	struct buf text = {0};

	json_put(&text, v);
	buf_chr(&text, '\n');
	if (text.failed)
		*err = -ENOMEM;
	else
		cli_write(c, &text);
	buf_free(&text);
}

int show_json(struct cli *c, const struct opts *o, struct picture *pic, const char *operand)
{
	json_t *v = json_object(), *notes = json_array(), *threads;
	struct groups g;
	int err = groups_make(pic, o->same ? GROUPS_STACK : GROUPS_ALONE, &g);

	if (err) {
		json_decref(v);
		json_decref(notes);
		return err;
	}
	set_number(v, "pid", (uint64_t)proc_pid(pic->p));
	set(v, "command", json_bytes(buf_cstr(&pic->command), pic->command.len));
	if (pic->core) {
		set_text(v, "core", operand);
		if (proc_core_death(pic->p).signal)
			set(v, "killed", death_json(pic));
	}
	if (pic->tracer)
		set_number(v, "tracer", (uint64_t)pic->tracer);
	if (pic->held)
		set_number(v, "held_ns", pic->held_ns);
	notes_each_process(pic, add_note, notes);
	threads = threads_json(pic, o, &g);
	notes_each_unread(pic, add_note, notes);
	set_notes(v, notes);
	set(v, "threads", threads);
	groups_free(&g);
	put(c, v, &err);
	return err;
}

void show_system_process(struct cli *c, const struct opts *o, pid_t pid, const struct buf *command)
{
	struct buf text = {0};
	int err = 0;

	if (o->json) {
		json_t *v = json_object();

		set_number(v, "pid", (uint64_t)pid);
		set(v, "command", json_bytes(buf_cstr(command), command->len));
		set(v, "system_process", json_true());
		set(v, "threads", json_array());
		put(c, v, &err);
		return;
	}
	if (!o->flame) {
		buf_fmt(&text, "%d:\t", (int)pid);
		buf_add(&text, buf_cstr(command), command->len);
		buf_str(&text, "\n  [system process]\n");
		cli_write(c, &text);
	}
	buf_free(&text);
}
