/* SPDX-License-Identifier: MIT */
#ifndef PSTACK_HANDLERS_H
#define PSTACK_HANDLERS_H

#include "picture.h"

/*
 * Which signal each handler on a thread's stack was called for: frame.signal of the trampolines is made sure,
 * or 0.
 *
 * The kernel writes the number into the frame only for handlers with SA_SIGINFO (and, for 32-bit programs, for
 * all): else there is what was on the stack before. But it blocks the signal while the handler runs, and keeps the
 * mask that was before (sigaction(2); struct ucontext, <asm/ucontext.h>): what is blocked inside and was not
 * outside is the signal, where that is a single one, and must have the number in the frame among it elsewhere.
 */
void handlers_settle(struct picture *pic, const struct thread *t);

#endif
