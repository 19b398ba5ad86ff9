/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_ATTACH_H
#define PTOOLS_TRUSS_ATTACH_H

#include "truss.h"

/*
 * -p: takes the processes, or threads of them, that the operands name. What cannot be taken is told on standard
 * error and left out; false: nobody was taken (status 2). Where no thread fits its operand yet, t->awaited says so.
 */
bool attach_all(struct truss *t, char **operands);
/* Looks again for threads that operands wait for. */
void attach_awaited(struct truss *t);
/* A thread that was taken has stopped for the first time. */
void attach_begun(struct truss *t, struct thread *thr);
void attach_free(struct truss *t);

#endif
