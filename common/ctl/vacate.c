/* SPDX-License-Identifier: MIT */
/*
 * Proof that nobody is in the cave, without stopping anybody. A thread that sleeps or is stopped shows
 * its pc. One that runs does not; but all that a thread can do in the cave, the longest waits
 * included, takes less time on a CPU than RUN_ENOUGH, so one that has run for longer since we began to
 * look is out.
 *
 * The handler: the thread that was diverted, going home alone, takes its pending signals in the cave.
 * A handler of the program then runs outside, for as long as it likes, and returns into the cave. So
 * that thread has to be seen asleep with no address of the cave anywhere on its stack, unless the program
 * has no handlers at all. One that never sleeps again keeps the bytes: to stop it for a look could cut a
 * write short (agent.c).
 */
#include "ctl/vacate.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "ctl/machine.h"
#include "proc/status.h"
#include "proc/threads.h"

#define CODE_MAX    2048
#define STAMP_YOUNG 400000000u /* ns: longer than an agent lives without a word from its tool */
#define RUN_ENOUGH  10000000u  /* ns */
#define CHECK_MS    300
#define STACK_MAX   (1u << 20) /* bytes of stack searched for a way back into the cave */
#define CHUNK       4096u

/* Threads seen running, and how long each had run by then. */
struct watch {
	const struct proc *p;
	const struct cave *cave;
	int mem;
	pid_t owner; /* who was diverted last */
	bool handlers;
	struct first_seen {
		pid_t tid;
		uint64_t ran;
	} * seen;
	size_t n;
};

/* Nanoseconds on a CPU so far, from schedstat (Documentation/scheduler/sched-stats.rst). */
static uint64_t run_time(const struct proc *p, pid_t tid)
{
	char path[40];
	struct buf b = {0};
	unsigned long long ns = 0;

	snprintf(path, sizeof path, "task/%d/schedstat", (int)tid);
	if (proc_read_file(p, path, 256, &b) || sscanf(buf_cstr(&b), "%llu", &ns) != 1)
		ns = 0;
	buf_free(&b);
	return ns;
}

static bool has_run_enough(struct watch *w, pid_t tid)
{
	uint64_t ran = run_time(w->p, tid);
	struct first_seen *grown;

	for (size_t i = 0; i < w->n; i++)
		if (w->seen[i].tid == tid)
			return ran - w->seen[i].ran > RUN_ENOUGH;
	grown = reallocarray(w->seen, w->n + 1, sizeof *grown);
	if (!grown)
		return false;
	w->seen = grown;
	w->seen[w->n++] = (struct first_seen){tid, ran};
	return false;
}

static bool points_into(const struct cave *c, uint64_t addr)
{
	return addr >= c->addr && addr < c->addr + machine_code_size();
}

/* Frames of 64-bit programs keep eight bytes of pc, those of 32-bit ones four. */
static bool chunk_leads_back(const struct cave *c, const unsigned char *bytes, size_t n)
{
	uint64_t wide;
	uint32_t narrow;

	for (size_t i = 0; i + sizeof wide <= n; i += sizeof narrow) {
		memcpy(&wide, bytes + i, sizeof wide);
		memcpy(&narrow, bytes + i, sizeof narrow);
		if (points_into(c, wide) || points_into(c, narrow))
			return true;
	}
	return false;
}

static bool stack_leads_back(const struct watch *w, uint64_t sp)
{
	unsigned char bytes[CHUNK + sizeof(uint64_t)];
	uint64_t at = sp & ~(uint64_t)7, next = (at | (CHUNK - 1)) + 1;

	/* Page by page, each with the first bytes of the next where there is one. */
	for (; at - sp < STACK_MAX; at = next, next += CHUNK) {
		size_t n = next - at, more = n + sizeof(uint64_t);
		if (cave_read(w->mem, at, bytes, more)) {
			if (cave_read(w->mem, at, bytes, n))
				return false;
			more = n;
		}
		if (chunk_leads_back(w->cave, bytes, more))
			return true;
	}
	return false;
}

static bool may_be_inside(struct watch *w, pid_t tid)
{
	struct thread_place at;
	bool suspect = tid == w->owner && w->handlers;

	if (thread_place(w->p, tid, &at))
		return !strchr("?ZX", thread_state(w->p, tid));
	if (at.running && !has_run_enough(w, tid))
		return true;
	if (at.running)
		return suspect;
	if (points_into(w->cave, at.pc))
		return true;
	return suspect && stack_leads_back(w, at.sp);
}

static bool is_occupied(struct watch *w)
{
	struct threads t = {0};
	bool inside = threads_list(w->p, &t) != 0;

	for (size_t i = 0; i < t.n && !inside; i++)
		inside = may_be_inside(w, t.tid[i]);
	threads_free(&t);
	return inside;
}

/* Twice in a row: a thread in the cave may have made another, which the first list did not have. */
static bool becomes_free(struct watch *w, unsigned timeout_ms)
{
	uint64_t end = cave_clock() + timeout_ms * 1000000ull;
	struct timespec pause = {.tv_nsec = 500000};

	for (int free_looks = 0; free_looks < 2;) {
		if (!is_occupied(w)) {
			free_looks++;
			continue;
		}
		if (proc_check(w->p) || cave_clock() > end)
			return false;
		free_looks = 0;
		nanosleep(&pause, NULL);
	}
	return true;
}

static bool any_handlers(const struct proc *p, pid_t owner)
{
	struct status st;

	return status_read(p, owner, &st) != 0 || st.sig_caught;
}

/* What the bytes of the cave are: 1 code, and whose; 0 nothing; ERR_GONE. */
static int look(struct watch *w, bool *young)
{
	unsigned char bytes[CODE_MAX];
	uint64_t age;

	if (cave_read(w->mem, w->cave->addr, bytes, machine_code_size()))
		return ERR_GONE;
	if (!machine_is_code(bytes))
		return 0;
	age = cave_clock() - machine_code_stamp(bytes);
	*young = age < STAMP_YOUNG || -age < STAMP_YOUNG;
	w->owner = machine_code_owner(bytes);
	w->handlers = any_handlers(w->p, w->owner);
	return 1;
}

int vacate_check(const struct proc *p, int mem, const struct cave *c)
{
	struct watch w = {.p = p, .cave = c, .mem = mem};
	bool young, vacant;
	int used = look(&w, &young);

	if (used <= 0)
		return used;
	vacant = !young && becomes_free(&w, CHECK_MS);
	free(w.seen);
	return vacant ? 0 : ERR_BUSY;
}

int vacate(const struct proc *p, int mem, const struct cave *c, unsigned timeout_ms)
{
	struct watch w = {.p = p, .cave = c, .mem = mem};
	bool young, vacant;
	int used = look(&w, &young);

	if (used <= 0)
		return used;
	vacant = becomes_free(&w, timeout_ms);
	free(w.seen);
	return vacant ? cave_clear(mem, c) : ERR_BUSY;
}
