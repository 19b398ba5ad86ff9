/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_KEPT_H
#define PTOOLS_CTL_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "proc/proc.h"

/*
 * The threads that the calling process holds by ptrace(2), of any number of processes. Zero-initialise; never freed, for
 * the keeper ends with it. Dies the caller, the kernel lets all of them run on, or stand in the stop of
 * their process.
 */
struct kept_thread {
	struct proc *p; /* shared by the threads of a process */
	pid_t tid;
	bool stopped;                 /* was seen to be */
	bool letting;                 /* goes as soon as it reports its next stop */
	bool late;                    /* ran when it was asked to stop (trace_settle()) */
	struct user_regs_struct regs; /* once stopped: they do not change before it is let go */
};
struct kept {
	struct kept_thread *thread;
	size_t n, cap;
};

/* Who is meant: a thread of a process that started then. */
struct kept_name {
	pid_t pid, tid;
	uint64_t start; /* proc_start_time() */
};

enum kept_state { KEPT_NOT, KEPT_ASKED, KEPT_STANDS };

/*
 * Asks a thread to stop, waits some microseconds for it, and says how far that is. One that is held already, or was
 * about to be let go, is held. KEPT_NOT: it has died of something else. ERR_NOTHREAD; ERR_TRACED: by another;
 * ERR_PERM ERR_GONE ERR_SELF -ENOMEM -EMFILE. -EAGAIN: its process executes a program; kept_take_reports(), and ask
 * again.
 */
int kept_hold(struct kept *k, const struct kept_name *name, enum kept_state *state)
	__attribute__((warn_unused_result));

/*
 * Lets go of a thread, or of one that is not held: KEPT_NOT. KEPT_STANDS: that will be in a moment; KEPT_ASKED: it has
 * not stopped yet, and will not stay.
 */
enum kept_state kept_let_go(struct kept *k, const struct kept_name *name);

/* Of one that stands: KEPT_STANDS, and *out is filled; else as far as it is. */
enum kept_state kept_registers(
	struct kept *k, const struct kept_name *name, struct user_regs_struct *out);

/* Deals with all that the threads report; after SIGCHLD. */
void kept_take_reports(struct kept *k);

/*
 * Forgets threads that have vanished without a report (kept.c); a look at each. True: there is one that will, and it is
 * time to look again in a while.
 */
bool kept_check(struct kept *k);

/* "pid/tid,tid pid/tid ... and 12 more", as far as it goes into size bytes, with its NUL. */
void kept_list(const struct kept *k, char *text, size_t size);

#endif
