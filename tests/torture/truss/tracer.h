/* SPDX-License-Identifier: MIT */
#ifndef TORTURE_TRUSS_TRACER_H
#define TORTURE_TRUSS_TRACER_H

#include <stdbool.h>
#include <sys/types.h>

#include "order.h"

/* A tracer that is running: truss, or one that does it the naive way. */
struct tracer {
	struct order *order; /* made by tracer_init() */
	pid_t pid;
};

void tracer_init(struct tracer *tr);
/* Truss with these arguments (NULL ends them), its lines thrown away, to be killed before kernel call k (-1: not). */
void tracer_start(struct tracer *tr, const char *const *args, long k);
/*
 * Single steps a thread of the target, as debuggers do, until it is killed: the kernel leaves the trap flag set then.
 */
void tracer_start_naive(struct tracer *tr, pid_t tid);
/* Sends that signal (0: none) and waits for its end. False: it does not end; then it is killed. */
bool tracer_end(struct tracer *tr, int sig);
/* Whether it has ended by itself, or of the order. */
bool tracer_over(struct tracer *tr);

#endif
