/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_FRONT_H
#define PTOOLS_TRUSS_FRONT_H

/*
 * When a shell's job ends and something of it is left stopped, the kernel takes it for forgotten and sends it SIGHUP and
 * SIGCONT (setpgid(2), "orphaned process group"). For -T, -S and -M with a command truss is therefore two
 * processes: the front is what the shell waits for, and ends before anything is stopped; the one behind it
 * traces in a session of its own, so that its end means nothing to the job.
 */

/* Returns in the process behind, which goes on as truss; the front ends with that one's status. -1: no front. */
int front_open(void);
/* Behind, once the command has been made: out of the job's session. */
void front_leave_session(int front);
/* Behind: ends the front with status 0, and returns when it has ended. */
void front_dismiss(int front);

#endif
