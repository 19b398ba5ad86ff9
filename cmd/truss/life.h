/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_LIFE_H
#define PTOOLS_TRUSS_LIFE_H

#include "ctl/trace.h"
#include "proc/status.h"
#include "truss.h"

/* Threads and processes that come and go. Each lets the thread go on, where there is one. */

/* A thread has stopped as it was asked to when it was taken, or SIGCONT has woken it. */
void life_first_stop(struct truss *t, struct thread *thr);
/* A thread has made another, or a process; those come by themselves. */
void life_made(struct truss *t, struct thread *thr);
/* Whether the call it enters, a SYSENT_FORK, makes a process that has its signal handlers in common with it. */
bool life_shares_handlers(struct thread *maker);
/* The first stop of a thread or process that a traced one has made. */
void life_newborn(struct truss *t, const struct trace_stop *stop);
/* Any stop of a thread that is traced without being shown. */
void life_quiet(struct thread *thr, const struct trace_stop *stop);
void life_dead(struct truss *t, struct thread *thr, const struct trace_stop *stop);
/* A report of somebody who is not traced. */
void life_stray(struct truss *t, const struct trace_stop *stop);

/* /proc/TID/status of any thread; false when it is gone. */
bool life_read_status(pid_t tid, struct status *out);

#endif
