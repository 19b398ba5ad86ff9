/* SPDX-License-Identifier: MIT */
#include "stop.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/requeue.h"
#include "ctl/trace.h"
#include "ctl/tracee.h"
#include "front.h"
#include "life.h"
#include "proc/proc.h"
#include "signals.h"
#include "sys/fault.h"

#define SEEN_NS 1000000000u

#define BIT(signal) (1ull << ((signal)-1))
/* signal(7), "Standard signals": what they do by default is nothing, or a stop. All others end the process. */
#define HARMLESS (BIT(SIGCHLD) | BIT(SIGURG) | BIT(SIGWINCH) | BIT(SIGCONT))
#define STOPS    (BIT(SIGSTOP) | BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU))

static void begin(struct truss *t)
{
	out_flush(&t->out);
	front_dismiss(t->front);
}

static void order_stop(const struct thread *thr)
{
	syscall(SYS_tgkill, thr->process->pid, thr->tid, SIGSTOP);
}

/* Whoever comes next is to find it stopped: prun would find that it runs, and be content. */
static void see(pid_t tid)
{
	uint64_t begun = tracee_clock();
	struct timespec pause = {.tv_nsec = 50000};
	struct status s;

	while (life_read_status(tid, &s) && !strchr("TZX", s.state) &&
		tracee_clock() - begun < SEEN_NS)
		nanosleep(&pause, NULL);
}

static void leave(struct truss *t, struct thread *thr, int signal)
{
	(void)!trace_detach(thr->tid, signal);
	see(thr->tid);
	t->done = true;
	t->left_stopped = true;
}

void stop_after_call(struct truss *t, struct thread *thr)
{
	begin(t);
	order_stop(thr);
	leave(t, thr, 0);
}

void stop_before_call(struct truss *t, struct thread *thr)
{
	begin(t);
	order_stop(thr);
	(void)!trace_stand_before(thr->tid);
	leave(t, thr, 0);
}

/* As it came, where that can be done. What was sent to a process of several threads, another one could take. */
static bool requeue(struct thread *thr, const siginfo_t *info)
{
	bool own =
		info->si_code == SI_TKILL || fault_of(info->si_signo, info->si_code) != FAULT_NONE;
	struct proc *p;
	int err;

	if (!own && thr->process->threaded)
		return false;
	if (proc_open(thr->process->pid, &p))
		return false;
	err = requeue_signal(p, thr->tid, info);
	proc_close(p);
	return !err || err == ERR_GONE;
}

/* From us; of what came with it, all that the kernel believes another process (rt_tgsigqueueinfo(2)). */
static void resend(const struct thread *thr, const siginfo_t *info)
{
	bool told = info->si_code == SI_USER || info->si_code == SI_TKILL;
	siginfo_t copy = *info;

	if (copy.si_code >= 0 || copy.si_code == SI_TKILL) {
		copy = (siginfo_t){.si_signo = info->si_signo, .si_code = SI_QUEUE};
		copy.si_pid = told ? info->si_pid : getpid();
		copy.si_uid = told ? info->si_uid : getuid();
	}
	syscall(SYS_rt_tgsigqueueinfo, thr->process->pid, thr->tid, info->si_signo, &copy);
}

/* It would end the process. */
static void stop_at_end(struct truss *t, struct thread *thr, const siginfo_t *info)
{
	if (requeue(thr, info)) {
		see(thr->tid);
		t->done = t->left_stopped = true;
		return;
	}
	/* The stop takes its place; it comes next. */
	resend(thr, info);
	leave(t, thr, SIGSTOP);
}

void stop_at_signal(struct truss *t, struct thread *thr, const siginfo_t *info)
{
	int signal = info->si_signo;

	begin(t);
	if (signals_disposition(t, thr, signal) != DISPOSITION_DEFAULT) {
		order_stop(thr);
		leave(t, thr, signal);
	} else if (BIT(signal) & (HARMLESS | STOPS)) {
		leave(t, thr, SIGSTOP);
	} else {
		stop_at_end(t, thr, info);
	}
}

/* ---- once more ---- */

void stop_note(struct truss *t, struct thread *thr)
{
	struct status s;

	if (!options_stop(t->o))
		return;
	if (life_read_status(thr->tid, &s))
		thr->stood_signals = s.sig_pending | s.shared_pending;
	if (!trace_stands_before(thr->tid, &thr->stood_pc, &thr->stood_sp))
		thr->stood_pc = 0;
}

bool stop_is_old_call(struct thread *thr, const struct trace_call *i)
{
	bool old = thr->stood_pc && thr->stood_pc == i->pc && thr->stood_sp == i->sp;

	thr->stood_pc = 0;
	return old;
}

bool stop_is_old_signal(struct thread *thr, int signal)
{
	bool old = thr->stood_signals & BIT(signal);

	thr->stood_signals &= ~BIT(signal);
	return old;
}
