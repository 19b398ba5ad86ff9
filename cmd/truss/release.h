/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_RELEASE_H
#define PTOOLS_TRUSS_RELEASE_H

#include "truss.h"

/*
 * Letting go. To detach from a thread that runs or sleeps it would have to be stopped, and some calls
 * would return EINTR for that. So nobody is stopped: the end of the tracing thread makes the kernel let go of all of
 * them where they are, without waking anybody. If truss still has to wait for the command it started, another
 * thread does that (main.c).
 */

/* Those who stand in a stop go on, with the signal they were about to get. The thread must end soon. */
void release_all(struct truss *t);
/* One is let go at the entry of an exec, which gives the program its rights; says so. */
void release_for_exec(struct truss *t, struct thread *thr, const struct buf *path);

#endif
