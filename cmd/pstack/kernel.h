/* SPDX-License-Identifier: MIT */
#ifndef PSTACK_KERNEL_H
#define PSTACK_KERNEL_H

#include "picture.h"

/* -k: reads /proc/PID/task/TID/stack (proc_pid_stack(5)) of each thread that has one. */
void kernel_take(struct picture *pic);

/* Its frames, innermost first. name is raw. */
typedef void kernel_fn(const char *name, size_t len, unsigned long offset, void *arg);
void kernel_each(const struct thread *t, kernel_fn *fn, void *arg);

#endif
