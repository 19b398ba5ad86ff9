/* SPDX-License-Identifier: MIT */
#include "ctl/seize.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "ctl/trace.h"
#include "proc/status.h"

/*
 * The kernel makes the call again after any handler (ERESTARTNOINTR). So the handler does not return to it: nothing of
 * ours is between the two but the call itself.
 */
static struct {
	sigjmp_buf before;
	volatile sig_atomic_t waits;
} window;

static void too_long(int sig)
{
	(void)sig;
	if (window.waits)
		siglongjmp(window.before, 1);
}

/* It may have been taken all the same, in the last moment. */
static bool is_taken(const struct proc *p, pid_t tid)
{
	struct status s;

	return !status_read(p, tid, &s) && s.tracer == getpid();
}

int seize_within(const struct proc *p, pid_t tid, unsigned options, unsigned ms)
{
	struct itimerval limit = {.it_value = {ms / 1000, (suseconds_t)(ms % 1000) * 1000}},
			 before = {0};
	struct sigaction act = {.sa_handler = too_long}, old;
	volatile int err = -EAGAIN;

	sigemptyset(&act.sa_mask);
	if (sigaction(SIGALRM, &act, &old))
		return -errno;
	if (!sigsetjmp(window.before, 1)) {
		window.waits = 1;
		setitimer(ITIMER_REAL, &limit, &before);
		err = trace_seize(tid, options);
	}
	window.waits = 0;
	setitimer(ITIMER_REAL, &before, NULL);
	sigaction(SIGALRM, &old, NULL);
	return err == -EAGAIN && is_taken(p, tid) ? 0 : err;
}
