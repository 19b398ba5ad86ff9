/* SPDX-License-Identifier: MIT */
/*
 * The keeper's own side: a loop over its socket, its clients and SIGCHLD, which sleeps as long as none of them has
 * anything. What it does with threads is ctl/kept.c.
 */
#include "ctl/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/keeper_peer.h"
#include "ctl/keeper_wire.h"
#include "ctl/kept.h"
#include "ctl/tracee.h"

#define CLIENTS 64
#define SOON_MS                                                                                    \
	200 /* after SIGCHLD, for reports that do not come (kept.c): a look at each thread */
#define CHECK_MS  1000 /* while one of those is awaited */
#define LONELY_MS 1000 /* without a first client */

enum { SIGNALS, LISTENER, FIRST_CLIENT };

struct keeper {
	struct kept kept;
	struct pollfd fd[FIRST_CLIENT + CLIENTS];
	size_t fds;
	char *title;
	uint64_t begun, check; /* check: when to, 0: no reason */
	bool served;
};

static uint64_t in_ms(unsigned ms)
{
	return tracee_clock() + ms * 1000000ull;
}

static void write_title(struct keeper *k)
{
	int n;

	memset(k->title, 0, KEEPER_TITLE);
	n = snprintf(k->title, KEEPER_TITLE, KEEPER_NAME ": for uid %u holds ", geteuid());
	kept_list(&k->kept, k->title + n, KEEPER_TITLE - (size_t)n);
}

static void answer(struct keeper *k, const struct keeper_ask *a, struct keeper_answer *r)
{
	enum kept_state state = KEPT_NOT;

	if (a->op == KEEPER_HOLD)
		r->err = kept_hold(&k->kept, &a->name, &state);
	else if (a->op == KEEPER_LET_GO)
		state = kept_let_go(&k->kept, &a->name);
	else if (a->op == KEEPER_REGISTERS)
		state = kept_registers(&k->kept, &a->name, &r->regs);
	else
		r->err = -EPROTO;
	r->state = state;
	write_title(k);
}

static void hang_up(struct keeper *k, size_t i)
{
	close(k->fd[i].fd);
	k->fd[i] = k->fd[--k->fds];
}

static void listen_to(struct keeper *k, size_t i)
{
	int fd = k->fd[i].fd;
	struct keeper_ask a;
	struct keeper_answer r = {0};
	ssize_t n = recv(fd, &a, sizeof a, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (ssize_t)sizeof a || a.version != KEEPER_VERSION) {
		hang_up(k, i);
		return;
	}
	/* Again: it may have become another, and its numbers mean something else in another pid namespace. */
	if (a.me == keeper_peer_pid(fd) && keeper_peer_is_entitled(fd))
		answer(k, &a, &r);
	else
		r.err = ERR_PERM;
	if (send(fd, &r, sizeof r, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof r)
		hang_up(k, i);
}

static void welcome(struct keeper *k)
{
	int fd = accept4(KEEPER_FD, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	/* At once, so that strangers cannot take all places. */
	if (!keeper_peer_is_entitled(fd)) {
		close(fd);
		return;
	}
	k->served = true;
	k->fd[k->fds++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void look_at_threads(struct keeper *k)
{
	size_t before = k->kept.n;

	kept_take_reports(&k->kept);
	if (k->check && tracee_clock() >= k->check)
		k->check = kept_check(&k->kept) ? in_ms(CHECK_MS) : 0;
	if (k->kept.n != before)
		write_title(k);
}

static void turn(struct keeper *k)
{
	struct signalfd_siginfo si;

	if (k->fd[SIGNALS].revents && read(k->fd[SIGNALS].fd, &si, sizeof si) > 0 && !k->check)
		k->check = in_ms(SOON_MS);
	look_at_threads(k);
	for (size_t i = k->fds; i-- > FIRST_CLIENT;)
		if (k->fd[i].revents)
			listen_to(k, i);
	if (k->fd[LISTENER].revents)
		welcome(k);
	/* Who finds no place waits. */
	k->fd[LISTENER].events = k->fds < FIRST_CLIENT + CLIENTS ? POLLIN : 0;
}

static int patience_ms(const struct keeper *k)
{
	uint64_t now = tracee_clock(), until = k->check;

	if (!until && !k->served)
		until = k->begun + LONELY_MS * 1000000ull;
	if (!until)
		return -1;
	return until <= now ? 0 : (int)((until - now) / 1000000u) + 1;
}

static bool is_wanted(const struct keeper *k)
{
	return k->kept.n || k->fds > FIRST_CLIENT ||
		(!k->served && tracee_clock() - k->begun < LONELY_MS * 1000000ull);
}

/* A process that it holds threads of costs it two descriptors. */
static void raise_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l))
		return;
	l.rlim_cur = l.rlim_max;
	(void)!setrlimit(RLIMIT_NOFILE, &l);
}

static void settle_in(struct keeper *k)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_SETMASK, &child, NULL);
	prctl(PR_SET_NAME, KEEPER_NAME);
	raise_limit();
	k->begun = tracee_clock();
	k->fd[SIGNALS] = (struct pollfd){
		.fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN};
	/* Anew, although it is bound already: so that the peer's credentials are ours (unix(7), SO_PEERCRED). */
	if (k->fd[SIGNALS].fd < 0 || listen(KEEPER_FD, CLIENTS))
		_exit(1);
	k->fd[LISTENER] = (struct pollfd){.fd = KEEPER_FD, .events = POLLIN};
	k->fds = FIRST_CLIENT;
	write_title(k);
}

void keeper_run_if_named(char **argv)
{
	struct keeper k = {0};

	if (!argv[0] || strncmp(argv[0], KEEPER_NAME ": ", strlen(KEEPER_NAME ": ")) ||
		strlen(argv[0]) != KEEPER_TITLE - 1)
		return;
	k.title = argv[0];
	settle_in(&k);
	while (is_wanted(&k)) {
		if (poll(k.fd, k.fds, patience_ms(&k)) < 0)
			for (size_t i = 0; i < k.fds; i++)
				k.fd[i].revents = 0;
		turn(&k);
	}
	_exit(0);
}
