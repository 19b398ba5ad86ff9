/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include "ctl/touch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

const char *const plan_kill_names[KILLS] = {"none", "random", "before", "after"};
const char *const plan_who_names[WHOS] = {"tool", "warden", "both"};

/* The plan of this program, inherited by the tools it forks. */
static struct plan *plan_current;

struct plan *plan_new(void)
{
	plan_current = mmap(NULL, sizeof(*plan_current), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (plan_current == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return plan_current;
}

void plan_set(struct plan *p, enum plan_kill kill, enum plan_who who, long k, unsigned delay_us)
{
	memset(p, 0, sizeof(*p));
	p->kill = kill;
	p->who = who;
	p->k = k;
	p->delay_us = delay_us;
	p->sig = SIGKILL;
}

void plan_fire(struct plan *p)
{
	pid_t me = getpid(), tool = p->tool, warden = p->warden;

	atomic_store(&p->fired, true);
	/* Oneself last; the other way round nobody would be left to kill the other. */
	if (p->who != WHO_WARDEN && tool > 0 && tool != me)
		kill(tool, p->sig);
	if (p->who != WHO_TOOL && warden > 0)
		kill(warden, p->sig);
	if (p->who != WHO_WARDEN && tool == me)
		kill(tool, p->sig);
}

const char *plan_point(const struct plan *p, long k)
{
	return k >= 0 && k < PLAN_POINTS && p->name[k][0] ? p->name[k] : "?";
}

void touch_point(const char *what)
{
	struct plan *p = plan_current;
	struct timespec delay;
	pid_t me = getpid();
	long i;

	if (!p || !p->tool)
		return;
	if (me != p->tool)
		p->warden = me;
	i = atomic_fetch_add(&p->count, 1);
	if (i < PLAN_POINTS)
		snprintf(p->name[i], PLAN_NAME, "%c:%s", me == p->tool ? 't' : 'w', what);
	if (p->kill != KILL_BEFORE || i != p->k)
		return;
	delay = (struct timespec){0, p->delay_us * 1000L};
	if (p->delay_us)
		nanosleep(&delay, NULL);
	plan_fire(p);
}
