/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_GENTLE_H
#define PTOOLS_TRUSS_GENTLE_H

#include "proc/proc.h"
#include "truss.h"

/*
 * To be traced from call to call a thread must be stopped once, and one that sleeps in some calls would see EINTR for it.
 * A thread that was seized is asked to stop at once where that cannot be noticed; else when it has woken
 * by itself and sleeps anew since a moment ago, so that its call may be started again with all of its time. One
 * whose call cannot be started again at all (a write that is half done) is asked when it has left that: when it is
 * seen asleep elsewhere, or has computed for a while. Only one that has not moved for GENTLE_NS is asked there.
 */
#define GENTLE_NS 2000000000u

/* After trace_seize(). narrow: a 32-bit program. 0 or ERR_GONE. */
int gentle_interrupt(struct truss *t, const struct proc *p, struct thread *thr, bool narrow);
/* With each tick: looks at those who were not asked yet (t->postponed of them). */
void gentle_tick(struct truss *t);
/* It stands, for another reason: nobody needs to ask. */
void gentle_forget(struct truss *t, struct thread *thr);

#endif
