/* SPDX-License-Identifier: MIT */
/*
 * The warden's side of the agent: every touch of a thread of the target happens here. Two processes:
 * one that traces, and that its budget may kill, and its parent, which does nothing but clean up
 * should that happen.
 */
#include "ctl/agent_job.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/divert.h"
#include "ctl/touch.h"
#include "ctl/tracee.h"
#include "ctl/vacate.h"
#include "ctl/victim.h"
#include "ctl/warden.h"
#include "proc/threads.h"

#define BUDGET_MS     50        /* a stop that lasts longer ends with the warden's death */
#define BEGIN_WAIT    12000000u /* ns: until the diverted thread has its scratch memory */
#define CALLS_WAIT    15000000u /* ns: until a slice of calls is done */
#define LEAVE_WAIT    5000000u  /* ns: until the scratch memory is given back */
#define AGENT_LIFE_MS 600       /* twice the agent's own patience */
#define VACATE_MS     1500

struct job {
	const struct proc *p;
	struct agent_control *c;
	struct diversion d;
	struct budget budget;
	bool strays; /* a thread was let go while it may have been in the cave */
	bool stuck;  /* a thread did not stop: only the end of this process lets go of it */
};

void *agent_map_scratch(const struct proc *p, const struct agent_control *c)
{
	char path[96];
	void *m;
	int fd;

	/* By the diverted thread: a leader that has died shows no mappings. */
	snprintf(path, sizeof path, "../%d/map_files/%lx-%lx", (int)c->victim,
		(unsigned long)c->scratch, (unsigned long)c->scratch + SCRATCH_SIZE);
	touch_point("map_files");
	fd = openat(proc_dirfd(p), path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	m = mmap(NULL, SCRATCH_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return m == MAP_FAILED ? NULL : m;
}

void agent_post(uint32_t *state, uint32_t value)
{
	__atomic_store_n(state, value, __ATOMIC_SEQ_CST);
	touch_point("wake");
	syscall(SYS_futex, state, FUTEX_WAKE, 1, NULL, NULL, 0);
}

int agent_open_mem(const struct proc *p, const struct agent_control *c, int *mem)
{
	/* A dead leader has no memory to show; the diverted thread may be dead as well. */
	int err = cave_open_mem(p, c->victim, mem);

	return err ? cave_open_mem(p, proc_pid(p), mem) : 0;
}

/* ---- looking at the scratch memory from outside ---- */

/* False as long as our mapping is not there; one that the program made there meanwhile is not ours.
 */
static bool read_head(struct job *j, struct scratch_head *h)
{
	return !cave_read(j->d.mem, j->c->scratch, h, sizeof *h) && h->nonce == j->d.params.stamp;
}

static int write_state(struct job *j, uint32_t state)
{
	return cave_write(j->d.mem, j->c->scratch, &state, sizeof state);
}

enum wanted { MAPPED, UNMAPPED, CLONED, CALLS_DONE };

static bool reached(struct job *j, enum wanted w, struct scratch_head *h)
{
	bool mapped = read_head(j, h);

	switch (w) {
	case MAPPED: return mapped;
	case UNMAPPED: return !mapped;
	case CLONED: return mapped && h->cloned;
	default: return mapped && h->state == SCRATCH_DONE;
	}
}

/*
 * Looks without sleeping: the thread we wait for is away from its program. Where its process is stopped
 * by job control, now or since a moment ago, it stops too, and once more for the stop that we asked
 * for while it was stopped already: from those it is sent on, nobody else is.
 */
static bool await(struct job *j, enum wanted w, uint64_t ns)
{
	uint64_t end = tracee_clock() + ns;
	struct scratch_head h;
	bool stopped;

	while (!reached(j, w, &h)) {
		if (tracee_clock() > end)
			return false;
		if (!tracee_poll_stop(j->d.victim.tid, &stopped, NULL) && stopped)
			(void)!tracee_cont(j->d.victim.tid);
		sched_yield();
	}
	return true;
}

/* ---- one stop ---- */

static int stop_again(struct job *j, int *map_error)
{
	int err = divert_stop(&j->d, map_error);

	j->stuck |= err == ERR_TIMEOUT;
	return err;
}

static int stop_begin(struct job *j)
{
	int err = victim_choose(j->p, j->c->narrow, &j->d.victim);

	if (!err)
		err = budget_set(&j->budget, BUDGET_MS);
	if (err)
		return err;
	j->c->victim = j->d.victim.tid;
	j->d.params.scratch = j->c->scratch;
	j->d.away = false;
	j->c->stops++;
	err = divert_begin(&j->d);
	j->stuck |= err == ERR_TIMEOUT;
	if (err == ERR_GONE)
		tracee_reap(j->d.victim.tid);      /* before the next one is tried */
	return err == ERR_PERM ? ERR_TRACED : err; /* opening its memory was allowed */
}

/* A thread may die between being chosen and being stopped; the process has others. */
static int begin(struct job *j)
{
	int err = ERR_GONE;

	for (int tries = 0; tries < 5 && err == ERR_GONE && !proc_check(j->p); tries++)
		err = stop_begin(j);
	return err;
}

static int stop_end(struct job *j, int err)
{
	if (err == ERR_GONE)
		tracee_reap(j->d.victim.tid);
	j->c->held_ns += j->d.held_ns;
	if (j->d.held_ns > j->c->longest_ns)
		j->c->longest_ns = j->d.held_ns;
	return budget_set(&j->budget, 0) ? ERR_LOST : err;
}

/* The thread stands in the cave and the scratch memory is still there: has it given back. */
static int give_back(struct job *j)
{
	struct scratch_head h;
	int none, err;

	if (!read_head(j, &h))
		return 0;
	err = divert_resume(&j->d, true);
	if (err)
		return err;
	(void)await(j, UNMAPPED, LEAVE_WAIT);
	err = stop_again(j, &none);
	if (err)
		return err;
	return read_head(j, &h) ? ERR_TIMEOUT : 0;
}

static void let_go(struct job *j)
{
	divert_let_go(&j->d);
	j->strays = true;
}

/* Puts the thread back from wherever the slice has left it. `err` is what the slice came to. */
static int put_back(struct job *j, int err)
{
	int map_error, r = stop_again(j, &map_error);

	if (r)
		return r;
	if (!err && map_error)
		err = map_error;
	if (j->d.away)
		r = give_back(j);
	if (!r && j->d.away)
		r = divert_restore(&j->d);
	else
		let_go(j);
	return err ? err : r;
}

/* ---- the agent as a thread ---- */

/*
 * Whether the diverted thread is done with making the agent. A thread that stands anywhere before
 * that point must go on: it may have made the agent and not yet said so.
 */
static int boot_result(struct job *j, int map_error, bool *settled)
{
	struct scratch_head h;

	*settled = true;
	if (map_error)
		return map_error;
	if (read_head(j, &h) && h.cloned > 0) {
		j->c->agent = h.cloned;
		return 0;
	}
	if (read_head(j, &h) && h.cloned < 0)
		return h.cloned;
	*settled = false;
	return ERR_TIMEOUT;
}

static int boot_wait(struct job *j, bool *settled)
{
	int err = ERR_TIMEOUT, map_error;

	*settled = false;
	for (int tries = 0; tries < 2; tries++) {
		(void)await(j, CLONED, BEGIN_WAIT);
		err = stop_again(j, &map_error);
		if (err)
			return err;
		err = boot_result(j, map_error, settled);
		if (*settled || !j->d.away || tries)
			break;
		if (divert_resume(&j->d, false))
			return ERR_GONE;
	}
	return err;
}

static int boot_end(struct job *j)
{
	bool settled;
	int err = boot_wait(j, &settled), back;

	if (err == ERR_GONE)
		return err;
	if (err && settled && j->d.away)
		(void)!give_back(j);
	if (!settled || !j->d.away) {
		let_go(j);
		return err;
	}
	back = divert_restore(&j->d);
	return err ? err : back;
}

static int boot(struct job *j)
{
	int err;

	j->d.params.clone_flags = machine_clone_flags();
	err = begin(j);
	if (!err)
		err = boot_end(j);
	return stop_end(j, err);
}

/*
 * Tells the agent to leave, as the tool does. For one whose tool was killed it is worth a third of a
 * second; where that is not permitted, it leaves by itself.
 */
static void dismiss(struct job *j)
{
	struct scratch_head *head = agent_map_scratch(j->p, j->c);

	if (!head)
		return;
	if (head->nonce == j->d.params.stamp)
		agent_post(&head->state, SCRATCH_LEAVE);
	munmap(head, SCRATCH_SIZE);
}

/*
 * An agent in a process that was stopped by job control after its birth cannot run to its end. By
 * ptrace this one thread is let out of the stop.
 */
static void expel(pid_t agent)
{
	if (tracee_seize(agent))
		return;
	if (!tracee_interrupt(agent) &&
		!tracee_await_stop(agent, tracee_clock() + 100000000u, NULL))
		(void)!tracee_cont(agent);
}

/*
 * The tool told the agent to leave, or the tool is dead and the agent leaves by itself. As long as
 * it is a tracee of ours (expel), its end has to be seen by us too: the kernel keeps it until then;
 * our own end does that.
 */
static void await_agent_end(struct job *j)
{
	struct timespec pause = {.tv_nsec = 100000};
	pid_t agent = j->c->agent;

	for (int ms10 = 0; agent && ms10 < AGENT_LIFE_MS * 10; ms10++) {
		char state = thread_state(j->p, agent);
		if (state == '?')
			return;
		if (state == 'Z' || state == 'X')
			tracee_reap(agent);
		if (ms10 == 10)
			dismiss(j);
		if (state == 'T' && ms10 % 1000 == 20)
			expel(agent);
		nanosleep(&pause, NULL);
	}
	j->strays |= agent != 0;
}

/* ---- the diverted thread runs the calls itself ---- */

static int slice_run(struct job *j)
{
	struct agent_control *c = j->c;
	size_t head = sizeof(struct scratch_head);
	struct scratch_head *h = (struct scratch_head *)c->table;

	if (!await(j, MAPPED, BEGIN_WAIT))
		return ERR_TIMEOUT;
	h->state = SCRATCH_IDLE;
	h->cloned = 0;
	h->nonce = j->d.params.stamp;
	if (cave_write(j->d.mem, c->scratch, c->table, c->used) || write_state(j, SCRATCH_POSTED))
		return ERR_LOST;
	if (!await(j, CALLS_DONE, CALLS_WAIT))
		return ERR_TIMEOUT;
	if (cave_read(j->d.mem, c->scratch + head, c->table + head, c->used - head))
		return ERR_LOST;
	if (write_state(j, SCRATCH_LEAVE))
		return ERR_LOST;
	(void)await(j, UNMAPPED, LEAVE_WAIT);
	return 0;
}

static int slice(struct job *j)
{
	int err;

	j->d.params.clone_flags = 0;
	err = begin(j);
	if (!err)
		err = put_back(j, slice_run(j));
	return stop_end(j, err);
}

/* ---- the job ---- */

static int prepare(struct job *j)
{
	struct victim first;
	int err = victim_choose(j->p, j->c->narrow, &first);

	if (!err)
		err = cave_open_mem(j->p, first.tid, &j->d.mem);
	if (err)
		return err;
	j->d.locked = divert_locked_page();
	if (!j->d.locked)
		return ERR_LOST;
	err = cave_find(j->p, first.tid, j->d.mem, &j->d.cave);
	if (!err)
		err = vacate_check(j->p, j->d.mem, &j->d.cave, &j->d);
	j->stuck |= err == ERR_TIMEOUT;
	if (!err)
		err = cave_hole(j->p, j->c->narrow, SCRATCH_SIZE, &j->c->scratch);
	if (!err)
		err = budget_open(&j->budget);
	if (!err)
		j->c->cave = j->d.cave;
	return err;
}

static void serve(int sock, struct job *j)
{
	struct warden_message m;

	while (!warden_receive(sock, &m)) {
		int err = m.op == AGENT_SLICE && !j->c->own_thread ? slice(j) : ERR_NOTSUP;
		warden_answer(sock, err, 0);
		if (j->stuck)
			return;
	}
}

static void clean_up(struct job *j)
{
	await_agent_end(j);
	if (!j->c->cave.addr)
		return;
	if (j->strays || j->stuck)
		(void)!vacate(j->p, j->d.mem, &j->d.cave, j->stuck ? NULL : &j->d, VACATE_MS);
	else
		(void)!cave_clear(j->d.mem, &j->d.cave);
}

/* In a process of its own: control by ptrace, and with it the risk of being killed by the budget. */
static void trace(int sock, struct agent_work *w)
{
	struct job j = {.p = w->p, .c = w->control};
	int err;

	j.d.p = w->p;
	j.d.mem = -1;
	j.d.params.size = SCRATCH_SIZE;
	err = prepare(&j);
	if (!err && w->control->own_thread)
		err = boot(&j);
	warden_answer(sock, err, 0);
	if (!err)
		serve(sock, &j);
	if (j.stuck)
		_exit(1); /* only the end of the tracer calls off a stop that has not come yet */
	clean_up(&j);
}

/* What a tracer that did not end in order has left to do. */
static void clean_up_behind(struct agent_work *w)
{
	struct agent_control *c = w->control;
	struct diversion looker = {.locked = divert_locked_page()};
	int mem;

	if (!c->cave.addr || agent_open_mem(w->p, c, &mem))
		return;
	(void)!vacate(w->p, mem, &c->cave, looker.locked ? &looker : NULL, VACATE_MS);
	close(mem);
}

void agent_job(int sock, void *work)
{
	struct agent_work *w = work;
	pid_t tracer = fork();
	int status = 0;

	if (tracer <= 0) {
		trace(sock, w);
		return;
	}
	close(sock);
	while (waitpid(tracer, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		clean_up_behind(w);
}
