/* SPDX-License-Identifier: MIT */
#include "ctl/warden.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

#define WARDEN_NAME "ptools-warden"
#define KEEP_MAX    16

struct warden {
	pid_t pid;
	int sock;
};

/* Those that are not stopped yet; 0: free. */
static _Atomic pid_t ours[16];
#define OURS (sizeof ours / sizeof *ours)

static void exchange_ours(pid_t from, pid_t to)
{
	for (size_t i = 0; i < OURS; i++) {
		pid_t expected = from;

		if (atomic_compare_exchange_strong(&ours[i], &expected, to))
			return;
	}
}

bool warden_is_ours(pid_t pid)
{
	bool found = false;

	for (size_t i = 0; i < OURS; i++)
		found |= ours[i] == pid;
	return found && pid != 0;
}

static int ascending(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Closes everything but the standard descriptors, sock and the n in keep. */
static void close_others(int sock, const int *keep, size_t n)
{
	int all[KEEP_MAX + 1] = {sock};
	unsigned from = 3;

	for (size_t i = 0; i < n; i++)
		all[i + 1] = keep[i];
	qsort(all, n + 1, sizeof *all, ascending);
	for (size_t i = 0; i <= n; i++) {
		if (all[i] < (int)from)
			continue;
		if ((unsigned)all[i] > from)
			close_range(from, (unsigned)all[i] - 1, 0);
		from = (unsigned)all[i] + 1;
	}
	close_range(from, ~0u, 0);
}

static void leave_terminal(void)
{
	struct sigaction plain = {.sa_handler = SIG_DFL}, deaf = {.sa_handler = SIG_IGN};
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	setsid();
	prctl(PR_SET_NAME, WARDEN_NAME);
	prctl(PR_SET_TIMERSLACK, 1); /* its naps are short */
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	/* Asking it to end is the business of the tool; until then it has a target to put back. */
	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &plain, NULL);
	sigaction(SIGHUP, &deaf, NULL);
	sigaction(SIGINT, &deaf, NULL);
	sigaction(SIGQUIT, &deaf, NULL);
	sigaction(SIGTERM, &deaf, NULL);
	sigaction(SIGPIPE, &deaf, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int warden_start(warden_job *job, void *arg, const int *keep, size_t n, struct warden **out)
{
	struct warden *w = calloc(1, sizeof *w);
	int pair[2], err;

	if (!w || n > KEEP_MAX) {
		free(w);
		return -ENOMEM;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		err = -errno;
		goto out_free;
	}
	w->sock = pair[0];
	w->pid = fork();
	if (w->pid < 0) {
		err = -errno;
		goto out_close;
	}
	if (w->pid == 0) {
		leave_terminal();
		close_others(pair[1], keep, n);
		job(pair[1], arg);
		_exit(0);
	}
	exchange_ours(0, w->pid);
	close(pair[1]);
	*out = w;
	return 0;

out_close:
	close(pair[0]);
	close(pair[1]);
out_free:
	free(w);
	return err;
}

static long ms_since(const struct timespec *begun)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - begun->tv_sec) * 1000 + (now.tv_nsec - begun->tv_nsec) / 1000000;
}

int warden_await(struct warden *w, struct warden_message *m, unsigned timeout_ms)
{
	struct pollfd pfd = {.fd = w->sock, .events = POLLIN};
	struct timespec begun;
	ssize_t n;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (;;) {
		long spent = ms_since(&begun);
		if (spent >= (long)timeout_ms)
			return ERR_TIMEOUT;
		if (poll(&pfd, 1, (int)timeout_ms - (int)spent) <= 0)
			continue;
		n = recv(w->sock, m, sizeof *m, MSG_DONTWAIT);
		if (n == (ssize_t)sizeof *m)
			return m->err;
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		return ERR_LOST;
	}
}

/* Room for the descriptors that go along, as cmsg(3) wants it. */
union along {
	struct cmsghdr head;
	char room[CMSG_SPACE(WARDEN_FDS * sizeof(int))];
};

int warden_tell_with(struct warden *w, const struct warden_message *m, const int *fds, size_t n)
{
	union along along = {0};
	struct warden_message copy = *m;
	struct iovec part = {&copy, sizeof copy};
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};

	if (n > WARDEN_FDS)
		return -EINVAL;
	if (n) {
		msg.msg_control = &along;
		msg.msg_controllen = CMSG_SPACE(n * sizeof *fds);
	}
	along.head = (struct cmsghdr){
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(n * sizeof *fds),
	};
	if (n)
		memcpy(CMSG_DATA(&along.head), fds, n * sizeof *fds);
	return sendmsg(w->sock, &msg, MSG_NOSIGNAL) == (ssize_t)sizeof *m ? 0 : ERR_LOST;
}

int warden_ask(struct warden *w, struct warden_message *m, unsigned timeout_ms)
{
	int err = warden_tell_with(w, m, NULL, 0);

	return err ? err : warden_await(w, m, timeout_ms);
}

/* Without a pidfd (before Linux 5.3) by looking again and again. */
static void await_end(int pidfd, int ms)
{
	struct timespec pause = {.tv_nsec = 100000};
	struct pollfd pfd = {.fd = pidfd, .events = POLLIN};

	if (pidfd < 0)
		nanosleep(&pause, NULL);
	else
		(void)!poll(&pfd, 1, ms);
}

static bool reap(pid_t pid, unsigned timeout_ms, int *status)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct timespec begun;
	pid_t r;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (;;) {
		long left = (long)timeout_ms - ms_since(&begun);

		r = waitpid(pid, status, WNOHANG);
		if (r == pid || (r < 0 && errno != EINTR) || left <= 0)
			break;
		await_end(pidfd, (int)left);
	}
	if (pidfd >= 0)
		close(pidfd);
	return r == pid;
}

void warden_dismiss(struct warden *w)
{
	shutdown(w->sock, SHUT_WR);
}

bool warden_stop(struct warden *w, unsigned timeout_ms)
{
	int status = 0;
	bool ended;

	if (!w)
		return true;
	close(w->sock);
	ended = reap(w->pid, timeout_ms, &status);
	if (!ended) {
		kill(w->pid, SIGKILL);
		while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	exchange_ours(w->pid, 0);
	free(w);
	return ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int warden_receive_with(int sock, struct warden_message *m, int *fds, size_t *n)
{
	union along along = {0};
	struct iovec part = {m, sizeof *m};
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &along};
	struct cmsghdr *c;
	ssize_t got;

	msg.msg_controllen = sizeof along;
	do
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	c = got < 0 ? NULL : CMSG_FIRSTHDR(&msg);
	*n = c && c->cmsg_type == SCM_RIGHTS ? (c->cmsg_len - CMSG_LEN(0)) / sizeof *fds : 0;
	memcpy(fds, CMSG_DATA(&along.head), *n * sizeof *fds);
	return got == (ssize_t)sizeof *m && !(msg.msg_flags & MSG_CTRUNC) ? 0 : ERR_LOST;
}

int warden_receive(int sock, struct warden_message *m)
{
	int fds[WARDEN_FDS];
	size_t n;

	return warden_receive_with(sock, m, fds, &n);
}

void warden_answer(int sock, int err, uint64_t value)
{
	struct warden_message m = {.err = err, .value = value};

	/* A tool that is gone gets no answer; the next receive tells. */
	(void)!send(sock, &m, sizeof m, MSG_NOSIGNAL);
}

int budget_open(struct budget *b)
{
	struct sigevent kill_us = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};

	return timer_create(CLOCK_MONOTONIC, &kill_us, &b->timer) ? -errno : 0;
}

int budget_set(struct budget *b, unsigned ms)
{
	struct itimerspec when = {
		.it_value = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000}};

	return timer_settime(b->timer, 0, &when, NULL) ? -errno : 0;
}
