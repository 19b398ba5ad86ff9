/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TESTS_KIDS_H
#define PTOOLS_TESTS_KIDS_H

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/proc.h"

/*
 * Children to be looked at. kid_start() returns when the child has said that it is ready; kid_end()
 * lets it go on and returns its wait status. A child dies with the test.
 */
struct kid {
	pid_t pid;
	int say, hear; /* our ends of the two pipes */
};

/* In the child. */
struct kid_side {
	int ready, go;
};

static inline void kid_ready(const struct kid_side *k)
{
	if (write(k->ready, "r", 1) != 1)
		_exit(99);
}

/* Until kid_end() or the death of the test. */
static inline void kid_wait(const struct kid_side *k)
{
	char c;

	while (read(k->go, &c, 1) < 0 && errno == EINTR)
		;
}

/* fn runs in the child and returns its exit status; it calls kid_ready(), then usually kid_wait().
 */
static inline struct kid kid_start(int (*fn)(const struct kid_side *k, void *arg), void *arg)
{
	int up[2], down[2];
	struct kid k;
	char c;

	fflush(stdout);
	if (pipe(up) < 0 || pipe(down) < 0 || (k.pid = fork()) < 0) {
		perror("kid_start");
		exit(99);
	}
	if (k.pid == 0) {
		struct kid_side side = {up[1], down[0]};

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(up[0]);
		close(down[1]);
		_exit(fn(&side, arg));
	}
	close(up[1]);
	close(down[0]);
	k.hear = up[0];
	k.say = down[1];
	if (read(k.hear, &c, 1) != 1) {
		printf("Bail out! a child died before it was ready\n");
		exit(99);
	}
	return k;
}

static inline int kid_end(struct kid *k)
{
	int status = -1;

	close(k->say);
	close(k->hear);
	waitpid(k->pid, &status, 0);
	return status;
}

/* Kills it and leaves it as a zombie: returns once it is one. */
static inline void kid_kill(struct kid *k)
{
	siginfo_t si;

	kill(k->pid, SIGKILL);
	waitid(P_PID, (id_t)k->pid, &si, WEXITED | WNOWAIT);
}

/* Whether unshare(2) may do that here: containers often deny it. */
static inline int kid_can_unshare(int flags)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(flags) < 0);
	waitpid(pid, &status, 0);
	return status == 0;
}

/* A child that does nothing until kid_end(). */
static inline int kid_idle(const struct kid_side *k, void *arg)
{
	(void)arg;
	kid_ready(k);
	kid_wait(k);
	return 0;
}

/* A handle without which the test is pointless. */
static inline struct proc *open_or_die(pid_t pid)
{
	struct proc *p;
	int err = proc_open(pid, &p);

	if (err) {
		printf("Bail out! proc_open: %s\n", err_str(err));
		exit(99);
	}
	return p;
}

#endif
