/* SPDX-License-Identifier: MIT */
#ifndef TORTURE_BOARD_H
#define TORTURE_BOARD_H

#include <stdint.h>

/*
 * The page a victim shares with the driver: the victim writes what it saw, the driver what it wants
 * looked at. Only 32-bit members, so that a 32-bit victim and a 64-bit driver see the same layout.
 */

/* What a victim does over and over; each has its own thread, or all share one (VICTIM_SINGLE). */
enum job {
	JOB_REGS,  /* holds patterns in every register, the red zone and the stack below */
	JOB_SLEEP, /* nanosleep: never short, never interrupted without a handler */
	JOB_PIPE,  /* echo through two pipes: every byte */
	JOB_WAIT,  /* timed futex, poll, epoll_wait, eventfd, lowest free descriptor */
	JOB_RSEQ,  /* restartable sequence on a shared counter: no update lost */
	JOBS
};

enum victim_flags {
	VICTIM_SINGLE = 1,  /* one thread for everything */
	VICTIM_HANDLER = 2, /* single, and inside a signal handler on a small alternate stack */
	VICTIM_RSEQ = 4,    /* two threads that do nothing but JOB_RSEQ */
	VICTIM_SIGNALS = 8, /* expects storms of TORTURE_SIGNAL: counts and sums them */
};

/* What the victim found when it was asked to look at itself. */
enum verdict {
	BAD_MAPS = 1,
	BAD_THREADS = 2,
	BAD_VDSO = 4, /* bytes of the [vdso] pages differ from the copy taken at the start */
	BAD_FDS = 8,
	BAD_MASK = 16,
	BAD_PENDING = 32,
};

/* SIGRTMIN + 3 of glibc, the same number in 32-bit and static programs. */
#define TORTURE_SIGNAL 37

#define BOARD_TEXT 256

struct board {
	uint32_t ready;          /* all jobs run, baseline taken */
	uint32_t jobs;           /* bit per job that must make progress */
	uint32_t progress[JOBS]; /* rounds done */
	uint32_t eintr[JOBS];    /* EINTR or short counts that no signal of ours explains */
	uint32_t stops;          /* driver: job-control stops happen, epoll_wait may show EINTR */
	uint32_t signals, signal_sum;
	uint32_t rseq_done, rseq_counter; /* equal when no update was lost; valid when asked */
	uint32_t ask, answered;           /* driver increments ask (a futex), victim copies it */
	uint32_t verdict;
	uint32_t failed; /* the victim found itself damaged, and aborts */
	char why[BOARD_TEXT];
	char verdict_text[BOARD_TEXT];
};

#endif
