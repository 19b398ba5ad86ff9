/* SPDX-License-Identifier: MIT */
/*
 * The stacks of a process whose threads sleep, by common/sym alone: stacks [-n] [-q] [-v] PID. Nobody is stopped, and a thread
 * that runs or lacks a register is counted and left out; so it is no tool, but a measure of the library, beside eu-stack.
 * -n: no symbols; -q: count, do not print; -v: source lines. Times and counts on stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "proc/proc.h"
#include "proc/threads.h"
#include "sym/source.h"
#include "sym/space.h"
#include "sym/symbols.h"
#include "sym/unwind.h"

struct stacks {
	const struct proc *proc;
	struct space *space;
	struct unwind *unwind;
	struct frames frames;
	struct symbol *symbols;
	struct buf out;
	size_t *first; /* of each thread's frames */
	unsigned skipped, ends[UNWIND_LIMIT + 1];
	bool no_symbols, quiet, lines;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void one_thread(struct stacks *s, pid_t tid)
{
	static char copy[1 << 20];
	struct unwind_stack stack = {.bytes = copy};
	struct unwind_result result;
	struct thread_place place;
	struct space_map map;
	size_t before = s->frames.n;

	if (thread_place(s->proc, tid, &place) || place.running) {
		s->skipped++;
		return;
	}
	regs_from_sleep(&stack.regs, place.pc >> 32 ? REGS_X86_64 : REGS_I386, place.pc, place.sp);
	stack.start = place.sp;
	if (space_map_at(s->space, place.sp, &map))
		stack.size = map.end - place.sp < sizeof(copy) ? map.end - place.sp : sizeof(copy);
	if (proc_read_mem(s->proc, place.sp, copy, stack.size))
		stack.size = 0;
	if (unwind_thread(s->unwind, &stack, 0, &s->frames, &result))
		exit(3);
	s->ends[result.end]++;
	if (getenv("STACKS_TRACE"))
		fprintf(stderr, "%d: %zu frames, %s at %llx\n", tid, s->frames.n - before,
			unwind_end_str(result.end), (unsigned long long)result.where);
}

static void symbolise(struct stacks *s)
{
	s->symbols = calloc(s->frames.n + 1, sizeof(*s->symbols));
	for (size_t i = 0; i < s->frames.n; i++)
		s->symbols[i].addr = frame_lookup(&s->frames.v[i]);
	if (!s->no_symbols && symbols_find(s->space, s->symbols, s->frames.n))
		exit(3);
}

static int show_source(const struct source *src, void *arg)
{
	struct stacks *s = arg;

	buf_fmt(&s->out, "    %s%s at %s:%u:%u\n", src->function ? src->function : "?",
		src->inlined ? " (inlined)" : "", src->file ? src->file : "?", src->line,
		src->column);
	return 0;
}

static void show(struct stacks *s, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct symbol *sym = &s->symbols[i];

		buf_fmt(&s->out, "%s%-2zu 0x%016llx ", "#", i - from,
			(unsigned long long)s->frames.v[i].pc);
		if (sym->name)
			symbols_add_name(&s->out, sym->name, false);
		if (sym->plt)
			buf_str(&s->out, "@plt");
		if (s->frames.v[i].trampoline)
			buf_fmt(&s->out, " (signal %u)", s->frames.v[i].signal);
		buf_chr(&s->out, '\n');
		if (s->lines && source_each(s->space, sym->addr, show_source, s))
			exit(3);
	}
}

static void options(struct stacks *s, int argc, char **argv)
{
	for (int c; (c = getopt(argc, argv, "nqv")) != -1;) {
		if (c == 'n')
			s->no_symbols = true;
		else if (c == 'q')
			s->quiet = true;
		else if (c == 'v')
			s->lines = true;
		else
			exit(2);
	}
}

static void finish(struct stacks *s)
{
	unwind_close(s->unwind);
	space_close(s->space);
	frames_free(&s->frames);
	buf_free(&s->out);
	free(s->symbols);
	free(s->first);
}

int main(int argc, char **argv)
{
	static struct stacks s;
	struct threads threads = {0};
	double t0 = now_us(), t1, t2, t3, t4;
	struct proc *proc;

	options(&s, argc, argv);
	if (optind >= argc || proc_open(atoi(argv[optind]), &proc) || threads_list(proc, &threads))
		return 1;
	s.proc = proc;
	if (space_open_proc(proc, NULL, &s.space) || unwind_open(s.space, &s.unwind))
		return 1;
	t1 = now_us();
	s.first = calloc(threads.n + 1, sizeof(*s.first));
	for (size_t i = 0; i < threads.n; i++) {
		one_thread(&s, threads.tid[i]);
		s.first[i + 1] = s.frames.n;
	}
	t2 = now_us();
	symbolise(&s);
	t3 = now_us();
	for (size_t i = 0; i < threads.n && !s.quiet; i++) {
		buf_fmt(&s.out, "TID %d:\n", threads.tid[i]);
		show(&s, s.first[i], s.first[i + 1]);
	}
	if (write(1, buf_cstr(&s.out), s.out.len) < 0)
		return 1;
	t4 = now_us();
	fprintf(stderr,
		"threads=%zu frames=%zu skipped=%u bottom=%u needs=%u maps_us=%.0f unwind_us=%.0f symbols_us=%.0f "
		"show_us=%.0f\n",
		threads.n, s.frames.n, s.skipped, s.ends[UNWIND_BOTTOM], s.ends[UNWIND_NEEDS],
		t1 - t0, t2 - t1, t3 - t2, t4 - t3);
	finish(&s);
	threads_free(&threads);
	proc_close(proc);
	return 0;
}
