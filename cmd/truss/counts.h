/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_COUNTS_H
#define PTOOLS_TRUSS_COUNTS_H

#include "sys/fault.h"
#include "truss.h"

/* -c: how often, how long, how often in vain. */
struct counts *counts_new(void);
void counts_free(struct counts *c);

void counts_enter(struct truss *t, struct thread *thr);
/* At the exit, or at once for a call that does not return. */
void counts_leave(struct truss *t, struct thread *thr);
void counts_fault(struct counts *c, enum fault f);
void counts_signal(struct counts *c, int signal);
/* A process is traced from now on; one has ended: its user time. */
void counts_begun(struct truss *t, struct process *p);
void counts_dead(struct truss *t, struct thread *thr);
/* The report, with the user time of those who still live. */
void counts_report(struct truss *t);

#endif
