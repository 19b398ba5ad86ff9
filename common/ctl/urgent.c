/* SPDX-License-Identifier: MIT */
#include "ctl/urgent.h"

#include <sched.h>
#include <time.h>

#include "ctl/tracee.h"

#define SPIN_NS 60000
#define NAP_NS  30000

bool urgent_begin(void)
{
	struct sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};

	return !sched_setscheduler(0, SCHED_FIFO, &lowest);
}

void urgent_end(void)
{
	struct sched_param none = {0};

	(void)!sched_setscheduler(0, SCHED_OTHER, &none);
}

/*
 * Most of what is waited for comes within microseconds, and a sleep would add a wake-up to it. After that we may
 * be in the way: a real-time thread that yields does not let an ordinary one run on its processor.
 */
void urgent_wait(uint64_t begun)
{
	struct timespec nap = {.tv_nsec = NAP_NS};

	if (tracee_clock() - begun < SPIN_NS)
		sched_yield();
	else
		nanosleep(&nap, NULL);
}
