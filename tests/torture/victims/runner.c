/* SPDX-License-Identifier: MIT */
/*
 * usage: runner BOARD_FD FLAGS (enum victim_flags): runs its jobs for ever, aborts when it finds
 * itself damaged, dies with its parent. Links with every other source of this folder.
 */
#include "runner.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/futex.h>

struct runner runner;
__thread volatile uint32_t handled_here;

void fail(const char *fmt, ...)
{
	va_list ap;

	if (!__atomic_exchange_n(&runner.board->failed, 1, __ATOMIC_SEQ_CST)) {
		va_start(ap, fmt);
		vsnprintf(runner.board->why, BOARD_TEXT, fmt, ap);
		va_end(ap);
	}
	abort();
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	handled_here++;
	__atomic_add_fetch(&runner.board->signals, 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(
		&runner.board->signal_sum, (uint32_t)info->si_value.sival_int, __ATOMIC_SEQ_CST);
}

/* Handlers run on a stack of their own, so that the canary below the normal one may be exact. */
static void own_signal_stack(void)
{
	size_t size = 65536;
	stack_t ss = {.ss_size = size};

	ss.ss_sp = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (ss.ss_sp == MAP_FAILED || sigaltstack(&ss, NULL) != 0)
		fail("sigaltstack: %s", strerror(errno));
}

static void *run_job(void *arg)
{
	enum job job = (enum job)(uintptr_t)arg;

	own_signal_stack();
	for (;;) {
		job_round(job);
		runner.board->progress[job]++;
	}
	return NULL;
}

static void *run_rseq(void *arg)
{
	(void)arg;
	for (;;)
		rseq_round();
	return NULL;
}

/* Sleeps until the board asks, for ever. */
static void answer_loop(void)
{
	struct board *b = runner.board;

	for (;;) {
		syscall(SYS_futex, &b->ask, FUTEX_WAIT, b->answered, NULL, NULL, 0);
		look_answer();
	}
}

static void ready(unsigned jobs)
{
	bool single = runner.flags & VICTIM_SINGLE;

	/* By then every thread has mapped and faulted in what it uses. */
	for (unsigned job = 0; job < JOBS; job++)
		while ((jobs & 1u << job) && !single && runner.board->progress[job] < 2)
			usleep(1000);
	usleep(10000);
	look_init();
	runner.board->jobs = jobs;
	__atomic_store_n(&runner.board->ready, 1, __ATOMIC_SEQ_CST);
}

static void all_in_one(void)
{
	ready(1 << JOB_REGS | 1 << JOB_SLEEP | 1 << JOB_PIPE | 1 << JOB_WAIT);
	for (;;) {
		for (unsigned job = 0; job < JOB_RSEQ; job++) {
			job_round(job);
			runner.board->progress[job]++;
		}
		look_answer();
	}
}

static void run_in_handler(int sig)
{
	(void)sig;
	all_in_one();
}

/* The stack that sigaltstack(2) still accepts and our own jobs fit on, between two guard pages. */
static void all_in_handler(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = ((size_t)sysconf(_SC_MINSIGSTKSZ) + 2 * page + page - 1) & ~(page - 1);
	struct sigaction sa = {.sa_handler = run_in_handler, .sa_flags = SA_ONSTACK};
	stack_t ss = {.ss_size = size};
	char *map = mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED || mprotect(map + page, size, PROT_READ | PROT_WRITE) != 0)
		fail("mmap: %s", strerror(errno));
	ss.ss_sp = map + page;
	if (sigaltstack(&ss, NULL) != 0 || sigaction(SIGUSR1, &sa, NULL) != 0)
		fail("sigaltstack: %s", strerror(errno));
	raise(SIGUSR1);
}

static void start(void *(*fn)(void *), unsigned arg)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	if (pthread_create(&t, &attr, fn, (void *)(uintptr_t)arg) != 0)
		fail("pthread_create: %s", strerror(errno));
}

static void set_up_signals(void)
{
	struct sigaction sa = {.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
	sigset_t blocked;

	sa.sa_sigaction = on_signal;
	sigaction(TORTURE_SIGNAL, &sa, NULL);
	/* A signal that stays blocked and pending for ever: nobody may lose or deliver it. */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	kill(getpid(), SIGUSR2);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	runner.board = mmap(
		NULL, sizeof(*runner.board), PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[1]), 0);
	if (runner.board == MAP_FAILED)
		return 2;
	close(atoi(argv[1]));
	runner.flags = (unsigned)atoi(argv[2]);
	set_up_signals();
	look_open();
	jobs_init();
	if (runner.flags & VICTIM_HANDLER)
		all_in_handler();
	if (runner.flags & VICTIM_SINGLE)
		all_in_one();
	if (runner.flags & VICTIM_RSEQ) {
		start(run_rseq, 0);
		start(run_rseq, 1);
		ready(1 << JOB_RSEQ);
	} else {
		for (unsigned job = 0; job < JOB_RSEQ; job++)
			start(run_job, job);
		ready(1 << JOB_REGS | 1 << JOB_SLEEP | 1 << JOB_PIPE | 1 << JOB_WAIT);
	}
	answer_loop();
}
