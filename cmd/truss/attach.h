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
/* The last thread that was traced of a process is dead: another one may have executed a program in its place. */
void attach_left(struct truss *t, pid_t pid);
/*
 * Nobody is traced any more, although no death was reported: of a first thread whose place another one takes by an exec,
 * none is (ptrace(2), "execve(2) under ptrace").
 */
void attach_lost(struct truss *t);
/* A thread that was taken has stopped for the first time. */
void attach_begun(struct truss *t, struct thread *thr);
void attach_free(struct truss *t);

#endif
