/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_SPIN_H
#define PTOOLS_TRUSS_SPIN_H

#include <pthread.h>
#include <stdbool.h>

/*
 * A thread of truss that keeps a processor from going to sleep: it does nothing, under SCHED_IDLE, so that whoever
 * else has something to do there takes its place at once (sched(7)). It ends with truss, however that ends.
 * Zero-initialise.
 */
struct spin {
	pthread_t thread;
	bool running, over; /* `over` is read by the thread: atomically */
	int cpu;
};

/* On that processor; where it cannot be (a cpuset), nothing is done. */
void spin_start(struct spin *s, int cpu);
void spin_stop(struct spin *s);

#endif
