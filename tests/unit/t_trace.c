/* SPDX-License-Identifier: MIT */
/* ctl/trace: what is seen at stops, and what a tracer that dies in the middle of one leaves behind. */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/trace.h"
#include "ctl/tracee.h"
#include "tap.h"

/* A check that describes itself. */
#define HOLDS(condition) OK(condition, "%s", #condition)

static volatile sig_atomic_t handled;

static void count(int sig)
{
	(void)sig;
	handled++;
}

/* Asks for its parent until it gets SIGUSR1 once; then ends with status 3. */
static pid_t start(void)
{
	int ready[2];
	pid_t pid;
	char c;

	if (pipe(ready) < 0)
		return -1;
	pid = fork();
	if (pid) {
		close(ready[1]);
		if (read(ready[0], &c, 1) != 1)
			pid = -1;
		close(ready[0]);
		return pid;
	}
	signal(SIGUSR1, count);
	alarm(20);
	if (write(ready[1], "", 1) != 1)
		_exit(5);
	close(ready[0]);
	close(ready[1]);
	while (!handled)
		syscall(SYS_getppid, 1, 2, 3, 4, 5, 6);
	_exit(handled == 1 ? 3 : 4);
}

static int next(pid_t pid, struct trace_stop *s)
{
	int r;

	do
		r = trace_wait(pid, TRACE_BLOCK, s);
	while (r == -EINTR);
	return r;
}

/* Taken, and stopped for the first time. */
static int take(pid_t pid, unsigned options, struct trace_stop *s)
{
	int err = trace_seize(pid, options);

	if (!err)
		err = tracee_interrupt(pid);
	return err ? err : next(pid, s);
}

static void test_calls(void)
{
	struct trace_stop s;
	struct trace_call in = {0}, out = {0};
	pid_t pid = start();
	int status;

	HOLDS(take(pid, 0, &s) == 1 && s.kind == TRACE_TRAP);
	/* The first stop may be an exit, of the call it was in. */
	do {
		HOLDS(trace_resume(pid, TRACE_TO_CALL, 0) == 0 && next(pid, &s) == 1 &&
			s.kind == TRACE_CALL);
		HOLDS(trace_call(pid, &in) == 0);
	} while (!in.entry || in.nr != SYS_getppid);
	HOLDS(in.nr == SYS_getppid && in.arg[0] == 1 && in.arg[5] == 6);
	HOLDS(trace_wait(pid, 0, &s) == 1 && s.kind == TRACE_CALL); /* the report stays */
	HOLDS(trace_resume(pid, TRACE_TO_CALL, 0) == 0 && next(pid, &s) == 1);
	HOLDS(trace_call(pid, &out) == 0 && out.exit && !out.error && out.result == getpid());
	HOLDS(trace_resume(pid, TRACE_RUN, 0) == 0 && trace_wait(pid, 0, &s) == 0);
	HOLDS(kill(pid, SIGUSR1) == 0 && next(pid, &s) == 1);
	HOLDS(s.kind == TRACE_SIGNAL && s.signal == SIGUSR1);
	HOLDS(trace_detach(pid, SIGUSR1) == 0);
	HOLDS(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

/* A call that is yet to be made: nobody can tell that it was stopped at its entry. */
static void test_stand_before(void)
{
	uint64_t pc, sp;
	struct trace_stop s;
	struct trace_call in = {0};
	pid_t pid = start();
	int status;

	HOLDS(take(pid, 0, &s) == 1);
	do
		HOLDS(trace_resume(pid, TRACE_TO_CALL, 0) == 0 && next(pid, &s) == 1 &&
			trace_call(pid, &in) == 0);
	while (!in.entry || in.nr != SYS_getppid);
	HOLDS(!trace_stands_before(pid, &pc, &sp));
	HOLDS(trace_stand_before(pid) == 0 && trace_stands_before(pid, &pc, &sp));
	HOLDS(pc == in.pc && sp == in.sp);
	HOLDS(trace_resume(pid, TRACE_TO_CALL, 0) == 0 && next(pid, &s) == 1 &&
		trace_call(pid, &in) == 0);
	HOLDS(in.entry && in.nr == SYS_getppid && in.arg[0] == 1 && in.arg[5] == 6);
	HOLDS(trace_detach(pid, SIGUSR1) == 0);
	HOLDS(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
}

/* The tracer is killed at a stop of that kind, having seen it; the victim ends as if it had never been. */
static void test_tracer_killed(enum trace_kind kind)
{
	pid_t pid = start(), tracer;
	struct trace_stop s;
	int status;

	tracer = fork();
	if (!tracer) {
		if (take(pid, 0, &s) != 1)
			_exit(1);
		if (kind == TRACE_SIGNAL)
			kill(pid, SIGUSR1);
		while (s.kind != kind)
			if (trace_resume(pid, TRACE_TO_CALL, 0) || next(pid, &s) != 1)
				_exit(2);
		kill(getpid(), SIGKILL);
	}
	HOLDS(waitpid(tracer, &status, 0) == tracer && WIFSIGNALED(status));
	if (kind != TRACE_SIGNAL)
		kill(pid, SIGUSR1);
	HOLDS(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

static void test_errors(void)
{
	struct trace_stop s;
	struct trace_call c;
	pid_t pid = start();

	HOLDS(trace_wait(0, 0, &s) == 0);
	HOLDS(trace_seize(pid, 0) == 0 && trace_seize(pid, 0) == ERR_PERM);
	HOLDS(trace_call(pid, &c) == ERR_GONE); /* it does not stand */
	HOLDS(kill(pid, SIGKILL) == 0 && next(pid, &s) == 1);
	HOLDS(s.kind == TRACE_DEAD && s.signal == SIGKILL && s.tid == pid);
	trace_reap(pid);
	HOLDS(trace_wait(0, TRACE_BLOCK, &s) == -ECHILD);
	HOLDS(trace_seize(pid, 0) == ERR_GONE);
}

int main(void)
{
	alarm(60);
	test_calls();
	test_stand_before();
	for (int i = 0; i < 20; i++) {
		test_tracer_killed(TRACE_SIGNAL);
		test_tracer_killed(TRACE_CALL);
		test_tracer_killed(TRACE_TRAP);
	}
	test_errors();
	return tap_end();
}
