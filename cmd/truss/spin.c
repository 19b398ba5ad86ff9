/* SPDX-License-Identifier: MIT */
#include "spin.h"

#include <sched.h>
#include <signal.h>

#define TURNS 1000 /* between two looks whether it is over */

static bool settle(int cpu)
{
	struct sched_param none = {0};
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET((size_t)cpu, &here);
	/* Never as anything but SCHED_IDLE: it would take time from others. */
	return sched_setscheduler(0, SCHED_IDLE, &none) == 0 &&
		sched_setaffinity(0, sizeof here, &here) == 0;
}

static void *spin(void *arg)
{
	struct spin *s = arg;

	if (!settle(s->cpu))
		return NULL;
	while (!__atomic_load_n(&s->over, __ATOMIC_RELAXED))
		for (int i = 0; i < TURNS; i++)
			__asm__ volatile("" ::: "memory");
	return NULL;
}

void spin_start(struct spin *s, int cpu)
{
	sigset_t all, old;

	if (s->running || cpu < 0 || cpu >= CPU_SETSIZE)
		return;
	s->cpu = cpu;
	s->over = false;
	/* Signals are for the thread that traces. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	s->running = pthread_create(&s->thread, NULL, spin, s) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void spin_stop(struct spin *s)
{
	if (!s->running)
		return;
	__atomic_store_n(&s->over, true, __ATOMIC_RELAXED);
	pthread_join(s->thread, NULL);
	s->running = false;
}
