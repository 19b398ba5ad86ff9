/* SPDX-License-Identifier: MIT */
/*
 * Who is read, and who is stopped
 *
 * All threads are looked at first; most sleep, and are read as they lie. Those that ran are looked at again, a
 * moment later. Who has not slept in between, and so will hardly do so in the next microseconds, is stopped. Who comes
 * and goes, as the threads of a busy server do, is looked at some times more, until it is seen asleep: to stop
 * it might catch it in the first instant of a call that a stop interrupts. Only who never is gets stopped all the
 * same; and where it has gone to sleep by then it is read asleep after all, in a bounded dance of a few steps.
 */
#include "take.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "ctl/victim.h"
#include "proc/core_proc.h"
#include "proc/status.h"
#include "proc/threads.h"

#define MANY   64
#define ROUNDS 12
#define STOPS_NS                                                                                   \
	UINT64_C(                                                                                  \
		5000000000) /* for all stops: with more threads that run than CPUs each waits for its turn */
#define DANCE       8
#define MOMENT_NS   50000
#define HOLD_TRIES  3
#define COMMAND_MAX 4096

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void take_name(const struct picture *pic, struct thread *t)
{
	ssize_t n = thread_file(pic->p, t->snap.tid, "comm", t->name, sizeof(t->name));

	if (n > 0 && t->name[n - 1] == '\n')
		t->name[n - 1] = '\0';
}

static bool has_exited(const struct picture *pic, struct thread *t)
{
	t->state = thread_state(pic->p, t->snap.tid);
	return strchr("ZX?", t->state) != NULL;
}

/* Mappings made since: the stack of a new thread. */
static int read_maps_again(struct taking *t)
{
	return spans_read(t->pic->p, &t->pic->maps);
}

/* True when there is nothing more to find out about it. */
static bool read_asleep(struct taking *t, struct thread *thread, size_t most)
{
	struct snap s;
	enum sleeper_look look = sleeper_read(&t->sleepers, thread->snap.tid, most, &s);

	if (look == SLEEPER_READ && !s.pieces && !read_maps_again(t))
		look = sleeper_read(&t->sleepers, thread->snap.tid, most, &s);
	if (look == SLEEPER_READ) {
		thread->snap = s;
		thread->why = 0;
		return true;
	}
	if (look == SLEEPER_RUNS || look == SLEEPER_MOVED) {
		thread->snap.ran = look == SLEEPER_RUNS ? s.ran : 0;
		return false;
	}
	thread->zombie = has_exited(t->pic, thread);
	thread->why = thread->zombie ? ERR_ZOMBIE : look == SLEEPER_DENIED ? ERR_PERM : ERR_GONE;
	return true;
}

static int may_stop(struct taking *t, struct thread *thread, bool runners)
{
	const struct victim_wish wish = {.narrow = t->pic->narrow, .runners = runners};

	return victim_may_stop(t->pic->p, thread->snap.tid, &wish, &thread->victim);
}

/* thread->victim: as it was looked at. */
static int stop(struct taking *t, struct thread *thread, size_t most)
{
	struct picture *pic = t->pic;
	struct snap s;
	int err = 0;

	if (!t->capture)
		err = capture_open(pic->p, &pic->maps, pic->arena, &t->capture);
	if (!err)
		err = capture_thread(t->capture, &thread->victim, most, &s);
	if (!err && !s.pieces && !read_maps_again(t))
		err = capture_thread(t->capture, &thread->victim, most, &s);
	if (err)
		return err;
	thread->snap = s;
	thread->why = 0;
	pic->stopped++;
	if (s.held_ns > pic->longest_ns)
		pic->longest_ns = s.held_ns;
	return 0;
}

/* Held by pstop: its keeper says the registers that a sleeping thread does not show. */
static int read_kept(struct taking *t, struct thread *thread, size_t most)
{
	struct picture *pic = t->pic;
	int err = 0;

	if (!t->capture)
		err = capture_open(pic->p, &pic->maps, pic->arena, &t->capture);
	if (err || capture_kept(t->capture, thread->snap.tid, most, &thread->snap))
		return err ? err : ERR_TRACED;
	thread->why = 0;
	return 0;
}

/* One that runs: stopped, or read if it has gone to sleep meanwhile. */
static void stop_or_read(struct taking *t, struct thread *thread)
{
	for (int i = 0; i < DANCE; i++) {
		int err = may_stop(t, thread, true);

		if (!err)
			err = stop(t, thread, SNAP_MOST);
		if (!err || read_asleep(t, thread, SNAP_MOST))
			return;
		thread->why = err;
		if (err == ERR_TRACED)
			return;
		if (err == ERR_GONE && has_exited(t->pic, thread)) {
			thread->zombie = true;
			return;
		}
	}
}

/* True of those that are still to be copied. */
static bool open_question(const struct thread *t)
{
	return t->snap.how == SNAP_NONE && !t->why;
}

/* Runs, and has been on its CPU, or waited for one, since the look before: it does not come and go. */
static bool runs_on(const struct thread *t, uint64_t before)
{
	return t->snap.ran && t->snap.ran == before;
}

/* One more look at each that is left; how many are left then. */
static size_t take_round(struct taking *t)
{
	struct picture *pic = t->pic;
	size_t left = 0;

	for (size_t i = 0; i < pic->n; i++) {
		struct thread *thread = &pic->thread[i];
		uint64_t before = thread->snap.ran;

		if (!open_question(thread) || read_asleep(t, thread, SNAP_MOST))
			continue;
		if (runs_on(thread, before) && now_ns() < t->deadline)
			stop_or_read(t, thread);
		left += open_question(thread);
	}
	return left;
}

static void take_each(struct taking *t)
{
	struct timespec moment = {.tv_nsec = MOMENT_NS};
	struct picture *pic = t->pic;

	t->deadline = now_ns() + STOPS_NS;
	for (int round = 0; take_round(t) && round < ROUNDS; round++)
		nanosleep(&moment, NULL);
	for (size_t i = 0; i < pic->n; i++) {
		struct thread *thread = &pic->thread[i];

		if (!open_question(thread))
			continue;
		if (now_ns() < t->deadline)
			stop_or_read(t, thread);
		else
			thread->why = ERR_TIMEOUT;
	}
}

/* ---- two at once ---- */

/* A share of the threads, and where their copies go: a share that is not ours has an arena of its own. */
struct part {
	const struct picture *pic;
	struct sleepers sleepers;
	struct thread *from, *to;
};

/* A first look at each. Who does not sleep, or has a stack that is in no mapping yet, is left for the rounds. */
static void *read_part(void *arg)
{
	struct part *part = arg;

	for (struct thread *t = part->from; t < part->to; t++) {
		struct snap s;
		enum sleeper_look look = sleeper_read(&part->sleepers, t->snap.tid, SNAP_MOST, &s);

		if (look == SLEEPER_READ && s.pieces)
			t->snap = s;
		else if (look == SLEEPER_RUNS)
			t->snap.ran = s.ran;
		take_name(part->pic, t);
	}
	return NULL;
}

/* From its own arena into the common one. */
static void bring_together(const struct part *part, struct snap_arena *to)
{
	const struct snap_arena *from = part->sleepers.arena;
	size_t at, n = from->used;

	if (n > snap_arena_room(to))
		n = 0;
	memcpy(snap_arena_end(to), from->base, n);
	at = snap_arena_take(to, n);
	for (struct thread *t = part->from; t < part->to; t++) {
		if (n < from->used)
			t->snap = (struct snap){.tid = t->snap.tid, .nr = -1};
		for (unsigned i = 0; i < t->snap.pieces; i++)
			t->snap.piece[i].at += at;
	}
}

/* Opening the files of a thread takes the kernel longer than all else: of many threads, two at a time. */
static void read_many(struct taking *t)
{
	struct picture *pic = t->pic;
	struct thread *middle = pic->thread + pic->n / 2;
	struct part ours = {pic, t->sleepers, pic->thread, middle};
	struct part theirs = {pic, t->sleepers, middle, pic->thread + pic->n};
	pthread_t second;

	if (pic->n < MANY || snap_arena_open(&theirs.sleepers.arena))
		return;
	if (pthread_create(&second, NULL, read_part, &theirs) == 0) {
		read_part(&ours);
		pthread_join(second, NULL);
		bring_together(&theirs, pic->arena);
	}
	snap_arena_close(theirs.sleepers.arena);
}

static bool wanted(const struct taking *t, pid_t tid)
{
	return !t->tids || tid_ranges_has(t->tids, tid);
}

static int list(struct taking *t)
{
	struct threads all = {0};
	int err = threads_list(t->pic->p, &all);

	for (size_t i = 0; !err && i < all.n; i++) {
		struct thread *thread = wanted(t, all.tid[i]) ? picture_add(t->pic) : NULL;

		if (thread)
			thread->snap = (struct snap){.tid = all.tid[i], .nr = -1};
		else if (wanted(t, all.tid[i]))
			err = -ENOMEM;
	}
	threads_free(&all);
	return err;
}

/* Threads made since the maps were read have no stack in the copy. */
static bool all_have_stacks(const struct captured *all)
{
	for (size_t i = 0; i < all->n; i++) {
		if (!all->v[i].pieces)
			return false;
	}
	return true;
}

static int hold_all(struct taking *t, struct captured *all)
{
	struct picture *pic = t->pic;
	int err = 0;

	for (int tries = 0; tries < HOLD_TRIES; tries++) {
		pic->arena->used = 0;
		err = capture_all(pic->p, &pic->maps, pic->arena, SNAP_MOST, all);
		if (err || all_have_stacks(all) || tries + 1 == HOLD_TRIES)
			break;
		free(all->v);
		err = read_maps_again(t);
		if (err)
			break;
	}
	pic->culprit = all->culprit;
	pic->held_ns = all->held_ns;
	pic->stopped = all->n;
	pic->held = true;
	return err;
}

/* -H. The first thread, if it has exited, is not among those who stop. */
static int take_held(struct taking *t)
{
	struct picture *pic = t->pic;
	struct captured all;
	int err = hold_all(t, &all);

	if (err)
		return err;
	if (all.n && all.v[0].tid != proc_pid(pic->p) && wanted(t, proc_pid(pic->p))) {
		struct thread *thread = picture_add(pic);

		if (thread) {
			thread->snap = (struct snap){.tid = proc_pid(pic->p), .nr = -1};
			thread->zombie = has_exited(pic, thread);
			thread->why = ERR_ZOMBIE;
		}
	}
	for (size_t i = 0; !err && i < all.n; i++) {
		struct thread *thread = wanted(t, all.v[i].tid) ? picture_add(pic) : NULL;

		if (thread)
			thread->snap = all.v[i];
		else if (wanted(t, all.v[i].tid))
			err = -ENOMEM;
	}
	free(all.v);
	return err;
}

/* Those that have gone are not shown; a zombie is there still: the first one, which the others outlive. */
static void drop_dead(struct picture *pic)
{
	size_t kept = 0;

	for (size_t i = 0; i < pic->n; i++) {
		struct thread *t = &pic->thread[i];

		if (t->why == ERR_GONE || (t->zombie && t->state != 'Z'))
			continue;
		pic->asleep += t->snap.how == SNAP_ASLEEP;
		pic->thread[kept++] = *t;
	}
	pic->n = kept;
}

static void take_tracer(struct picture *pic)
{
	struct status st;

	for (size_t i = 0; i < pic->n && !pic->tracer && i < 4; i++) {
		if (!status_read(pic->p, pic->thread[i].snap.tid, &st))
			pic->tracer = st.tracer;
	}
}

int take_live(struct taking *t)
{
	struct picture *pic = t->pic;
	int err = proc_cmdline(pic->p, COMMAND_MAX, &pic->command);

	if (err == ERR_GONE)
		return err;
	err = spans_read(pic->p, &pic->maps);
	if (!err)
		err = snap_arena_open(&pic->arena);
	if (err)
		return err;
	t->sleepers = (struct sleepers){
		.p = pic->p, .narrow = pic->narrow, .maps = &pic->maps, .arena = pic->arena};
	if (t->o->hold) {
		err = take_held(t);
	} else {
		err = list(t);
		if (!err)
			read_many(t);
		if (!err)
			take_each(t);
	}
	if (err)
		return err;
	drop_dead(pic);
	take_tracer(pic);
	for (size_t i = 0; i < pic->n; i++) {
		if (!*pic->thread[i].name)
			take_name(pic, &pic->thread[i]);
	}
	return 0;
}

void take_look(struct taking *t, struct thread *thread)
{
	/* One that slept is not stopped if it has begun to run. */
	thread->may_not = t->o->hold || t->pic->core
		? ERR_NOTSUP
		: may_stop(t, thread, thread->snap.how == SNAP_STOPPED);
}

int take_again(struct taking *t, struct thread *thread, size_t most)
{
	struct thread fresh = *thread;
	int err = thread->may_not;

	if (thread->snap.how == SNAP_ASLEEP && most > SNAP_MOST && read_asleep(t, &fresh, most) &&
		fresh.snap.how == SNAP_ASLEEP) {
		thread->snap = fresh.snap;
		return 0;
	}
	if (err == ERR_TRACED)
		return read_kept(t, thread, most);
	if (!err)
		err = stop(t, thread, most);
	if (!err && fresh.snap.how == SNAP_ASLEEP)
		t->pic->asleep--;
	return err;
}

void take_end(struct taking *t)
{
	capture_close(t->capture);
	t->capture = NULL;
}

static int by_tid(const void *a, const void *b)
{
	const struct thread *x = a, *y = b;

	return (x->snap.tid > y->snap.tid) - (x->snap.tid < y->snap.tid);
}

int take_core(struct picture *pic, const struct tid_ranges *tids)
{
	struct proc *p = pic->p;
	int err = spans_read(p, &pic->maps);

	if (!err)
		err = proc_cmdline(p, COMMAND_MAX, &pic->command);
	if (!err)
		err = snap_arena_open(&pic->arena);
	for (size_t i = 0; !err && i < proc_core_threads(p); i++) {
		const struct core_thread *from = proc_core_thread(p, i);
		bool want = !tids || tid_ranges_has(tids, from->tid);
		struct thread *t = want ? picture_add(pic) : NULL;
		struct snap *s = t ? &t->snap : NULL;
		size_t used;

		if (want && !t)
			err = -ENOMEM;
		if (!t)
			continue;
		*s = (struct snap){.tid = from->tid, .how = SNAP_CORE, .context = from->context};
		s->nr = context_call(&s->context, s->arg);
		used = snap_copy(s, &pic->maps, proc_core_read, p, snap_arena_end(pic->arena),
			snap_arena_room(pic->arena), SNAP_MOST);
		used = snap_arena_take(pic->arena, used);
		for (unsigned k = 0; k < s->pieces; k++)
			s->piece[k].at += used;
	}
	qsort(pic->thread, pic->n, sizeof(*pic->thread), by_tid);
	return err;
}
