/* SPDX-License-Identifier: MIT */
#include "front.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 2000

/* A signal handler can reach nothing else. */
static pid_t behind;

static void pass_on(int sig)
{
	kill(behind, sig);
}

static _Noreturn void be_front(int sock)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	struct sigaction sa = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
	char word;
	int status;

	sigemptyset(&sa.sa_mask);
	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (signal(signals[i], SIG_IGN) != SIG_IGN)
			sigaction(signals[i], &sa, NULL);
	/* Dismissed, or the end of the one behind. */
	if (read(sock, &word, 1) == 1)
		_exit(0);
	if (waitpid(behind, &status, 0) != behind)
		_exit(2);
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

int front_open(void)
{
	int sock[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock) < 0)
		return -1;
	behind = fork();
	if (behind > 0) {
		close(sock[1]);
		be_front(sock[0]);
	}
	close(sock[0]);
	if (behind < 0) {
		close(sock[1]);
		return -1;
	}
	/* Whoever kills the front wants the trace to end. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return sock[1];
}

void front_leave_session(int front)
{
	if (front >= 0)
		setsid();
}

void front_dismiss(int front)
{
	struct pollfd gone = {.events = POLLIN};

	if (front < 0)
		return;
	gone.fd = (int)syscall(SYS_pidfd_open, getppid(), 0);
	if (gone.fd < 0)
		return;
	if (write(front, "", 1) == 1)
		poll(&gone, 1, PATIENCE_MS);
	close(gone.fd);
}
