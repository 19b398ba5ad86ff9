/* SPDX-License-Identifier: MIT */
#include "aside.h"

#include "proc/threads.h"

void aside_step(const struct proc *p, struct aside *a)
{
	cpu_set_t busy, left;

	a->moved = false;
	if (sched_getaffinity(0, sizeof(a->before), &a->before) < 0 || threads_running(p, &busy))
		return;
	CPU_AND(&busy, &busy, &a->before);
	CPU_XOR(&left, &busy, &a->before);
	if (CPU_COUNT(&busy) && CPU_COUNT(&left))
		a->moved = sched_setaffinity(0, sizeof(left), &left) == 0;
}

void aside_back(struct aside *a)
{
	if (a->moved)
		(void)!sched_setaffinity(0, sizeof(a->before), &a->before);
	a->moved = false;
}
