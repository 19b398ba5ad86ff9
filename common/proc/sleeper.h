/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_SLEEPER_H
#define PTOOLS_PROC_SLEEPER_H

#include "proc/proc.h"
#include "proc/snap.h"

/*
 * Stacks of sleeping threads, read without stopping anybody. The kernel says where a thread sleeps
 * (/proc/PID/task/TID/syscall), its stack is copied, and both belong together if the count of times it was
 * put on a CPU has not moved meanwhile: schedstat where the kernel keeps it, else the two context switch
 * counters in status (proc_pid_status(5)). Needs the rights of ptrace(2).
 */
struct sleepers {
	const struct proc *p;
	bool narrow;   /* a 32-bit program */
	bool counters; /* by status only: schedstat is not kept, or not wanted (tests) */
	const struct spans *maps;
	struct snap_arena *arena;
};

/* How a look went. */
enum sleeper_look {
	SLEEPER_READ,
	SLEEPER_RUNS,   /* at this look */
	SLEEPER_MOVED,  /* it ran meanwhile, at each of several looks */
	SLEEPER_GONE,   /* no such thread, or it has exited (a dead leader) */
	SLEEPER_DENIED, /* no right to look */
};

/* tid into out (how SNAP_ASLEEP if SLEEPER_READ), its bytes into the arena, at most `most` a piece. */
enum sleeper_look sleeper_read(const struct sleepers *s, pid_t tid, size_t most, struct snap *out);

/* Reads a small file of a thread, "comm" of 12; NUL-terminated, raw. Its length, or -errno. */
ssize_t thread_file(const struct proc *p, pid_t tid, const char *name, char *to, size_t room);

#endif
