/* SPDX-License-Identifier: MIT */
#ifndef TORTURE_TRUSS_LEFT_H
#define TORTURE_TRUSS_LEFT_H

#include "tracer.h"

/* Truss leaves a process at an event (-T, -S, -M), or is killed before it can. */
struct left {
	const char *program, *mode; /* of tests/targets/events.c */
	const char *option, *list;  /* of truss */
	int signal;                 /* that makes the event; 0: the end of its input does */
	int status;                 /* with which it ends in the end, 128 + n by a signal */
};

/*
 * A round: truss comes, the event happens, truss ends, or is killed before its k-th kernel call; the process goes on
 * whenever it stands. Returns the status it ended with, -1 if it did not.
 */
int left_round(struct tracer *tr, const struct left *l, long k);

#endif
