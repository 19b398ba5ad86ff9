/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_STOP_H
#define PTOOLS_TRUSS_STOP_H

#include "truss.h"

struct trace_call;

/*
 * -T, -S and -M: the process is left in a job-control stop exactly where it is, and truss ends. SIGSTOP is sent to the
 * thread itself while it stands, so that it takes effect before the next instruction of the program, whatever the other
 * threads do.
 */

/* At the exit of a call. */
void stop_after_call(struct truss *t, struct thread *thr);
/* At the entry of one that does not return: it will be made when the process goes on. */
void stop_before_call(struct truss *t, struct thread *thr);
/*
 * Before a signal is delivered: where it is caught, at the first instruction of the handler; where it would end the
 * process, it stays pending as it came, and ends it once it goes on.
 */
void stop_at_signal(struct truss *t, struct thread *thr, const siginfo_t *info);

/*
 * A thread that was taken while its process stood: the event that it stands at, perhaps because an earlier truss left it
 * there, is not one to stop at again. To be asked once each: whether this is that event.
 */
void stop_note(struct truss *t, struct thread *thr);
bool stop_is_old_call(struct thread *thr, const struct trace_call *i);
bool stop_is_old_signal(struct thread *thr, int signal);

#endif
