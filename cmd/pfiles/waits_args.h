/* SPDX-License-Identifier: MIT */
#ifndef PFILES_WAITS_ARGS_H
#define PFILES_WAITS_ARGS_H

#include "facts.h"
#include "proc/proc.h"
#include "proc/threads.h"
#include "proc/waits.h"

/*
 * Adds to f->wait what the call of a thread waits for, reading what its arguments point to. `place` says that it
 * is in a call, c which one (not WAIT_RESTART). The inodes are not set. 0, -ENOMEM, or why memory could not be read:
 * then some may have been added. ERR_TOOBIG: more than a process can have open.
 */
int waits_args(const struct proc *p, pid_t tid, enum wait_table table, const struct wait_call *c,
	const struct thread_place *place, struct facts *f) __attribute__((warn_unused_result));

#endif
