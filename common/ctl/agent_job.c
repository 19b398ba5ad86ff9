/* SPDX-License-Identifier: MIT */
/*
 * The warden's side of the agent: every touch of a thread of the target happens here. Two processes:
 * one that traces, and that its budget may kill, and its parent, which does nothing but clean up
 * should that happen.
 */
#include "ctl/agent_job.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/errand.h"
#include "ctl/tracee.h"
#include "ctl/vacate.h"
#include "ctl/victim.h"
#include "ctl/warden.h"
#include "proc/threads.h"

#define VACATE_MS     1500
#define AGENT_LIFE    600000000u /* ns: twice the agent's own patience */
#define DISMISS_AFTER 1000000u   /* ns */
#define EXPEL_AFTER   2000000u   /* ns */

/* ---- the end of an agent ---- */

/*
 * Tells the agent to leave, as the tool does. For one whose tool was killed it is worth a third of a
 * second; where that is not permitted, it leaves by itself.
 */
static void dismiss(struct errand *e)
{
	struct scratch_head *head = agent_map_scratch(e->p, e->c);

	if (!head)
		return;
	if (head->nonce == e->d.params.stamp)
		agent_post(&head->state, SCRATCH_LEAVE);
	munmap(head, SCRATCH_SIZE);
}

/*
 * An agent in a process that was stopped by job control after its birth cannot run to its end. By
 * ptrace this one thread is let out of the stop, and out of those that come after it.
 */
static void expel(pid_t agent, bool *ours)
{
	bool stopped = false;

	if (!*ours && !tracee_seize(agent)) {
		*ours = true;
		(void)!tracee_interrupt(agent);
	}
	if (*ours && !tracee_poll_stop(agent, &stopped, NULL) && stopped)
		(void)!tracee_cont(agent);
}

/*
 * The tool told the agent to leave, or the tool is dead and the agent leaves by itself. As long as
 * it is a tracee of ours (expel), its end has to be seen by us too: the kernel keeps it until then;
 * our own end does that.
 */
static void await_agent_end(struct errand *e)
{
	struct timespec pause = {.tv_nsec = 100000};
	pid_t agent = e->c->agent;
	uint64_t begun = tracee_clock(), waited = 0;
	bool dismissed = false, ours = false;

	for (; agent && waited < AGENT_LIFE; waited = tracee_clock() - begun) {
		char state = thread_state(e->p, agent);
		if (state == '?')
			return;
		if (state == 'Z' || state == 'X')
			tracee_reap(agent);
		if (waited > DISMISS_AFTER && !dismissed) {
			dismiss(e);
			dismissed = true;
		}
		if (ours || (state == 'T' && waited > EXPEL_AFTER))
			expel(agent, &ours);
		nanosleep(&pause, NULL);
	}
	e->strays |= agent != 0;
}

/* ---- the job ---- */

static int prepare(struct errand *e)
{
	struct victim *first = &e->c->chosen;
	int err = cave_open_mem(e->p, first->tid, &e->d.mem);

	if (err == ERR_GONE)
		err = victim_choose(e->p, &e->c->wish, first);
	if (!err && e->d.mem < 0)
		err = cave_open_mem(e->p, first->tid, &e->d.mem);
	if (err)
		return err;
	e->d.locked = divert_locked_page();
	if (!e->d.locked)
		return ERR_LOST;
	err = cave_find(e->p, first->tid, e->d.mem, &e->d.cave);
	if (!err)
		err = vacate_check(e->p, e->d.mem, &e->d.cave);
	if (!err)
		err = cave_hole(e->p, e->c->wish.narrow, SCRATCH_SIZE, &e->c->scratch);
	if (!err)
		err = budget_open(&e->budget);
	if (!err)
		e->c->cave = e->d.cave;
	return err;
}

static void serve(int sock, struct errand *e)
{
	struct warden_message m;

	while (!warden_receive(sock, &m)) {
		int err = m.op == AGENT_SLICE && !e->c->own_thread ? errand_slice(e) : ERR_NOTSUP;
		warden_answer(sock, err, 0);
		if (e->stuck)
			return;
	}
}

static void clean_up(struct errand *e)
{
	await_agent_end(e);
	if (!e->c->cave.addr)
		return;
	if (e->strays || e->stuck)
		(void)!vacate(e->p, e->d.mem, &e->d.cave, VACATE_MS);
	else
		(void)!cave_clear(e->d.mem, &e->d.cave);
}

/* In a process of its own: control by ptrace, and with it the risk of being killed by the budget. */
static void trace(int sock, struct agent_work *w)
{
	struct errand e = {.p = w->p, .c = w->control};
	int err;

	e.d.p = w->p;
	e.d.mem = -1;
	e.d.params.size = SCRATCH_SIZE;
	err = prepare(&e);
	if (!err && w->control->own_thread)
		err = errand_boot(&e);
	warden_answer(sock, err, 0);
	if (!err)
		serve(sock, &e);
	if (e.stuck)
		_exit(1); /* only the end of the tracer calls off a stop that has not come yet */
	clean_up(&e);
}

/* What a tracer that did not end in order has left to do. */
static void clean_up_behind(struct agent_work *w)
{
	struct agent_control *c = w->control;
	int mem;

	if (!c->cave.addr || agent_open_mem(w->p, c, &mem))
		return;
	(void)!vacate(w->p, mem, &c->cave, VACATE_MS);
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
