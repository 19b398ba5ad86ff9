/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_HANDLE_H
#define PTOOLS_PROC_HANDLE_H

#include "proc/proc.h"

/*
 * Inside common/proc only: what a handle is made of, and the steps its readers share. Everything is
 * read through `dir`: /proc/PID is tied to the process it was opened for, so that after its death each
 * access fails, whoever has the pid by then.
 */
struct statx;
struct map;

struct handle_ops {
	bool live;
	int (*check)(const struct proc *p);
	int (*read_mem)(const struct proc *p, uint64_t addr, void *buf, size_t len);
	int (*stat_fd)(int fd_dir, const char *name, struct statx *out);

	/* Where there is no directory (a core file), these three; else NULL. */
	int (*read_file)(const struct proc *p, const char *rel, struct buf *out);
	int (*maps)(const struct proc *p, int (*fn)(const struct map *m, void *arg), void *arg);
	void (*close)(struct proc *p); /* before the handle is freed */
};

/*
 * Where memory, descriptors and the executable of the process are found: "" or, when its first thread
 * has exited before the others, "task/TID/" of one that has not. ERR_GONE when all have or are about
 * to; -EAGAIN when threads come and go too fast to tell.
 *
 * What is read there may still be that of a thread on its way out: its descriptors and memory go first,
 * and look like none, without an error. So who reads something that may look like less than it is asks
 * again afterwards, and believes it if handle_same() says that nobody has taken the place meanwhile.
 */
#define HANDLE_PREFIX 32
struct handle_place {
	char prefix[HANDLE_PREFIX];
	uint64_t program; /* stat_line.h */
	bool kernel;      /* a thread of the kernel's own: it has no memory */
	/* It was forked, has executed nothing since, and has one thread; dead_faults is 0 for others. */
	bool alone;
	uint64_t dead_faults; /* page faults of its threads that have ended */
	unsigned doubts;      /* begins as 0: handle_same() counts from try to try */
};

struct proc {
	const struct handle_ops *ops;
	pid_t pid;
	int dir, pidfd; /* pidfd -1: none */
	uint64_t start; /* clock ticks since boot, field 22 of stat; 0 in a recording without */
	bool has_opened;
	struct handle_place opened; /* the place when it was opened, where that could be told */
};

extern const struct handle_ops handle_live, handle_recorded;

/*
 * Makes an error of a look below /proc/PID say what happened: where the process is gone or going, the
 * kernel answers ENOENT, ESRCH or EACCES, just as for a file that never was. ERR_GONE or err itself.
 */
int handle_error(const struct proc *p, int err);

/* openat(2) below `dir` (a descriptor of this process); a descriptor, or an error as above. */
int handle_open(const struct proc *p, int dir, const char *rel, int flags);

/* Appends what is left to read of fd, at most max bytes; more is ERR_TOOBIG. */
int handle_slurp(const struct proc *p, int fd, size_t max, struct buf *out);

/* Appends the target of a symbolic link below `dir`. */
int handle_link(const struct proc *p, int dir, const char *name, struct buf *out);

int handle_living(const struct proc *p, struct handle_place *out);
bool handle_same(struct handle_place *before, const struct handle_place *after);

/* How often a look is tried again before it is given up with -EAGAIN. */
#define HANDLE_TRIES 64

/* The numbers that name the entries of a directory, ascending, appended to v[n]. 0 or -errno. */
int handle_numbers(int dir, int **v, size_t *n, size_t *cap);

#endif
