/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_THREADS_H
#define PTOOLS_PROC_THREADS_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc/proc.h"

/* The thread ids of a process, ascending. Zero-initialise; threads_free. */
struct threads {
	pid_t *tid;
	size_t n, cap;
};

/* Lists /proc/PID/task now; threads that come and go meanwhile may or may not be in it. */
int threads_list(const struct proc *p, struct threads *out) __attribute__((warn_unused_result));
void threads_free(struct threads *t);

/* Whether it has one thread now; false also where that cannot be told. */
bool threads_alone(const struct proc *p);

/*
 * Where a thread is, from /proc/PID/task/TID/syscall (proc_pid_syscall(5)); needs ptrace rights.
 * A thread that runs has `running` set and nothing else. nr is -1 when it sleeps outside a call.
 * ERR_NOTHREAD when it is gone, -EPERM.
 */
struct thread_place {
	bool running;
	long nr;
	uint64_t arg[6], sp, pc;
};
int thread_place(const struct proc *p, pid_t tid, struct thread_place *out)
	__attribute__((warn_unused_result));

/*
 * For looks in quick succession: opens that file, to be closed by the caller (a descriptor, ERR_NOTHREAD,
 * -EPERM...); and reads it anew, some 2 us. Errors as above.
 */
int thread_place_open(const struct proc *p, pid_t tid) __attribute__((warn_unused_result));
int thread_place_again(int fd, struct thread_place *out) __attribute__((warn_unused_result));

/* Whether it is the same call, made with the same arguments from the same place. */
bool thread_place_same(const struct thread_place *a, const struct thread_place *b);

/* Parses the text of such a file: for recorded and hostile input. 0, or ERR_FORMAT. */
int thread_place_parse(const char *text, struct thread_place *out)
	__attribute__((warn_unused_result));

/*
 * The CPUs on which its threads run at this moment. Of a process with more than THREADS_RUNNING_MOST threads
 * none: to look at each would take too long. 0, ERR_GONE, -ENOMEM.
 */
#define THREADS_RUNNING_MOST 64
int threads_running(const struct proc *p, cpu_set_t *out) __attribute__((warn_unused_result));

/* The state letter in /proc/PID/task/TID/stat, '?' when it cannot be read (the thread is gone). */
char thread_state(const struct proc *p, pid_t tid);

#endif
