/* SPDX-License-Identifier: MIT */
/*
 * The keeper's own side: an event loop over its socket, its clients and SIGCHLD.
 *
 * A thread that is asked to stop reports signals that come first, which are passed on; then its stop, after which it
 * stays where it is, whatever else happens to the process. The report of that stop is consumed, for there is no signal
 * in it; all others are only peeked at (tracee.h). A job-control stop or SIGCONT does not move a held thread; let go, it
 * joins what the others do.
 *
 * Death of a held thread is reported, and has to be taken note of at once: the process's own end is kept from its parent
 * until then. One end has no report: an exec by another thread, which takes the place of a held first thread
 * ("the vanished leader"). So once a second the kernel is asked whether we still trace everybody.
 */
#include "ctl/keeper.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/keeper_wire.h"
#include "ctl/trace.h"
#include "ctl/tracee.h"
#include "proc/status.h"
#include "proc/threads.h"

#define CLIENTS   16
#define SPIN_NS   300000
#define CHECK_MS  1000
#define LONELY_NS 10000000000u /* without a first client */
#define REPORTS   4096

struct kept {
	struct proc *p; /* shared by the threads of a process */
	pid_t tid;
	bool stopped, letting, late;
};

struct keeper {
	struct kept *kept;
	size_t n, cap;
	struct pollfd fd[CLIENTS + 2]; /* signals, listener, clients */
	size_t fds;
	char *title;
	bool served;
};

static void add_title(struct keeper *k)
{
	size_t at = 0, room = KEEPER_TITLE - 1;

	memset(k->title, 0, KEEPER_TITLE);
	at += (size_t)snprintf(k->title, room, KEEPER_NAME ": holds");
	for (size_t i = 0; i < k->n && at + 24 < room; i++)
		at += (size_t)snprintf(k->title + at, room - at, " %d/%d",
			(int)proc_pid(k->kept[i].p), (int)k->kept[i].tid);
}

static struct kept *find(struct keeper *k, pid_t tid)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->kept[i].tid == tid)
			return k->kept + i;
	return NULL;
}

static struct proc *same_process(struct keeper *k, pid_t pid, uint64_t start)
{
	for (size_t i = 0; i < k->n; i++)
		if (proc_pid(k->kept[i].p) == pid && proc_start_time(k->kept[i].p) == start)
			return k->kept[i].p;
	return NULL;
}

static void forget(struct keeper *k, struct kept *t)
{
	struct proc *p = t->p;
	bool last = true;

	*t = k->kept[--k->n];
	for (size_t i = 0; i < k->n; i++)
		last &= k->kept[i].p != p;
	if (last)
		proc_close(p);
	add_title(k);
}

static void let_go(struct keeper *k, struct kept *t)
{
	if (!t->stopped) {
		t->letting = true; /* as soon as it can be */
		return;
	}
	if (trace_detach(t->tid, 0) == ERR_GONE)
		trace_reap(t->tid);
	forget(k, t);
}

static void deal_with(struct keeper *k, const struct trace_stop *s)
{
	struct kept *t = find(k, s->tid);

	switch (s->kind) {
	case TRACE_DEAD:
		trace_reap(s->tid);
		if (t)
			forget(k, t);
		return;
	case TRACE_TRAP:
	case TRACE_GROUP_STOP:
		if (t && s->kind == TRACE_TRAP && !t->stopped)
			trace_settle(s->tid, t->late);
		trace_take(s->tid);
		if (t)
			t->stopped = true;
		if (t && t->letting)
			let_go(k, t);
		return;
	default: (void)!trace_resume(s->tid, TRACE_RUN, s->kind == TRACE_SIGNAL ? s->signal : 0);
	}
}

static void take_reports(struct keeper *k)
{
	struct trace_stop s;

	for (int i = 0; i < REPORTS && trace_wait(0, 0, &s) == 1; i++)
		deal_with(k, &s);
}

/* ---- questions ---- */

static int remember(struct keeper *k, struct proc *p, pid_t tid, bool late)
{
	if (k->n == k->cap) {
		size_t cap = k->cap ? k->cap * 2 : 16;
		struct kept *grown = reallocarray(k->kept, cap, sizeof *grown);

		if (!grown)
			return -ENOMEM;
		k->kept = grown;
		k->cap = cap;
	}
	k->kept[k->n++] = (struct kept){.p = p, .tid = tid, .late = late};
	add_title(k);
	return 0;
}

/* The kernel has one word for a stranger's thread, one that is traced, and one that is dead. */
static int why_refused(const struct proc *p, pid_t tid, int err)
{
	struct status s;

	if (err != ERR_PERM)
		return err == ERR_GONE ? ERR_NOTHREAD : err;
	if (strchr("ZX?", thread_state(p, tid)))
		return ERR_NOTHREAD;
	return status_read(p, tid, &s) == 0 && s.tracer ? ERR_TRACED : ERR_PERM;
}

/*
 * Some calls would return EINTR for the stop, and are made to start over as soon as it is reported: that is waited for
 * here, some microseconds, so that a SIGKILL of the keeper finds no time in between.
 */
static void await_report(struct keeper *k, pid_t tid)
{
	uint64_t end = tracee_clock() + SPIN_NS;
	struct kept *t;

	do {
		take_reports(k);
		t = find(k, tid);
	} while (t && !t->stopped && tracee_clock() < end && sched_yield() == 0);
}

static int take_thread(struct keeper *k, struct proc *p, pid_t tid)
{
	struct thread_place at;
	bool late;
	int err;

	if (thread_state(p, tid) == '?')
		return ERR_NOTHREAD;
	late = thread_place(p, tid, &at) == 0 && at.running;
	err = tracee_seize(tid);
	if (err)
		return why_refused(p, tid, err);
	err = remember(k, p, tid, late);
	if (!err)
		err = tracee_interrupt(tid);
	if (err == -ENOMEM)
		_exit(1); /* nothing else lets go of a thread that has not stopped */
	await_report(k, tid);
	return err == ERR_GONE ? 0 : err;
}

static int hold(struct keeper *k, const struct keeper_ask *a)
{
	struct kept *t = find(k, a->tid);
	struct proc *p = same_process(k, a->pid, a->start);
	bool fresh = !p;
	int err = 0;

	if (t) {
		t->letting = false;
		return 0;
	}
	if (a->pid == getpid())
		return ERR_SELF;
	if (fresh)
		err = proc_open(a->pid, &p);
	if (!err && proc_start_time(p) != a->start)
		err = ERR_GONE;
	if (!err)
		err = take_thread(k, p, a->tid);
	if (fresh && p && !same_process(k, a->pid, a->start))
		proc_close(p);
	return err;
}

static int answer_to(struct keeper *k, const struct keeper_ask *a)
{
	struct kept *t;

	take_reports(k);
	if (a->op == KEEPER_HOLD)
		return hold(k, a);
	if (a->op != KEEPER_LET_GO)
		return -EPROTO;
	t = find(k, a->tid);
	if (t && proc_pid(t->p) == a->pid && proc_start_time(t->p) == a->start)
		let_go(k, t);
	return 0;
}

/* Whoever has less power than we have must not use ours. */
static bool is_entitled(int fd, pid_t says)
{
	struct ucred peer;
	socklen_t len = sizeof peer;
	struct status us, them;
	struct proc *p;
	bool good;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) || peer.pid != says ||
		(peer.uid != geteuid() && peer.uid != 0) || proc_open(peer.pid, &p))
		return false;
	good = status_read(p, 0, &them) == 0;
	proc_close(p);
	if (!good || proc_open(getpid(), &p))
		return false;
	good = status_read(p, 0, &us) == 0 && !(us.cap_effective & ~them.cap_permitted);
	proc_close(p);
	return good;
}

static void hang_up(struct keeper *k, size_t i)
{
	close(k->fd[i].fd);
	k->fd[i] = k->fd[--k->fds];
}

static void listen_to(struct keeper *k, size_t i)
{
	struct keeper_ask a;
	struct keeper_answer r = {.me = getpid()};
	ssize_t n = recv(k->fd[i].fd, &a, sizeof a, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (ssize_t)sizeof a || a.version != KEEPER_VERSION) {
		hang_up(k, i);
		return;
	}
	r.err = is_entitled(k->fd[i].fd, a.me) ? answer_to(k, &a) : ERR_PERM;
	if (send(k->fd[i].fd, &r, sizeof r, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof r)
		hang_up(k, i);
}

static void welcome(struct keeper *k)
{
	int fd = accept4(k->fd[1].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	k->served = true;
	if (k->fds == CLIENTS + 2)
		close(fd);
	else
		k->fd[k->fds++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* The vanished leader, and processes whose number is another's by now. */
static void check_all(struct keeper *k)
{
	struct status s;

	for (size_t i = k->n; i-- > 0;)
		if (status_read(k->kept[i].p, k->kept[i].tid, &s) || s.tracer != getpid())
			forget(k, k->kept + i);
}

static void turn(struct keeper *k, int ready)
{
	struct signalfd_siginfo si;

	if (ready > 0 && k->fd[0].revents)
		(void)!read(k->fd[0].fd, &si, sizeof si);
	take_reports(k);
	for (size_t i = k->fds; ready > 0 && i-- > 2;)
		if (k->fd[i].revents)
			listen_to(k, i);
	if (ready > 0 && k->fd[1].revents)
		welcome(k);
}

static void settle_in(struct keeper *k)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_SETMASK, &child, NULL);
	prctl(PR_SET_NAME, KEEPER_NAME);
	k->fd[0] = (struct pollfd){
		.fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN};
	/* Anew, although it is bound already: so that the peer's credentials are ours (unix(7), SO_PEERCRED). */
	if (k->fd[0].fd < 0 || listen(KEEPER_FD, CLIENTS))
		_exit(1);
	k->fd[1] = (struct pollfd){.fd = KEEPER_FD, .events = POLLIN};
	k->fds = 2;
}

void keeper_run_if_named(char **argv)
{
	uint64_t begun = tracee_clock(), checked = begun;
	struct keeper k = {0};

	if (!argv[0] || strncmp(argv[0], KEEPER_NAME ": ", strlen(KEEPER_NAME ": ")) ||
		strlen(argv[0]) != KEEPER_TITLE - 1)
		return;
	k.title = argv[0];
	settle_in(&k);
	add_title(&k);
	while (k.n || k.fds > 2 || (!k.served && tracee_clock() - begun < LONELY_NS)) {
		turn(&k, poll(k.fd, k.fds, CHECK_MS));
		if (tracee_clock() - checked < CHECK_MS * 1000000ull)
			continue;
		checked = tracee_clock();
		check_all(&k);
	}
	_exit(0);
}
