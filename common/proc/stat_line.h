/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_STAT_LINE_H
#define PTOOLS_PROC_STAT_LINE_H

#include "proc/proc.h"

/* What common/proc itself needs of /proc/PID/stat and /proc/PID/task/TID/stat (proc_pid_stat(5)). */
struct stat_line {
	char state;
	pid_t parent;   /* its process, as our pid namespace numbers it; 0: none that we can see */
	uint64_t flags; /* PF_... */
	uint64_t threads;
	uint64_t start; /* clock ticks since boot */
	uint64_t cpu;   /* it ran there last, or runs there now */
	/* Page faults without i/o, of all its threads ("stat") or its own; an execve(2) adds to them. */
	uint64_t faults;
	/*
	 * A digest of what changes when another thread or another program takes this place: whether
	 * the thread has executed a program since it was made, and where that program's parts lie.
	 */
	uint64_t program;
};

/*
 * rel: "stat" or "task/TID/stat". ERR_FORMAT, or -errno as the kernel gave it: this is what the others
 * find out by whether a process is gone.
 */
int stat_line_read(const struct proc *p, const char *rel, struct stat_line *out);
int stat_line_parse(const char *text, size_t len, struct stat_line *out);

/* Its memory and descriptors are gone or about to go. */
bool stat_line_exiting(const struct stat_line *s);
/* It was made by fork(2) or clone(2) and has executed nothing since. */
bool stat_line_forked(const struct stat_line *s);
bool stat_line_kthread(const struct stat_line *s);

#endif
