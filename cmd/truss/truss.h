/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_TRUSS_H
#define PTOOLS_TRUSS_TRUSS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cli.h"
#include "options.h"
#include "out.h"
#include "thread.h"
#include "watch.h"

struct attach;
struct counts;
struct quick;
struct show;
struct truss;

enum { BORN_KEPT = 8 };

/* A run of truss: one thread traces, decodes and writes. */
struct truss {
	struct cli *cli;
	const struct opts *o;
	struct threads_table table;
	struct out out;
	const struct show *show; /* as text or as JSON */
	struct counts *counts;   /* -c */
	struct quick *quick;     /* cures for slow wake-ups, NULL: none */
	uint64_t stops;          /* so far */
	pid_t lately;            /* who stopped last */
	uint64_t used;        /* -c: processor time that the stop at hand came with, 0: none did */
	uint64_t now;         /* of the event at hand, CLOCK_MONOTONIC, ns */
	uint64_t base;        /* of the first one: -d */
	uint64_t started;     /* CLOCK_MONOTONIC, for -c */
	pid_t command;        /* what truss started; 0: nothing */
	int front;            /* front.h, -1: none */
	int sock;             /* to the process that becomes it, -1: not needed any more */
	sigset_t mask;        /* truss was started with it, and so is the command */
	bool filtered;        /* a seccomp filter stops only at what is wanted */
	bool handlers_shared; /* a process was made that shares its signal handlers with another */
	bool prefix_pid;      /* several processes: lines begin with the process id */
	int status;           /* exit status of truss so far */
	bool command_dead;    /* its status is known: */
	int command_status;
	bool done;         /* the loop ends */
	bool left_stopped; /* ... because a process was left stopped at an event */
	bool begun;        /* the first event has been seen */
	size_t postponed;  /* threads that are not asked to stop yet (gentle.h) */
	size_t awaited;    /* -p pid/tids without such a thread yet: operands that wait for one */
	struct attach *attached; /* -p: the operands */
	struct watch watch;
	pid_t forking; /* the thread that entered a fork or clone last */
	struct born {
		pid_t tid, tgid, ppid; /* tid 0: nobody */
	} born[BORN_KEPT];             /* whom makers have told of, and who have not come yet */
	unsigned nborn;
	struct buf line; /* where lines are made, used again and again */
};

/* Traces what the operands say until everybody is gone or the user wants it to end, and lets go. */
void truss_run(struct truss *t, char **operands);

#endif
