/* SPDX-License-Identifier: MIT */
#include "ctl/agent_thread.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/divert.h"
#include "ctl/table.h"
#include "proc/threads.h"

#define BATCH_MS    2000 /* for a table of calls, none of which blocks */
#define SPINS       2000
#define TABLE_CALLS 1024

static uint32_t *state_of(struct agent_thread *t)
{
	return &((struct scratch_head *)t->scratch)->state;
}

static uint32_t state_now(struct agent_thread *t)
{
	return __atomic_load_n(state_of(t), __ATOMIC_SEQ_CST);
}

static void post(struct agent_thread *t, uint32_t state)
{
	agent_post(state_of(t), state);
}

int agent_thread_open(
	struct agent_thread *t, const struct proc *p, const struct agent_control *c, bool many)
{
	*t = (struct agent_thread){
		.p = p,
		.control = c,
		.scratch = agent_map_scratch(p, c),
		/* To spin while it runs long tables takes a CPU from it, or from our second thread. */
		.spins = many ? 0 : SPINS,
	};
	return t->scratch ? 0 : ERR_LOST;
}

void agent_thread_close(struct agent_thread *t)
{
	if (!t->scratch)
		return;
	post(t, SCRATCH_LEAVE);
	munmap(t->scratch, SCRATCH_SIZE);
	t->scratch = NULL;
}

/* It may have left, or stand still with its whole process in a job-control stop. */
static bool agent_runs(struct agent_thread *t)
{
	return !strchr("?ZXTt", thread_state(t->p, t->control->agent));
}

/* Spins first: a short table is done before a sleep would be over. */
static int await_done(struct agent_thread *t)
{
	struct timespec step = {.tv_nsec = 50000000};

	for (int i = 0; i < t->spins; i++) {
		if (state_now(t) == SCRATCH_DONE)
			return 0;
		__builtin_ia32_pause();
	}
	for (int ms = 0; ms < BATCH_MS; ms += 50) {
		uint32_t seen = state_now(t);
		if (seen == SCRATCH_DONE)
			return 0;
		if (syscall(SYS_futex, state_of(t), FUTEX_WAIT, seen, &step, NULL, 0) &&
			errno == ETIMEDOUT && !agent_runs(t))
			return ERR_LOST;
	}
	return ERR_TIMEOUT;
}

int agent_thread_run(struct agent_thread *t, struct call *calls, size_t n, size_t *ran)
{
	struct table tables[2] = {
		{.local = t->scratch, .remote = t->control->scratch, .end = SCRATCH_SIZE / 2},
		{
			.local = t->scratch,
			.remote = t->control->scratch,
			.at = SCRATCH_SIZE / 2,
			.end = SCRATCH_SIZE,
		},
	};
	struct table *now = &tables[0], *next = &tables[1];
	size_t used, laid = table_fill(now, calls, n, TABLE_CALLS, &used);

	for (*ran = 0; *ran < n;) {
		int err;

		table_aim(now);
		post(t, SCRATCH_POSTED);
		if (*ran)
			table_fetch(next, calls + *ran - next->rows);
		laid += table_fill(next, calls + laid, n - laid, TABLE_CALLS, &used);
		err = await_done(t);
		if (err)
			return err;
		*ran += now->rows;
		now = next;
		next = now == tables ? &tables[1] : tables;
	}
	table_fetch(next, calls + *ran - next->rows);
	return 0;
}

int agent_thread_stay(struct agent_thread *t)
{
	cpu_set_t cpus;
	size_t ran;
	struct call c = {
		.nr = SYS_sched_setaffinity,
		.arg = {ARG_VAL(0), ARG_VAL(sizeof(cpus)), ARG_IN(&cpus, sizeof(cpus))},
	};

	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return 0;
	return agent_thread_run(t, &c, 1, &ran);
}
