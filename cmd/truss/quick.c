/* SPDX-License-Identifier: MIT */
/*
 * Waking a processor that has gone to sleep takes many times as long as a traced call, and on a quiet machine each of
 * the two stops of a call wakes two. /dev/cpu_dma_latency keeps them awake, for root. For others two threads
 * spin (spin.h), where truss and the target run, but only while it is "the slow mode": stops come fast, truss
 * has little to do, and there are idle processors.
 */
#include "quick.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "spin.h"

#define LOOK_NS    100000000u /* at most so often */
#define FAST       2000       /* stops a second */
#define BUSY_SHARE 40 /* per cent of its time in which truss itself runs, outside the slow mode */
#define IDLE_SHARE 30 /* per cent of one processor */
#define NS_PER_SEC 1000000000u
#define PROCESSOR  37 /* field 39 of /proc/PID/stat, counted from behind the name */

struct quick {
	int latency;                /* /dev/cpu_dma_latency, held at 0; -1: not permitted */
	uint64_t looked;            /* when, ns */
	uint64_t stops, used, idle; /* and what it was then; times in ns */
	struct spin spin[2];
};

struct quick *quick_start(void)
{
	static const int32_t none = 0;
	struct quick *q = calloc(1, sizeof *q);

	if (!q)
		return NULL;
	q->latency = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);
	if (q->latency >= 0 && write(q->latency, &none, sizeof none) != sizeof none) {
		close(q->latency);
		q->latency = -1;
	}
	return q;
}

static bool read_small(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return n > 0;
}

/* What all processors have been idle together, ns. */
static uint64_t idle_time(void)
{
	unsigned long long idle = 0;
	char text[512];

	if (!read_small("/proc/stat", text, sizeof text) ||
		sscanf(text, "cpu %*u %*u %*u %llu", &idle) != 1)
		return 0;
	return idle * NS_PER_SEC / (unsigned long long)sysconf(_SC_CLK_TCK);
}

static uint64_t own_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

/* Where a thread ran last; -1: not known. */
static int processor_of(pid_t tid)
{
	char path[32], text[1024], *at;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)tid);
	if (!read_small(path, text, sizeof text) || !(at = strrchr(text, ')')))
		return -1;
	for (int i = 0; i < PROCESSOR && at; i++)
		at = strchr(at + 1, ' ');
	return at ? atoi(at) : -1;
}

void quick_look(struct quick *q, uint64_t now, uint64_t stops, pid_t tid)
{
	uint64_t time, done, used, idle, own;

	if (!q || q->latency >= 0 || now - q->looked < LOOK_NS)
		return;
	time = now - q->looked;
	done = (stops - q->stops) * NS_PER_SEC / time;
	idle = idle_time();
	own = own_time();
	used = own - q->used;
	if (done < FAST) {
		spin_stop(&q->spin[0]);
		spin_stop(&q->spin[1]);
	} else if (q->looked && used * 100 < time * BUSY_SHARE &&
		(idle - q->idle) * 100 > time * IDLE_SHARE) {
		spin_start(&q->spin[0], sched_getcpu());
		spin_start(&q->spin[1], processor_of(tid));
	}
	q->looked = now;
	q->stops = stops;
	q->used = own;
	q->idle = idle;
}

void quick_stop(struct quick *q)
{
	if (!q)
		return;
	spin_stop(&q->spin[0]);
	spin_stop(&q->spin[1]);
	if (q->latency >= 0)
		close(q->latency);
	free(q);
}
