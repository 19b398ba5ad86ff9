/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_CALLS_H
#define PTOOLS_TRUSS_CALLS_H

#include "truss.h"

/* A stop at the entry or exit of a call: makes its line, and lets the thread go on. */
void calls_event(struct truss *t, struct thread *thr);
/* Writes the line of a call that returned to be restarted, if there is one. */
void calls_flush(struct truss *t, struct thread *thr);
/* The entry of a call that was not seen: the exec that a command begins with. */
void calls_begin(struct truss *t, struct thread *thr);

#endif
