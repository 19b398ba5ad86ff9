/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_TOUCH_H
#define PTOOLS_CTL_TOUCH_H

/*
 * Called before each single kernel call of common/ctl that touches a target: ptrace requests, waitid
 * on a tracee, reads and writes of its memory, map_files, wake-ups of the agent. `what` names the
 * call. It does nothing. It exists so that the torture (tests/torture) can put its own strong
 * definition in its place, the linker then leaving out this archive member, and kill the tool before
 * and after each of these calls in turn: that no instant of death harms is the promise of this layer,
 * and it can only be tested if the instants can be named.
 */
void touch_point(const char *what);

#endif
