/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_UNWIND_H
#define PTOOLS_SYM_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sym/regs.h"
#include "sym/space.h"

/*
 * Unwinds a copy of a thread's registers and stack: nothing of the thread has to hold still for it. The rules come from
 * the call frame information of the module (.eh_frame, .debug_frame, also of its debug file), are compiled once for each
 * pc and kept; code without any is left by its frame pointer, if what that leads to is a return address.
 */
struct unwind;

/* A thread at one instant. Memory outside of the copy is asked of the space, as it is by then. */
struct unwind_stack {
	struct regs regs;  /* at least pc and sp */
	uint64_t start;    /* address of the first byte of the copy; sp, as a rule */
	const void *bytes; /* the caller's; may be NULL if size is 0 */
	size_t size;
	/*
	 * The signals that it blocked (SigBlk in its status, pr_sighold in a core), bit n - 1 for signal n: without them
	 * the number of the innermost signal may be unknown, for the kernel writes it to a 64-bit frame only if the handler
	 * asked for it (SA_SIGINFO).
	 */
	bool has_blocked;
	uint64_t blocked;
};

enum frame_how {
	FRAME_FIRST,   /* the thread's own registers */
	FRAME_CFI,     /* by call frame information */
	FRAME_POINTER, /* by the frame pointer, checked: a guess that may have left out a frame */
	FRAME_LEAF, /* no information, pc at the start of a function or nowhere: return address at sp, checked */
};

struct frame {
	uint64_t pc; /* as found: a return address, unless `exact` */
	uint64_t sp; /* the stack pointer in this frame, once the frames within it have returned */
	uint8_t how; /* enum frame_how: how it was reached */
	uint8_t signal; /* of a trampoline: the signal whose handler returns to it; 0: not known */
	bool exact; /* pc is where it was interrupted: innermost, or within a signal frame's context */
	bool trampoline; /* the signal trampoline (__restore_rt): the next frame is what the signal interrupted */
};

/* The address that says which function a frame is in: a call may be the last instruction of one. */
static inline uint64_t frame_lookup(const struct frame *f)
{
	return f->exact || f->trampoline || !f->pc ? f->pc : f->pc - 1;
}

enum unwind_end {
	UNWIND_BOTTOM, /* the outermost frame: the tables say so, or _start, or the thread's start */
	UNWIND_NEEDS, /* registers in `needed` would be needed and are not known: give all of them and try again */
	UNWIND_UNREADABLE, /* stack memory at `where` cannot be read */
	UNWIND_NOWHERE, /* the caller's address `where` is in no code: the stack is damaged, or code has been unmapped */
	UNWIND_NOTABLE, /* code at `where` has no unwind information, and its frame pointer leads nowhere */
	UNWIND_BADTABLE, /* the unwind information for `where` makes no sense */
	UNWIND_LOOP,     /* the stack leads back to itself at `where` */
	UNWIND_LIMIT,    /* as many frames as were asked for */
};

/* "stack memory cannot be read"; static storage. */
const char *unwind_end_str(enum unwind_end end);

struct unwind_result {
	enum unwind_end end;
	uint32_t needed; /* with UNWIND_NEEDS: bits as in struct regs */
	uint64_t where;  /* address that `end` speaks of, else 0 */
};

/*
 * Frames, growing; zero-initialise, frames_free(). With keep_regs `regs` holds each frame's registers beside it, for
 * arguments; what a frame's callees have overwritten is not in their `have`.
 */
struct frames {
	struct frame *v;
	struct regs *regs;
	size_t n, cap;
	bool keep_regs;
};
void frames_free(struct frames *f);

/* An unwinder for all threads of a space, which must outlive it. -ENOMEM. */
int unwind_open(struct space *s, struct unwind **out) __attribute__((warn_unused_result));
void unwind_close(struct unwind *u);

/* Forgets what it learnt of addresses; needed after space_refresh(). */
void unwind_refresh(struct unwind *u);

/*
 * Appends the frames of one thread, innermost first, at most `limit` (0: no limit; loops are noticed, and a frame must
 * be further up its stack than the one before, so that the memory that is mapped is the limit). The first frame is always
 * there. 0, or -ENOMEM with what was found so far; how it ended is in *result, never an error. UNWIND_NEEDS and the
 * rest leave the good frames in place: where the caller tries again with more registers it resets n first.
 */
int unwind_thread(struct unwind *u, const struct unwind_stack *stack, size_t limit,
	struct frames *frames, struct unwind_result *result) __attribute__((warn_unused_result));

#endif
