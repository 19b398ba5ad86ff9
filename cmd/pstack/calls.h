/* SPDX-License-Identifier: MIT */
#ifndef PSTACK_CALLS_H
#define PSTACK_CALLS_H

#include "picture.h"

/* The system call that a thread is in, or was stopped at the end of. */
struct call {
	char name[32]; /* "" for none; "sys#999" for one that nobody knows */
	unsigned nargs;
	const uint64_t *arg; /* the thread's */
	size_t in_stub; /* so many frames are nothing but this call: the call's line takes their place */
};

/* Looks which kind of instruction the thread stands behind, and so which table its number is of. */
struct call call_of(struct picture *pic, const struct thread *t);

#endif
