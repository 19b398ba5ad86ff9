/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_TOUCH_H
#define PTOOLS_CTL_TOUCH_H

/*
 * Called right before each kernel call that touches a target: every ptrace request, every wait for
 * it, every access to its memory file, every wake-up of its agent. It does nothing. The torture
 * links a definition of its own in place of this one and kills the tool there, so that "killed at
 * any instant" is a loop over all instants and not a matter of luck.
 */
void touch_point(const char *what);

#endif
