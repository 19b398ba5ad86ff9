/* SPDX-License-Identifier: MIT */
/*
 * The warden's side of the agent: every touch of a thread of the target happens here. Two processes:
 * one that traces, and that its budget may kill, and its parent, which does nothing but clean up
 * should that happen. They share their descriptors, so that the parent has those of the target, and with
 * them the lock, which are sent to the tracer. Both serve one target after the other, as long as all goes
 * well: after anything out of the ordinary they end, and the next target gets new ones.
 */
#include "ctl/agent_job.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
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

/* The tracer, and what lasts from one target to the next. */
struct tracer {
	int sock;
	struct agent_control *c;
	struct budget budget;
	struct user_regs_struct *locked;
	bool has_budget;
};

/* One target. */
struct visit {
	struct errand e;
	struct proc *p;
	int lock;
	bool odd;  /* something happened after which this process does not go on */
	bool lost; /* the tool is gone */
};

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
static void await_agent_end(struct errand *e, bool *odd)
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
		*odd |= dismissed || ours;
		nanosleep(&pause, NULL);
	}
	e->strays |= agent != 0;
}

/* ---- the job ---- */

/* By the thread that the tool has found fit, or by another one if that is gone. */
static int open_mem(struct errand *e)
{
	struct victim *first = &e->c->chosen;
	int err = cave_open_mem(e->p, first->tid, &e->d.mem);

	if (err == ERR_GONE)
		err = victim_choose(e->p, &e->c->wish, first);
	if (!err && e->d.mem < 0)
		err = cave_open_mem(e->p, first->tid, &e->d.mem);
	if (!err)
		err = cave_find(e->p, first->tid, e->d.mem, &e->d.cave);
	return err;
}

static int prepare(struct tracer *t, struct errand *e)
{
	int err = 0;

	if (!t->locked)
		t->locked = divert_locked_page();
	if (!t->locked)
		return ERR_LOST;
	if (!t->has_budget)
		err = budget_open(&t->budget);
	if (err)
		return err;
	t->has_budget = true;
	e->budget = t->budget;
	e->d.locked = t->locked;
	err = open_mem(e);
	if (!err)
		err = vacate_check(e->p, e->d.mem, &e->d.cave);
	if (!err)
		err = cave_hole(e->p, e->c->wish.narrow, SCRATCH_SIZE, &e->c->scratch);
	if (!err)
		e->c->cave = e->d.cave;
	return err;
}

/* Until the tool has done with this target, or is gone. */
static void serve(struct tracer *t, struct visit *v, bool ready)
{
	struct warden_message m;

	while (!warden_receive(t->sock, &m)) {
		int err = ERR_NOTSUP;

		if (m.op == AGENT_END)
			return;
		if (m.op == AGENT_SLICE && ready && !t->c->own_thread)
			err = errand_slice(&v->e);
		v->odd |= err != 0;
		warden_answer(t->sock, err, 0);
		if (v->e.stuck)
			return;
	}
	v->lost = true;
}

static void clean_up(struct visit *v)
{
	struct errand *e = &v->e;

	await_agent_end(e, &v->odd);
	v->odd |= e->strays || e->stuck;
	if (!e->c->cave.addr)
		return;
	if (e->strays || e->stuck)
		(void)!vacate(e->p, e->d.mem, &e->d.cave, VACATE_MS);
	else
		v->odd |= cave_clear(e->d.mem, &e->d.cave) != 0;
}

static int visit_open(struct tracer *t, struct visit *v, const int *fds, size_t n)
{
	struct proc_parts *target = &t->c->target;

	*v = (struct visit){.lock = -1, .e = {.c = t->c}};
	if (n < AGENT_PIDFD)
		return ERR_LOST;
	v->lock = fds[AGENT_LOCK];
	target->dir = fds[AGENT_DIR];
	target->pidfd = n > AGENT_PIDFD ? fds[AGENT_PIDFD] : -1;
	v->e.d.mem = -1;
	v->e.d.params.size = SCRATCH_SIZE;
	if (proc_adopt(target, &v->p))
		return -ENOMEM;
	v->e.p = v->e.d.p = v->p;
	return 0;
}

static void visit_close(struct visit *v)
{
	if (v->e.d.mem >= 0)
		close(v->e.d.mem);
	proc_close(v->p);
	close(v->lock);
}

/* In a process of its own: control by ptrace, and with it the risk of being killed by the budget. */
static bool visit(struct tracer *t, const int *fds, size_t n)
{
	struct visit v;
	int err = visit_open(t, &v, fds, n);

	if (err) {
		warden_answer(t->sock, err, 0);
		return false; /* with its end, all is closed */
	}
	t->c->busy = true;
	err = prepare(t, &v.e);
	if (!err && t->c->own_thread)
		err = errand_boot(&v.e);
	v.odd = err != 0;
	warden_answer(t->sock, err, 0);
	if (!v.e.stuck)
		serve(t, &v, !err);
	if (v.e.stuck)
		_exit(1); /* only the end of the tracer calls off a stop that has not come yet */
	clean_up(&v);
	t->c->busy = false;
	visit_close(&v);
	if (!v.lost)
		warden_answer(t->sock, 0, v.odd);
	return !v.odd && !v.lost;
}

static void trace(int sock, struct agent_control *c)
{
	struct tracer t = {.sock = sock, .c = c};
	struct warden_message m;
	int fds[WARDEN_FDS];
	size_t n;

	while (!warden_receive_with(sock, &m, fds, &n) && m.op == AGENT_BEGIN) {
		if (!visit(&t, fds, n))
			return;
	}
}

/* What a tracer that did not end in order has left to do. */
static void clean_up_behind(struct agent_control *c)
{
	struct proc *p;
	int mem;

	if (!c->busy || !c->cave.addr || proc_adopt(&c->target, &p))
		return;
	if (!agent_open_mem(p, c, &mem)) {
		(void)!vacate(p, mem, &c->cave, VACATE_MS);
		close(mem);
	}
	proc_close(p);
}

/*
 * As fork(2), but that what one of the two opens or is sent, the other has as well. The child begins on our processor,
 * which we have no more use for; elsewhere it would be in the tool's way.
 */
static pid_t make_tracer(void)
{
	int here = sched_getcpu();
	cpu_set_t all, one;
	bool kept = here >= 0 && !sched_getaffinity(0, sizeof all, &all);
	pid_t tracer;

	CPU_ZERO(&one);
	if (kept)
		CPU_SET(here, &one);
	kept = kept && !sched_setaffinity(0, sizeof one, &one);
	tracer = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (kept)
		(void)!sched_setaffinity(0, sizeof all, &all);
	return tracer;
}

void agent_job(int sock, void *arg)
{
	struct agent_control *c = arg;
	pid_t tracer = make_tracer();
	int status = 0;

	if (tracer <= 0) {
		trace(sock, c);
		return;
	}
	while (waitpid(tracer, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		clean_up_behind(c);
}
