/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_DIVERT_H
#define PTOOLS_CTL_DIVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/cave.h"
#include "ctl/machine.h"
#include "ctl/victim.h"

/*
 * The head of the scratch memory, the one thing that code in the cave and tool share (code.S has
 * the same numbers). The table of calls begins at first and ends at last, as addresses in the
 * target.
 */
enum scratch_state { SCRATCH_IDLE, SCRATCH_POSTED, SCRATCH_DONE, SCRATCH_LEAVE };
struct scratch_head {
	uint32_t state; /* a futex where the agent is a thread */
	uint32_t unused;
	int32_t cloned; /* thread id of the agent, or -errno, once it is known */
	uint32_t unused2;
	uint64_t nonce; /* params.stamp: the mapping was made by this very diversion */
	uint64_t unused3;
	uint64_t first, last;
	uint64_t nap[2]; /* the diverted thread's own */
};

/*
 * One thread diverted into the cave for a moment. Used in the warden, within its budget. Fill in p,
 * mem, cave, victim, params and locked; the rest belongs to these functions. The caller is in a hurry
 * (ctl/urgent.h).
 */
struct diversion {
	const struct proc *p;
	int mem;
	struct cave cave;
	struct victim victim;
	struct code_params params;
	struct saved saved;
	struct user_regs_struct *locked; /* a resident page, for tracee_set_regs() */
	uint64_t begun, held_ns;         /* how long the thread was away, in the end */
	bool seen;                       /* it has stopped */
	bool committed;                  /* its registers lead into the cave */
	bool entering;                   /* it is there, but has not marked the mapping as ours */
	bool away;                       /* it is in the cave now */
};

/*
 * Stops the thread, writes code and registers into the cave and sends the thread there. On failure
 * nothing has changed. ERR_TIMEOUT: it did not stop, ERR_NOVICTIM: it no longer rests where it was found and was
 * not asked to stop: in both cases only the end of this process lets go of it.
 */
int divert_begin(struct diversion *d) __attribute__((warn_unused_result));

/*
 * Stops it again. d->away tells whether it still waits in the cave: only then do the next two make
 * sense. *map_error: the -errno of the code's mmap if that is what it waits with, else 0. On
 * failure nobody but the end of this process lets go of it; it goes home by itself then.
 */
int divert_stop(struct diversion *d, int *map_error) __attribute__((warn_unused_result));

/* Lets it go on in the cave, from where it stands, or from where it gives the scratch memory back.
 */
int divert_resume(struct diversion *d, bool unmap) __attribute__((warn_unused_result));

/* Puts it back exactly as it was found and lets go. The scratch memory must be gone, or an agent's.
 */
int divert_restore(struct diversion *d) __attribute__((warn_unused_result));

/* Lets go of it wherever it is: from the cave it finds home alone. */
void divert_let_go(struct diversion *d);

/*
 * For a thread that the caller has stopped, with its registers in saved.regs: settles all that the way home needs to know
 * (mode, the call it is in, a restartable sequence, its mask). Nothing is changed. Reasons against it as
 * divert_begin() has them.
 */
int divert_settle(struct diversion *d) __attribute__((warn_unused_result));

/* For how many nanoseconds a thread must have rested before (victim_calm): longer where urgent_begin() is refused. */
uint64_t divert_calm(void);

/*
 * victim_rests() right before the stop, again where the look itself was interrupted. *begun: CLOCK_MONOTONIC, ns,
 * before it. What happens between it and the stop is the window of the late sleeper: some 5 us.
 */
int divert_last_look(const struct victim *v, int place, uint64_t *begun)
	__attribute__((warn_unused_result));

/* A page for d->locked: locked and touched; NULL when out of memory. munmap'ed with the process. */
struct user_regs_struct *divert_locked_page(void);

#endif
