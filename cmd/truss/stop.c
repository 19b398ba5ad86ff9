/* SPDX-License-Identifier: MIT */
#include "stop.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ctl/trace.h"
#include "front.h"
#include "signals.h"

static void begin(struct truss *t, const struct thread *thr)
{
	out_flush(&t->out);
	front_dismiss(t->front);
	kill(thr->process->pid, SIGSTOP);
}

static void leave(struct truss *t, struct thread *thr, int signal)
{
	(void)!trace_detach(thr->tid, signal);
	t->done = true;
	t->left_stopped = true;
}

void stop_after_call(struct truss *t, struct thread *thr)
{
	begin(t, thr);
	leave(t, thr, 0);
}

void stop_before_call(struct truss *t, struct thread *thr)
{
	begin(t, thr);
	trace_enter_again(thr->tid);
	leave(t, thr, 0);
}

void stop_at_signal(struct truss *t, struct thread *thr, const siginfo_t *info)
{
	int signal = info->si_signo;

	if (signals_disposition(t, thr, signal) != DISPOSITION_DEFAULT) {
		begin(t, thr);
		leave(t, thr, signal);
		return;
	}
	/* The stop takes its place; it comes next. */
	out_flush(&t->out);
	front_dismiss(t->front);
	syscall(SYS_tgkill, thr->process->pid, thr->tid, signal);
	leave(t, thr, SIGSTOP);
}
