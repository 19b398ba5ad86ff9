/* SPDX-License-Identifier: MIT */
#ifndef PFILES_WAITS_H
#define PFILES_WAITS_H

#include "facts.h"
#include "proc/proc.h"

/*
 * Which descriptors the threads of a process wait for at this moment: /proc/PID/task/TID/syscall (proc_pid_syscall(5)),
 * and of poll(2) and select(2) the arrays in its memory. Nobody is stopped. A thread that runs, or is stopped, waits
 * for nothing. Sets f->wait, threads, waits_left, err_waits. all: however many threads there are, else WAITS_THREADS
 * of them, and about WAITS_MOST descriptors. 0 or -ENOMEM.
 */
#define WAITS_THREADS 64
#define WAITS_MOST    16384
int waits_look(const struct proc *p, bool all, struct facts *f) __attribute__((warn_unused_result));

/* Adds the notes of one descriptor, if it still is the file that the threads had under that number. */
void waits_add(const struct facts *f, const struct desc *d, struct buf *out);

#endif
