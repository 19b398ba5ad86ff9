/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_CAPTURE_H
#define PTOOLS_CTL_CAPTURE_H

#include <stddef.h>
#include <sys/types.h>

#include "proc/proc.h"
#include "proc/snap.h"

/*
 * Registers and stacks of threads that have to be stopped for it: one at a time, for as long as it takes to
 * copy them, by a process of its own (ctl/warden.h). A stop that would show an EINTR is made to restart the
 * call where the thread has only just entered it; whether a sleeping one may be stopped is the caller's to ask
 * (victim_may_stop).
 */
struct capture;

/* Borrows all three, as long as the capture is open. maps may change between the calls. 0, -ENOMEM. */
int capture_open(struct proc *p, const struct spans *maps, struct snap_arena *arena,
	struct capture **out) __attribute__((warn_unused_result));

/*
 * Stops the thread (of victim_may_stop()) and copies it into *out (SNAP_STOPPED), its bytes into the arena, at
 * most `most` a piece. A job-control stop stays one. ERR_NOVICTIM: it no longer rests where it did, and was not
 * stopped. ERR_GONE (the thread), ERR_TRACED, ERR_TIMEOUT (it did not stop within half a second, for
 * want of a processor or because it sleeps without interruption; it has been let go), ERR_LOST, -errno.
 */
struct victim;
int capture_thread(struct capture *c, const struct victim *v, size_t most, struct snap *out)
	__attribute__((warn_unused_result));
/*
 * The same of a thread that pstop(1) holds: its keeper says the registers, and the thread is not touched. Errors as for
 * keeper_registers() (ctl/keeper.h); ERR_LOST: it was let go meanwhile.
 */
int capture_kept(struct capture *c, pid_t tid, size_t most, struct snap *out)
	__attribute__((warn_unused_result));
void capture_close(struct capture *c); /* takes NULL */

/*
 * All threads in one exact instant (ctl/hold.h, with its errors and its price), ascending by tid. *out is
 * malloc'ed. At most `most` bytes a piece. *held_ns: for how long; *culprit: who did not stop (ERR_TIMEOUT).
 */
struct captured {
	struct snap *v;
	size_t n;
	uint64_t held_ns;
	pid_t culprit;
};
int capture_all(struct proc *p, const struct spans *maps, struct snap_arena *arena, size_t most,
	struct captured *out) __attribute__((warn_unused_result));

#endif
