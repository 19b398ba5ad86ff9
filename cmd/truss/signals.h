/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_SIGNALS_H
#define PTOOLS_TRUSS_SIGNALS_H

#include "show.h"
#include "truss.h"

/* A signal is about to be delivered: shows the fault it comes of, and it; delivers it. */
void signals_event(struct truss *t, struct thread *thr, int signal);
/* The thread stands in a job-control stop that `signal` began, and stays there until SIGCONT. */
void signals_stopped(struct truss *t, struct thread *thr, int signal);

/* What becomes of that signal. */
enum disposition signals_disposition(struct truss *t, struct thread *thr, int signal);

#endif
