/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_EVENT_H
#define PTOOLS_TRUSS_EVENT_H

#include "ctl/trace.h"
#include "truss.h"

/*
 * What can happen to truss. event_next() waits for the next of them, event_dispatch() (dispatch.c) does what it
 * demands. One that is `of a thread` finds it stopped, and whoever handles it must resume, detach or
 * keep it: nobody else will.
 */
enum event_kind {
	/* of a thread that is known */
	EVENT_CALL,       /* enters or leaves a system call */
	EVENT_FILTERED,   /* enters a call that the seccomp filter picked out */
	EVENT_SIGNAL,     /* a signal is about to be delivered: resume with it */
	EVENT_GROUP_STOP, /* stands in a job-control stop: let it listen for SIGCONT */
	EVENT_TRAP,       /* has stopped as it was asked to, or SIGCONT woke it */
	EVENT_NEW, /* has made a thread or a process, which comes by itself (EVENT_NEWBORN) */
	EVENT_VFORK_DONE, /* its vfork child has let go of it */
	EVENT_EXEC,       /* executes another program */
	EVENT_DEAD,       /* has ended: reap it */
	/* of a thread nobody knew */
	EVENT_NEWBORN, /* the first stop of one that a traced thread has made */
	EVENT_STRAY,   /* a child of truss that is not traced, or a death nobody asked for */
	/* of no thread */
	EVENT_TICK,      /* time to write what has gathered, and to look who sleeps */
	EVENT_INTERRUPT, /* the user, or a reader that is gone, wants it to end */
	EVENT_LAST,      /* nobody is left */
	EVENT_KINDS,
};

struct event {
	enum event_kind kind;
	struct thread *thr;
	struct trace_stop stop;
};

void event_next(struct truss *t, struct event *ev);
void event_dispatch(struct truss *t, struct event *ev);

/* The end of a handler: lets the thread go on, with that signal, to its next event. */
void event_resume(struct truss *t, struct thread *thr, int signal);

#endif
