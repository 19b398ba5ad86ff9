/* SPDX-License-Identifier: MIT */
#include "signals.h"

#include <errno.h>

#include "calls.h"
#include "counts.h"
#include "ctl/trace.h"
#include "event.h"
#include "life.h"
#include "show.h"
#include "stop.h"

/* Reading /proc/TID/status costs more than a traced call: once is enough while nothing has changed. */
static bool learn_dispositions(struct truss *t, struct thread *thr)
{
	struct process *p = thr->process;
	struct status s;

	if (p->dispositions && !t->handlers_shared)
		return true;
	if (!life_read_status(thr->tid, &s))
		return false;
	p->sig_caught = s.sig_caught;
	p->sig_ignored = s.sig_ignored;
	p->dispositions = p->born_here && !t->filtered && !t->handlers_shared;
	return true;
}

enum disposition signals_disposition(struct truss *t, struct thread *thr, int signal)
{
	uint64_t bit = 1ull << (signal - 1);
	struct process *p = thr->process;

	if (!learn_dispositions(t, thr))
		return DISPOSITION_DEFAULT;
	if (p->sig_caught & bit) {
		p->dispositions = false; /* SA_RESETHAND */
		return DISPOSITION_CAUGHT;
	}
	return p->sig_ignored & bit ? DISPOSITION_IGNORED : DISPOSITION_DEFAULT;
}

static void show_fault(struct truss *t, struct thread *thr, const siginfo_t *info)
{
	struct shown_fault f = {.info = *info, .fault = fault_of(info->si_signo, info->si_code)};
	struct trace_call at;

	if (f.fault == FAULT_NONE || !set_has(&t->o->faults, f.fault))
		return;
	if (t->o->count) {
		counts_fault(t->counts, f.fault);
		return;
	}
	if (trace_call(thr->tid, &at) == 0)
		f.pc = at.pc;
	t->show->fault(t, thr, &f);
}

static void show_signal(struct truss *t, struct thread *thr, const siginfo_t *info, bool continued)
{
	struct shown_signal s = {.info = *info, .continued = continued};

	if (!set_has(&t->o->signals, (unsigned)info->si_signo))
		return;
	if (t->o->count) {
		counts_signal(t->counts, info->si_signo);
		return;
	}
	s.disposition = signals_disposition(t, thr, info->si_signo);
	t->show->signal(t, thr, &s);
}

/*
 * "The discarded signal": one that does nothing to a process does not even wake it, but the kernel delivers it to a
 * traced one, for its tracer to see (sig_ignored(), kernel/signal.c), and a call that waits without end returns EINTR
 * for it. That is made to wait again.
 */
static void undisturb(struct truss *t, struct thread *thr, int signal)
{
	bool harmless =
		signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH || signal == SIGCONT;
	enum disposition d;

	if (thr->in_call || thr->call.error != EINTR)
		return;
	d = signals_disposition(t, thr, signal);
	if (d == DISPOSITION_IGNORED || (d == DISPOSITION_DEFAULT && harmless))
		trace_settle(thr->tid, false);
}

/* Whether the process is to be left at this one: for its own sake, or for that of the call that it interrupts. */
static bool stops_here(struct truss *t, struct thread *thr, const siginfo_t *info)
{
	bool wanted = set_has(&t->o->stop_signals, (unsigned)info->si_signo) ||
		set_has(&t->o->stop_faults, fault_of(info->si_signo, info->si_code));

	if (thr->interrupted && thr->stops)
		return true;
	return wanted && !stop_is_old_signal(thr, info->si_signo);
}

void signals_event(struct truss *t, struct thread *thr, int signal)
{
	bool continued = signal == SIGCONT && thr->process->job_stopped;
	bool stops;
	siginfo_t info;

	if (trace_siginfo(thr->tid, &info))
		info = (siginfo_t){.si_signo = signal, .si_code = SI_USER};
	info.si_signo = signal;
	show_fault(t, thr, &info);
	show_signal(t, thr, &info, continued);
	if (continued)
		thr->process->job_stopped = false;
	stops = stops_here(t, thr, &info);
	calls_flush(t, thr);
	undisturb(t, thr, signal);
	if (stops)
		stop_at_signal(t, thr, &info);
	else
		event_resume(t, thr, signal);
}

void signals_stopped(struct truss *t, struct thread *thr, int signal)
{
	thr->process->job_stopped = true;
	if (!thr->met)
		stop_note(t, thr);
	thr->met = true;
	if (set_has(&t->o->signals, (unsigned)signal) && !t->o->count)
		t->show->stopped(t, thr, signal);
	calls_flush(t, thr);
	thr->state = THREAD_LISTENS;
	(void)!trace_resume(thr->tid, TRACE_LISTEN, 0);
}
