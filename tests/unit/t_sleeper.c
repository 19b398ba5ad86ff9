/* SPDX-License-Identifier: MIT */
/* Stacks of sleeping threads, by either count; of stopped ones; of those that run, have gone, or hide. */
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/capture.h"
#include "ctl/victim.h"
#include "kids.h"
#include "proc/sleeper.h"
#include "tap.h"

struct scene {
	struct kid kid;
	struct proc *p;
	struct spans maps;
	struct snap_arena *arena;
	struct sleepers sleepers;
};

/* Sleeps with a word of its own above on the stack. */
static int sleeps(const struct kid_side *k, void *arg)
{
	volatile uint64_t mark[4] = {0, 0x5ca1ab1e0ddba11, 0, 0};

	(void)arg;
	kid_ready(k);
	kid_wait(k);
	return mark[1] != 0x5ca1ab1e0ddba11;
}

static int runs(const struct kid_side *k, void *arg)
{
	(void)arg;
	kid_ready(k);
	for (;;)
		__asm__ volatile("" ::: "memory");
	return 0;
}

static struct scene begin(int (*fn)(const struct kid_side *, void *))
{
	struct scene s = {.kid = kid_start(fn, NULL)};

	s.p = open_or_die(s.kid.pid);
	IS(spans_read(s.p, &s.maps), 0, "what is mapped");
	IS(snap_arena_open(&s.arena), 0, "room for copies");
	s.sleepers = (struct sleepers){.p = s.p, .arena = s.arena};
	return s;
}

static void end(struct scene *s)
{
	spans_free(&s->maps);
	snap_arena_close(s->arena);
	proc_close(s->p);
	kid_end(&s->kid);
}

static bool has_mark(const struct scene *s, const struct snap *snap)
{
	const uint64_t mark = 0x5ca1ab1e0ddba11;

	for (unsigned i = 0; i < snap->pieces; i++) {
		if (memmem(s->arena->base + snap->piece[i].at, snap->piece[i].len, &mark,
			    sizeof(mark)))
			return true;
	}
	return false;
}

static enum sleeper_look until_read(struct scene *s, struct snap *snap)
{
	enum sleeper_look look = SLEEPER_RUNS;

	for (int i = 0; i < 2000 && look != SLEEPER_READ; i++) {
		usleep(1000);
		look = sleeper_read(&s->sleepers, s->kid.pid, SNAP_MOST, snap);
	}
	return look;
}

static void test_asleep(void)
{
	struct scene s = begin(sleeps);
	struct snap by_sched, by_status, stopped;
	struct victim_wish wish = {0};
	struct capture *c = NULL;
	struct victim v;
	int err = ERR_NOVICTIM;

	s.sleepers.maps = &s.maps;
	IS(until_read(&s, &by_sched), SLEEPER_READ, "one that sleeps is read");
	OK(by_sched.how == SNAP_ASLEEP && by_sched.nr >= 0, "in its call");
	OK(has_mark(&s, &by_sched), "with what is on its stack");
	s.sleepers.counters = true;
	IS(until_read(&s, &by_status), SLEEPER_READ, "also by the counters in its status");
	IS(by_status.context.sp, by_sched.context.sp, "at the same place");
	OK(has_mark(&s, &by_status), "with the same stack");
	IS(capture_open(s.p, &s.maps, s.arena, &c), 0, "a capture");
	for (int i = 0; i < 100 && err; i++) {
		err = victim_may_stop(s.p, s.kid.pid, &wish, &v);
		if (!err)
			err = capture_thread(c, &v, SNAP_MOST, &stopped);
	}
	IS(err, 0, "it may be stopped");
	OK(!err && stopped.context.full && stopped.context.sp == by_sched.context.sp,
		"and is where it was, with all registers");
	OK(!err && has_mark(&s, &stopped), "with the same stack");
	capture_close(c);
	end(&s);
}

static void test_running(void)
{
	struct scene s = begin(runs);
	struct victim_wish wish = {0};
	struct victim v;
	struct snap snap;

	s.sleepers.maps = &s.maps;
	IS(sleeper_read(&s.sleepers, s.kid.pid, SNAP_MOST, &snap), SLEEPER_RUNS,
		"one that runs says so");
	OK(snap.ran > 0, "and how often it was put on a CPU");
	OK(victim_may_stop(s.p, s.kid.pid, &wish, &v) != 0,
		"it is not stopped unless that is wished");
	wish.runners = true;
	IS(victim_may_stop(s.p, s.kid.pid, &wish, &v), 0, "else it may be");
	IS(sleeper_read(&s.sleepers, 1 << 30, SNAP_MOST, &snap), SLEEPER_GONE,
		"one that is not there");
	kid_kill(&s.kid);
	end(&s);
}

int main(void)
{
	test_asleep();
	test_running();
	return tap_end();
}
