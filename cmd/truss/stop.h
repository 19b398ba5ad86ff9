/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_STOP_H
#define PTOOLS_TRUSS_STOP_H

#include "truss.h"

/*
 * -T, -S and -M: the process is left in a job-control stop exactly where it is, and truss ends. SIGSTOP is sent while the
 * thread stands, so that it takes effect before the next instruction of the program.
 */

/* At the exit of a call. */
void stop_after_call(struct truss *t, struct thread *thr);
/* At the entry of one that does not return: it will be entered again when the process goes on. */
void stop_before_call(struct truss *t, struct thread *thr);
/*
 * Before a signal is delivered: where it is caught, at the first instruction of the handler; where it would end the
 * process, it is sent again, and ends it once it goes on.
 */
void stop_at_signal(struct truss *t, struct thread *thr, const siginfo_t *info);

#endif
