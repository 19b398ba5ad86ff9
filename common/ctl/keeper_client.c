/* SPDX-License-Identifier: MIT */
/*
 * The tool's side: finding a keeper, starting one, asking it, and seeing that it was done. A keeper may end or be killed
 * at any moment, so each pass over the threads begins with what the kernel says of them.
 */
#include "ctl/keeper.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/keeper_start.h"
#include "ctl/keeper_wire.h"
#include "ctl/touch.h"
#include "ctl/tracee.h"
#include "proc/access.h"
#include "proc/status.h"
#include "proc/threads.h"

#define TRIES        400 /* for an address that is taken, and nobody listens at */
#define STARTS       10
#define NAP_NS       5000000
#define NAP_FIRST_NS 50000
#define NAP_LAST_NS  10000000
#define ANSWER_MS    5000
#define LOSSES       8

bool keeper_is(pid_t pid)
{
	struct buf name = {0};
	bool is;

	proc_comm_of(pid, &name);
	is = !strcmp(buf_cstr(&name), KEEPER_NAME);
	buf_free(&name);
	return is;
}

static void nap(uint64_t ns)
{
	struct timespec t = {.tv_nsec = (long)ns};

	nanosleep(&t, NULL);
}

/* A keeper that we are connected to; fd -1: to none. */
struct link {
	int fd;
	pid_t keeper;
};

static void hang_up(struct link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	*l = (struct link){.fd = -1};
}

/* The n-th address: a descriptor, or -errno. *who: the other end. */
static int connect_to(uid_t uid, unsigned slot, struct ucred *who)
{
	struct timeval limit = {.tv_sec = ANSWER_MS / 1000};
	struct sockaddr_un a;
	socklen_t len = keeper_address(uid, slot, &a), size = sizeof *who;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) ||
		connect(fd, (struct sockaddr *)&a, len) ||
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, who, &size)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* Our own user's, started if need be. */
static int link_own(struct link *l)
{
	unsigned tries = 0, starts = 0, slot = 0;

	while (slot < KEEPER_SLOTS) {
		struct ucred who;
		int fd = connect_to(geteuid(), slot, &who);

		if (fd >= 0 && who.uid == geteuid() && keeper_is(who.pid)) {
			*l = (struct link){fd, who.pid};
			return 0;
		}
		if (fd >= 0) {
			close(fd);
			slot++; /* a stranger's */
		} else if (!keeper_start(geteuid(), slot)) {
			if (++starts > STARTS)
				break; /* they end as soon as they begin */
		} else if (++tries % TRIES == 0) {
			slot++; /* perhaps a stranger's; on a busy machine a second keeper of ours does no harm */
		} else {
			nap(NAP_NS);
		}
	}
	return ERR_KEEPER;
}

/* One that traces a thread. */
static int link_that(struct link *l, pid_t keeper)
{
	struct proc *p = NULL;
	struct status s;
	int err = proc_open(keeper, &p);

	if (!err)
		err = status_read(p, 0, &s);
	proc_close(p);
	for (unsigned slot = 0; !err && slot < KEEPER_SLOTS; slot++) {
		struct ucred who;
		int fd = connect_to(s.uid[1], slot, &who);

		if (fd >= 0 && who.pid == keeper) {
			*l = (struct link){fd, keeper};
			return 0;
		}
		if (fd >= 0)
			close(fd);
	}
	return ERR_KEEPER;
}

/* To the keeper that traces a thread, or (0) to our own. */
static int link_to(struct link *l, pid_t keeper)
{
	if (l->fd >= 0 && (!keeper || keeper == l->keeper))
		return 0;
	hang_up(l);
	return keeper ? link_that(l, keeper) : link_own(l);
}

/* ERR_LOST: the keeper has ended, or does not answer us. */
static int ask(
	struct link *l, enum keeper_op op, const struct proc *p, pid_t tid, struct keeper_answer *r)
{
	struct keeper_ask a = {.version = KEEPER_VERSION,
		.op = op,
		.me = getpid(),
		.name = {proc_pid(p), tid, proc_start_time(p)}};
	struct pollfd pfd = {.fd = l->fd, .events = POLLIN};

	touch_point("ask");
	if (send(l->fd, &a, sizeof a, MSG_NOSIGNAL) != (ssize_t)sizeof a ||
		poll(&pfd, 1, ANSWER_MS) != 1 ||
		recv(l->fd, r, sizeof *r, MSG_DONTWAIT) != (ssize_t)sizeof *r) {
		hang_up(l);
		return ERR_LOST;
	}
	return r->err;
}

/* ---- holding ---- */

struct holding {
	const struct proc *p;
	struct link link;
	unsigned losses;
	size_t standing, awaited;
	struct stop_culprit culprit; /* of those awaited */
};

static void count(struct holding *h, const struct status *s, pid_t tid, bool stands)
{
	if (stands) {
		h->standing++;
	} else {
		h->awaited++;
		h->culprit = (struct stop_culprit){.tid = tid, .state = s->state};
	}
}

/* One that a keeper has already is left to that; and if we may not ask it, to what the kernel says of it. */
static int hold_thread(struct holding *h, pid_t tid)
{
	struct keeper_answer r = {.state = KEPT_NOT};
	struct status s;
	pid_t keeper;
	int err;

	if (status_read(h->p, tid, &s))
		return 0;
	keeper = s.tracer && keeper_is(s.tracer) ? s.tracer : 0;
	err = link_to(&h->link, keeper);
	if (!err)
		err = ask(&h->link, KEEPER_HOLD, h->p, tid, &r);
	if (err == ERR_NOTHREAD)
		return 0;
	if (err == -EAGAIN) {
		count(h, &s, tid, false);
		h->culprit.why = ERR_EXEC;
		return 0;
	}
	if (keeper && (err == ERR_KEEPER || err == ERR_LOST || err == ERR_PERM)) {
		count(h, &s, tid, s.state == 't');
		return 0;
	}
	if (err == ERR_LOST && ++h->losses < LOSSES) {
		count(h, &s, tid, false);
		return 0;
	}
	if (err)
		return err == ERR_LOST ? ERR_KEEPER : err;
	if (r.state != KEPT_NOT)
		count(h, &s, tid, r.state == KEPT_STANDS);
	return 0;
}

static int hold_pass(struct holding *h, const struct tid_ranges *tids)
{
	struct threads t = {0};
	int err = threads_list(h->p, &t);

	h->standing = h->awaited = 0;
	for (size_t i = 0; !err && i < t.n; i++)
		if (tid_ranges_has(tids, t.tid[i]))
			err = hold_thread(h, t.tid[i]);
	threads_free(&t);
	return err;
}

int keeper_hold(const struct proc *p, const struct tid_ranges *tids, unsigned timeout_ms,
	struct stop_culprit *culprit)
{
	uint64_t end = tracee_clock() + timeout_ms * 1000000ull, ns = NAP_FIRST_NS;
	struct holding h = {.p = p, .link.fd = -1};
	size_t before;
	int err = access_check(p);

	if (!err)
		err = hold_pass(&h, tids);
	/* Until all stand, and none of them has made another that is meant. */
	for (before = 0; !err && (h.awaited || h.standing != before);) {
		if (h.awaited && tracee_clock() >= end)
			err = ERR_TIMEOUT;
		if (err)
			break;
		if (h.awaited)
			nap(ns);
		if (ns < NAP_LAST_NS)
			ns *= 2;
		before = h.standing;
		err = hold_pass(&h, tids);
	}
	hang_up(&h.link);
	if (err == ERR_TIMEOUT) {
		*culprit = h.culprit;
		if (!culprit->why)
			stop_ask_why(p, culprit);
	}
	if (err == ERR_PERM)
		culprit->why = ERR_PERM;
	return err ? err : h.standing ? 0 : ERR_NOTHREAD;
}

/* ---- letting go ---- */

static bool is_let_go(const struct proc *p, pid_t tid, struct stop_culprit *c)
{
	struct status s;

	if (status_read(p, tid, &s) || !s.tracer || !keeper_is(s.tracer))
		return true;
	*c = (struct stop_culprit){.tid = tid, .state = s.state};
	return false;
}

static int await_let_go(const struct proc *p, pid_t tid, uint64_t end, struct stop_culprit *c)
{
	uint64_t ns = NAP_FIRST_NS;

	while (!is_let_go(p, tid, c)) {
		if (tracee_clock() >= end)
			return ERR_STILL;
		nap(ns);
		if (ns < NAP_LAST_NS)
			ns *= 2;
	}
	return 0;
}

static int let_go_thread(
	struct link *l, const struct proc *p, pid_t tid, uint64_t end, struct stop_culprit *c)
{
	struct keeper_answer r;
	struct status s;
	int err;

	if (status_read(p, tid, &s) || !s.tracer || !keeper_is(s.tracer))
		return 0;
	err = link_to(l, s.tracer);
	if (!err)
		err = ask(l, KEEPER_LET_GO, p, tid, &r);
	/* It may have ended, and let go by that; or be about to: killed, on a busy machine, it takes its time. */
	if (err)
		return await_let_go(p, tid, end, c) ? ERR_KEEPER : 0;
	/* Who was asked to stop, and cannot yet, goes on as if it had not been. */
	if (r.state == KEPT_ASKED)
		return 0;
	return await_let_go(p, tid, end, c);
}

/* A list cannot set one thread of a stopped process running. */
static int check_runs(const struct proc *p, pid_t tid, struct stop_culprit *c)
{
	char state = thread_state(p, tid);

	if (state != 'T')
		return 0;
	*c = (struct stop_culprit){.tid = tid, .state = state, .why = ERR_STILL};
	return ERR_STILL;
}

int keeper_let_go(const struct proc *p, const struct tid_ranges *tids, unsigned timeout_ms,
	struct stop_culprit *culprit)
{
	uint64_t end = tracee_clock() + timeout_ms * 1000000ull;
	struct link link = {.fd = -1};
	struct threads t = {0};
	int err = threads_list(p, &t), one;
	size_t matched = 0;

	for (size_t i = 0; i < t.n; i++) {
		struct stop_culprit c = {0};

		if (!tid_ranges_has(tids, t.tid[i]))
			continue;
		matched++;
		one = let_go_thread(&link, p, t.tid[i], end, &c);
		if (!one && tids->n)
			one = check_runs(p, t.tid[i], &c);
		/* The others all the same. */
		if (one && !err) {
			err = one;
			*culprit = c;
		}
	}
	threads_free(&t);
	hang_up(&link);
	return err ? err : matched ? 0 : ERR_NOTHREAD;
}

/* ---- looking ---- */

int keeper_registers(const struct proc *p, pid_t tid, struct user_regs_struct *out)
{
	struct keeper_answer r = {.state = KEPT_NOT};
	struct link link = {.fd = -1};
	struct status s;
	int err;

	if (status_read(p, tid, &s))
		return ERR_GONE;
	if (!s.tracer || !keeper_is(s.tracer))
		return ERR_TRACED;
	err = link_to(&link, s.tracer);
	if (!err)
		err = ask(&link, KEEPER_REGISTERS, p, tid, &r);
	hang_up(&link);
	if (err)
		return ERR_KEEPER;
	*out = r.regs;
	return r.state == KEPT_STANDS ? 0 : ERR_TRACED;
}
