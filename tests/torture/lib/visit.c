/* SPDX-License-Identifier: MIT */
#include "visit.h"

#include "base/err.h"
#include "clock.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define HUNG_MS 8000

static void be_the_tool(struct visit *v)
{
	struct plan *p = v->plan;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	srand((unsigned)getpid());
	p->tool = getpid();
	p->started = true;
	p->err = v->body ? v->body(v)
			 : subject_visit(v->subject, v->target, v->flags, v->rounds ? v->rounds : 1,
				   &p->wrong);
	p->completed = p->err == 0;
	p->done = true;
	_exit(0);
}

pid_t visit_start(struct visit *v)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		be_the_tool(v);
	v->plan->tool = pid;
	return pid;
}

/* The driver's part of the plan. */
static void maybe_fire(struct visit *v, uint64_t started)
{
	struct plan *p = v->plan;

	if (p->fired)
		return;
	if (p->kill == KILL_AFTER && p->count > p->k)
		plan_fire(p);
	if (p->kill == KILL_RANDOM && p->started && now_us() - started >= v->random_us)
		plan_fire(p);
}

enum visit_end visit_wait(struct visit *v)
{
	struct plan *p = v->plan;
	uint64_t started = now_us();
	enum visit_end end;
	pid_t got;
	int status;

	while ((got = waitpid(p->tool, &status, WNOHANG)) == 0) {
		maybe_fire(v, started);
		if (v->storm)
			v->storm(v->storm_arg);
		else if (p->kill != KILL_AFTER || p->fired)
			sleep_us(50);
		else
			sched_yield(); /* what is waited for is over in a microsecond */
		if (now_us() - started > patient(HUNG_MS) * 1000ull) {
			p->who = WHO_BOTH;
			p->sig = SIGKILL;
			plan_fire(p);
			waitpid(p->tool, &status, 0);
			return VISIT_HUNG;
		}
	}
	if (got > 0 && WIFEXITED(status) && p->done)
		end = VISIT_DONE;
	else
		end = p->fired ? VISIT_KILLED : VISIT_DIED;
	return end;
}

enum visit_end visit_run(struct visit *v)
{
	if (visit_start(v) < 0)
		return VISIT_DIED;
	return visit_wait(v);
}

int visit_plain(struct visit *v)
{
	plan_set(v->plan, KILL_NONE, WHO_TOOL, 0, 0);
	switch (visit_run(v)) {
	case VISIT_DONE: return v->plan->err;
	case VISIT_HUNG: return ERR_TIMEOUT;
	default: return ERR_LOST;
	}
}

void visit_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void visit_reap(pid_t keep)
{
	siginfo_t si;

	for (;;) {
		si.si_pid = 0;
		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) != 0 || si.si_pid == 0 ||
			si.si_pid == keep)
			return;
		waitpid(si.si_pid, NULL, 0);
	}
}

bool visit_warden_gone(struct visit *v, unsigned timeout_ms)
{
	uint64_t end = now_ms() + patient(timeout_ms);
	pid_t warden = v->plan->warden;

	while (warden > 0 && now_ms() < end) {
		waitpid(warden, NULL, WNOHANG);
		if (kill(warden, 0) != 0 && errno == ESRCH)
			return true;
		sleep_us(500);
	}
	return warden <= 0;
}
