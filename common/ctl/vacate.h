/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_VACATE_H
#define PTOOLS_CTL_VACATE_H

#include <sys/types.h>

#include "ctl/cave.h"
#include "proc/proc.h"

/*
 * Who is in the cave? Asked by those who find it used and do not control the threads: tools that come
 * after one that was killed.
 */

/*
 * Whether the cave may be written: its bytes are zero, or they were left by tool, warden and tracer
 * killed at once, long ago, and no thread is in there. ERR_BUSY otherwise, ERR_GONE. The lock of
 * agent.c keeps other living tools away.
 */
int vacate_check(const struct proc *p, int mem, const struct cave *c)
	__attribute__((warn_unused_result));

/*
 * Waits until no thread of the process can be in the cave or come back to it, at most timeout_ms; then
 * zeroes it. When the time is over the bytes stay (they are inert, a later tool clears them):
 * ERR_BUSY.
 */
int vacate(const struct proc *p, int mem, const struct cave *c, unsigned timeout_ms)
	__attribute__((warn_unused_result));

#endif
