/* SPDX-License-Identifier: MIT */
#include "tracer.h"

#include "../lib/clock.h"
#include "../lib/target.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 24
#define END_MS   10000

void tracer_init(struct tracer *tr)
{
	char text[16];
	int fd = memfd_create("order", 0);

	if (fd < 0 || ftruncate(fd, 4096) != 0)
		exit(2);
	tr->order = mmap(NULL, sizeof *tr->order, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (tr->order == MAP_FAILED)
		exit(2);
	snprintf(text, sizeof text, "%d", fd);
	setenv(ORDER_VARIABLE, text, 1);
}

static void set_order(struct tracer *tr, long k)
{
	tr->order->k = k;
	tr->order->count = 0;
	tr->order->fired = false;
}

void tracer_start(struct tracer *tr, const char *const *args, long k)
{
	char path[PATH_MAX + 16];
	const char *argv[ARGS_MAX] = {path, "-o", "/dev/null"};

	snprintf(path, sizeof path, "%s/touched-truss", target_dir());
	for (int i = 0; i + 4 < ARGS_MAX && args[i]; i++)
		argv[3 + i] = args[i];
	set_order(tr, k);
	fflush(NULL);
	tr->pid = fork();
	if (tr->pid)
		return;
	execv(path, (char *const *)argv);
	perror(path);
	_exit(127);
}

void tracer_start_naive(struct tracer *tr, pid_t tid)
{
	int status;

	set_order(tr, -1);
	fflush(NULL);
	tr->pid = fork();
	if (tr->pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ptrace(PTRACE_SEIZE, tid, 0, 0) || ptrace(PTRACE_INTERRUPT, tid, 0, 0))
		_exit(1);
	while (waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status))
		ptrace(PTRACE_SINGLESTEP, tid, 0, 0);
	_exit(0);
}

bool tracer_over(struct tracer *tr)
{
	if (tr->pid > 0 && waitpid(tr->pid, NULL, WNOHANG) == tr->pid)
		tr->pid = 0;
	return tr->pid <= 0;
}

bool tracer_end(struct tracer *tr, int sig)
{
	uint64_t end = now_ms() + patient(END_MS);

	if (tr->pid > 0 && sig)
		kill(tr->pid, sig);
	while (!tracer_over(tr)) {
		if (now_ms() > end) {
			kill(tr->pid, SIGKILL);
			waitpid(tr->pid, NULL, 0);
			tr->pid = 0;
			return false;
		}
		sleep_us(200);
	}
	return true;
}
