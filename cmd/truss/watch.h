/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_WATCH_H
#define PTOOLS_TRUSS_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/trace.h"

/* Waiting for stops: the theory is at the head of watch.c. Zero-initialise. */
struct watch {
	struct trace_stop *queue; /* found in one sweep, to be dealt with in turn */
	size_t head, n, cap;
	unsigned since_sweep;
	pid_t last;       /* who stopped last */
	bool measure;     /* -c: with each stop the processor time used, where that is cheap */
	unsigned flags;   /* TRACE_USED, at the moment */
	bool hinted;      /* SIGCHLD says who has stopped */
	bool dirty;       /* hinted: somebody may have stopped without saying so */
	uint64_t swept;   /* hinted: when everybody was looked at last, ns */
	uint64_t pause;   /* hinted: how long after that again */
	unsigned tick_ms; /* what the tick is set to */
};

/*
 * The next stop among `threads` tracees. 1: *out; 0: woken by a signal to truss; -ECHILD: nobody left.
 * now: CLOCK_MONOTONIC, ns.
 */
int watch_next(struct watch *w, size_t threads, uint64_t now, struct trace_stop *out);
/* Sets the tick, if it is not that already. */
void watch_tick(struct watch *w, unsigned ms);
/* Gives those back whose stop was taken and not dealt with: fn is called for each. */
void watch_drop(struct watch *w, void (*fn)(const struct trace_stop *s));

#endif
