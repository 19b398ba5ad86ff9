/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_SHOW_H
#define PTOOLS_TRUSS_SHOW_H

#include <signal.h>

#include "ctl/trace.h"
#include "sys/fault.h"
#include "truss.h"

/* What happens to a signal that is delivered now. */
enum disposition { DISPOSITION_DEFAULT, DISPOSITION_IGNORED, DISPOSITION_CAUGHT };

struct shown_signal {
	siginfo_t info;
	enum disposition disposition;
	bool continued; /* SIGCONT, to one that was stopped */
};

struct shown_fault {
	siginfo_t info;
	enum fault fault;
	uint64_t pc;
};

struct shown_birth {
	pid_t parent;     /* process that made it */
	const char *call; /* by which: "clone3" */
	bool thread;      /* a thread of the same process */
};

/*
 * How events become output. Each function makes whole lines in t->line and hands them to t->out.
 * What is shown at all was decided before.
 */
struct show {
	void (*begin)(struct truss *t); /* before the first event: t->base is known */
	/* A call that has returned, or never will; an exec that succeeded (thr->executed). */
	void (*call)(struct truss *t, struct thread *thr);
	void (*sleeping)(struct truss *t, struct thread *thr);
	void (*birth)(struct truss *t, struct thread *thr, const struct shown_birth *b);
	void (*signal)(struct truss *t, struct thread *thr, const struct shown_signal *s);
	void (*fault)(struct truss *t, struct thread *thr, const struct shown_fault *f);
	void (*stopped)(struct truss *t, struct thread *thr, int signal);
	/* A process has ended; a thread of one, where thr->tid is not the process's id. */
	void (*death)(struct truss *t, struct thread *thr, const struct trace_stop *how);
	/* "*** words ***" */
	void (*note)(struct truss *t, struct thread *thr, const char *words);
	/* -p -a: the command line of a process that is traced from now on. */
	void (*command)(struct truss *t, struct thread *thr, const char *line);
};

extern const struct show show_text, show_json;

/* Nanoseconds as seconds with four digits, rounded: ` 1.0042`. */
void show_add_time(struct buf *b, uint64_t ns);

#endif
