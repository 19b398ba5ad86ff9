/* SPDX-License-Identifier: MIT */
#include "ctl/keeper_start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/keeper.h"
#include "ctl/keeper_wire.h"
#include "ctl/touch.h"

#define FDS_MANY 1024

static void default_signals(void)
{
	struct sigaction deaf = {.sa_handler = SIG_IGN}, plain = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &plain, NULL);
	sigaction(SIGHUP, &deaf, NULL);
	sigaction(SIGPIPE, &deaf, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Whoever reads from a pipe that the tool writes into waits for its end. */
static void keep_only(int fd)
{
	int null = open("/dev/null", O_RDWR);

	for (int i = 0; null >= 0 && i < 3; i++)
		dup2(null, i);
	if (fd == KEEPER_FD)
		fcntl(fd, F_SETFD, 0);
	else
		dup2(fd, KEEPER_FD);
	if (close_range(KEEPER_FD + 1, ~0u, 0)) /* Linux 5.9 */
		for (int i = KEEPER_FD + 1; i < FDS_MANY; i++)
			close(i);
}

/* In the child of a child: nobody's but init's, with nothing of the tool but the socket. */
static _Noreturn void become(int fd)
{
	char title[KEEPER_TITLE], *argv[] = {title, NULL};

	memset(title, ' ', sizeof title - 1);
	memcpy(title, KEEPER_NAME ": ", strlen(KEEPER_NAME ": "));
	title[sizeof title - 1] = '\0';
	default_signals();
	keep_only(fd);
	(void)!chdir("/");
	execv("/proc/self/exe", argv);
	_exit(127);
}

int keeper_start(uid_t uid, unsigned slot)
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
	touch_point("start");
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
