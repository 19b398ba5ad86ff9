/* SPDX-License-Identifier: MIT */
#include "aside.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

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

/* The number of threads that run now, us included, is in proc_loadavg(5). */
bool aside_processor_to_spare(void)
{
	char text[80];
	int running = 0, fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return true;
	text[n] = '\0';
	if (sscanf(text, "%*s %*s %*s %d/", &running) != 1)
		return true;
	return running < sysconf(_SC_NPROCESSORS_ONLN);
}
