/* SPDX-License-Identifier: MIT */
/* The tool's side: finding a keeper, starting one, asking it, and seeing in /proc that it was done. */
#include "ctl/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/keeper_wire.h"
#include "ctl/touch.h"
#include "ctl/tracee.h"
#include "proc/access.h"
#include "proc/status.h"
#include "proc/threads.h"

#define TRIES     200
#define NAP_NS    5000000
#define ANSWER_MS 5000

bool keeper_is(pid_t pid)
{
	struct buf name = {0};
	bool is;

	proc_comm_of(pid, &name);
	is = !strcmp(buf_cstr(&name), KEEPER_NAME);
	buf_free(&name);
	return is;
}

static void nap(void)
{
	struct timespec t = {.tv_nsec = NAP_NS};

	nanosleep(&t, NULL);
}

/* The n-th address: a descriptor, or -errno. *who: the pid of the other end. */
static int connect_to(uid_t uid, unsigned slot, struct ucred *who)
{
	struct sockaddr_un a;
	socklen_t len = keeper_address(uid, slot, &a), size = sizeof *who;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&a, len) ||
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, who, &size)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* In the child of a child: nobody's but init's, with nothing of the tool but the socket. */
static _Noreturn void become(int fd)
{
	char title[KEEPER_TITLE], *argv[] = {title, NULL};
	struct sigaction deaf = {.sa_handler = SIG_IGN}, plain = {.sa_handler = SIG_DFL};
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	memset(title, ' ', sizeof title - 1);
	memcpy(title, KEEPER_NAME ": ", strlen(KEEPER_NAME ": "));
	title[sizeof title - 1] = '\0';
	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &plain, NULL);
	sigaction(SIGHUP, &deaf, NULL);
	sigaction(SIGPIPE, &deaf, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 0; null >= 0 && i < 3; i++)
		dup2(null, i);
	if (fd == KEEPER_FD)
		fcntl(fd, F_SETFD, 0);
	else
		dup2(fd, KEEPER_FD);
	close_range(KEEPER_FD + 1, ~0u, 0);
	(void)!chdir("/");
	execv("/proc/self/exe", argv);
	_exit(127);
}

/* Binds the address, so that nobody else starts one, and starts it. -EADDRINUSE: somebody has, or is about to. */
static int start(uid_t uid, unsigned slot)
{
	struct sockaddr_un a;
	socklen_t len = keeper_address(uid, slot, &a);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), err = 0;
	pid_t child;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, len)) {
		err = -errno;
		close(fd);
		return err;
	}
	touch_point("keeper");
	child = fork();
	if (child == 0) {
		setsid();
		if (fork() == 0)
			become(fd);
		_exit(0);
	}
	if (child < 0)
		err = -errno;
	else
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	close(fd);
	return err;
}

/* Our own user's, started if need be. A descriptor, or ERR_KEEPER. */
static int own_keeper(pid_t *keeper)
{
	unsigned slot = 0;

	for (int tries = 0; tries < TRIES && slot < KEEPER_SLOTS; tries++) {
		struct ucred who;
		int fd = connect_to(geteuid(), slot, &who);

		if (fd >= 0) {
			*keeper = who.pid;
			if (who.uid == geteuid() && keeper_is(who.pid))
				return fd;
			close(fd);
			slot++; /* a stranger's */
		} else if (start(geteuid(), slot)) {
			nap();
		}
	}
	return ERR_KEEPER;
}

/* The one that traces a thread. A descriptor, or ERR_KEEPER. */
static int that_keeper(pid_t keeper)
{
	struct status s;
	struct proc *p;
	int err = proc_open(keeper, &p);

	if (!err)
		err = status_read(p, 0, &s);
	proc_close(p);
	for (unsigned slot = 0; !err && slot < KEEPER_SLOTS; slot++) {
		struct ucred who;
		int fd = connect_to(s.uid[1], slot, &who);

		if (fd >= 0 && who.pid == keeper)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return ERR_KEEPER;
}

static int ask(int fd, enum keeper_op op, const struct proc *p, pid_t tid)
{
	struct keeper_ask a = {.version = KEEPER_VERSION, .op = op, .me = getpid(), .tid = tid};
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	struct keeper_answer r;

	a.pid = proc_pid(p);
	a.start = proc_start_time(p);
	touch_point("ask");
	if (send(fd, &a, sizeof a, MSG_NOSIGNAL) != (ssize_t)sizeof a)
		return ERR_LOST;
	if (poll(&pfd, 1, ANSWER_MS) != 1 ||
		recv(fd, &r, sizeof r, MSG_DONTWAIT) != (ssize_t)sizeof r)
		return ERR_LOST;
	return r.err;
}

/* Whether the thread is as asked: held by `keeper`, or (0) by no keeper. One that has ended is. */
static bool is_so(const struct proc *p, pid_t tid, pid_t keeper, struct stop_culprit *c)
{
	struct status s;

	if (status_read(p, tid, &s) || strchr("ZX", s.state))
		return true;
	*c = (struct stop_culprit){.tid = tid, .state = s.state};
	return keeper ? s.tracer == keeper && s.state == 't' : !s.tracer || !keeper_is(s.tracer);
}

static int await(
	const struct proc *p, pid_t tid, pid_t keeper, uint64_t end, struct stop_culprit *c)
{
	struct timespec t = {.tv_nsec = 50000};

	while (!is_so(p, tid, keeper, c)) {
		if (tracee_clock() >= end)
			return ERR_TIMEOUT;
		nanosleep(&t, NULL);
		if (t.tv_nsec < 10000000)
			t.tv_nsec *= 2;
	}
	return 0;
}

/* A keeper ends with its last thread: in the moment between finding and asking it. Another is started then. */
static int hold_one(const struct proc *p, pid_t tid, int *fd, pid_t *keeper)
{
	int err = ERR_LOST;

	for (int tries = 0; err == ERR_LOST && tries < 5; tries++) {
		if (*fd < 0)
			*fd = own_keeper(keeper);
		if (*fd < 0)
			return *fd;
		err = ask(*fd, KEEPER_HOLD, p, tid);
		if (err == ERR_LOST) {
			close(*fd);
			*fd = -1;
		}
	}
	return err;
}

int keeper_hold(const struct proc *p, const struct tid_ranges *tids, unsigned timeout_ms,
	struct stop_culprit *culprit)
{
	uint64_t end = tracee_clock() + timeout_ms * 1000000ull;
	struct threads t = {0};
	int err = access_check(p), fd = -1;
	size_t held = 0;
	pid_t keeper = 0;

	if (!err)
		err = threads_list(p, &t);
	for (size_t i = 0; !err && i < t.n; i++) {
		struct status s;

		if (!tid_ranges_has(tids, t.tid[i]))
			continue;
		/* Held already, by whichever keeper. */
		if (status_read(p, t.tid[i], &s) == 0 && s.tracer && keeper_is(s.tracer)) {
			held++;
			continue;
		}
		err = hold_one(p, t.tid[i], &fd, &keeper);
		held += !err;
		if (err == ERR_NOTHREAD)
			err = 0;
	}
	for (size_t i = 0; !err && keeper && i < t.n; i++)
		if (tid_ranges_has(tids, t.tid[i]))
			err = await(p, t.tid[i], keeper, end, culprit);
	threads_free(&t);
	if (fd >= 0)
		close(fd);
	if (err == ERR_PERM)
		culprit->why = ERR_PERM;
	return err ? err : held ? 0 : ERR_NOTHREAD;
}

static int let_go_one(const struct proc *p, pid_t tid, uint64_t end, struct stop_culprit *c)
{
	struct status s;
	int err = 0, fd;

	if (status_read(p, tid, &s) || !s.tracer || !keeper_is(s.tracer))
		return 0;
	fd = that_keeper(s.tracer);
	if (fd >= 0)
		err = ask(fd, KEEPER_LET_GO, p, tid);
	if (fd >= 0)
		close(fd);
	/* It may have ended, and let go by that. */
	if (fd < 0 || err == ERR_LOST || err == ERR_PERM)
		err = is_so(p, tid, 0, c) ? 0 : ERR_KEEPER;
	return err ? err : await(p, tid, 0, end, c);
}

int keeper_let_go(const struct proc *p, const struct tid_ranges *tids, unsigned timeout_ms,
	struct stop_culprit *culprit)
{
	uint64_t end = tracee_clock() + timeout_ms * 1000000ull;
	struct threads t = {0};
	int err = threads_list(p, &t);
	size_t matched = 0;

	for (size_t i = 0; !err && i < t.n; i++) {
		char state;

		if (!tid_ranges_has(tids, t.tid[i]))
			continue;
		matched++;
		err = let_go_one(p, t.tid[i], end, culprit);
		state = thread_state(p, t.tid[i]);
		if (err || !tids->n || !strchr("tT", state))
			continue;
		/* A list cannot set one thread of a stopped process running. */
		*culprit = (struct stop_culprit){.tid = t.tid[i], .state = state};
		if (state == 'T')
			err = ERR_STILL;
	}
	threads_free(&t);
	return err ? err : matched ? 0 : ERR_NOTHREAD;
}
