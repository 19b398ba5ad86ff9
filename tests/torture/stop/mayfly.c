/* SPDX-License-Identifier: MIT */
/*
 * usage: mayfly exec|threads|forks BOARD_FD [ROUND]: a program that does one thing all the time, counts it on a page
 * shared with the driver, examines itself, and dies with its parent.
 *   exec     another thread than the first, or the first, executes the program again
 *   threads  makes threads that end
 *   forks    makes children that end, one after the other
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static _Atomic uint32_t *board; /* rounds, failures */
static char **args;

static void must(int held)
{
	if (held)
		return;
	board[1]++;
	perror("mayfly");
	abort();
}

static void rest(long ns)
{
	struct timespec t = {.tv_nsec = ns}, now, then;

	clock_gettime(CLOCK_MONOTONIC, &now);
	must(nanosleep(&t, NULL) == 0);
	clock_gettime(CLOCK_MONOTONIC, &then);
	must((then.tv_sec - now.tv_sec) * 1000000000l + then.tv_nsec - now.tv_nsec >= ns);
}

static void *sleeper(void *arg)
{
	(void)arg;
	for (;;)
		rest(300000);
	return NULL;
}

static void *again(void *arg)
{
	char round[16];

	(void)arg;
	rest(2000000);
	board[0]++;
	snprintf(round, sizeof round, "%d", (args[3] ? atoi(args[3]) : 0) + 1);
	execl("/proc/self/exe", args[0], args[1], args[2], round, (char *)NULL);
	must(0);
	return NULL;
}

static _Noreturn void execs(void)
{
	pthread_t t;

	for (int i = 0; i < 2; i++)
		must(pthread_create(&t, NULL, sleeper, NULL) == 0);
	if (args[3] && atoi(args[3]) % 3 == 0)
		again(NULL);
	must(pthread_create(&t, NULL, again, NULL) == 0);
	for (;;)
		rest(500000);
}

static void *brief(void *arg)
{
	rest(100000);
	return arg;
}

static _Noreturn void threads(void)
{
	pthread_t t[3];

	for (;; board[0]++) {
		for (int i = 0; i < 3; i++)
			must(pthread_create(&t[i], NULL, brief, NULL) == 0);
		for (int i = 0; i < 3; i++)
			must(pthread_join(t[i], NULL) == 0);
	}
}

static _Noreturn void forks(void)
{
	for (;; board[0]++) {
		int status = 1;
		pid_t pid = fork();

		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			rest(200000);
			_exit(0);
		}
		must(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	args = argv;
	board = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[2]), 0);
	if (board == MAP_FAILED)
		return 2;
	if (!strcmp(argv[1], "exec"))
		execs();
	if (!strcmp(argv[1], "threads"))
		threads();
	forks();
}
