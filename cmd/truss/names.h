/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_NAMES_H
#define PTOOLS_TRUSS_NAMES_H

#include "base/buf.h"
#include "thread.h"

/*
 * -y: what the descriptors of a process are. Each is looked up once and kept until a call that is seen changes it;
 * where not all threads are traced nothing is kept, since others may change it unseen.
 */
struct names;

/* struct args_call's fd; ctx is the struct thread. Appends `</etc/passwd>`, nothing where it is not open. */
void names_add(void *ctx, int fd, struct buf *out);
/* A call has returned: the descriptor it made may have replaced another. Before it is shown. */
void names_returned(struct thread *thr);
/* What it closed or made something else of is looked up anew. After it was shown. */
void names_follow(struct thread *thr);
void names_free(struct names *n);

#endif
