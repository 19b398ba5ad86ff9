/* SPDX-License-Identifier: MIT */
/*
 * apart [with]: descriptor 50 is one UNIX socket for the process and another one for a thread that has a descriptor
 * table of its own, which pauses; the first thread runs all the time, so that the other one is the only one that
 * rests. with: there is a third one that rests, and has the table of the process.
 */
/* build: 32 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "victim.h"

#define FD 50

static atomic_bool ready;

/* A socket with that abstract name, with a number per process, as descriptor FD. */
static void listen_as(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), len;

	len = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "%s-%d", name, (int)getpid());
	must(fd >= 0 &&
		bind(fd, (struct sockaddr *)&a,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) ==
			0);
	must(listen(fd, 1) == 0 && dup2(fd, FD) == FD && close(fd) == 0);
}

static void *apart(void *arg)
{
	must(unshare(CLONE_FILES) == 0);
	listen_as("apart");
	printf("tid=%ld\n", (long)syscall(SYS_gettid));
	fflush(stdout);
	ready = true;
	pause();
	return arg;
}

static void *rest(void *arg)
{
	pause();
	return arg;
}

int main(int argc, char **argv)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	pthread_t t;

	(void)argv;
	listen_as("shared");
	must(pthread_create(&t, NULL, apart, NULL) == 0);
	while (!ready)
		usleep(1000);
	if (argc > 1)
		must(pthread_create(&t, NULL, rest, NULL) == 0);
	usleep(20000);
	printf("pid=%d\n", (int)getpid());
	puts("ready");
	fflush(stdout);
	for (unsigned turns = 0; turns % 100000 || poll(&input, 1, 0) == 0; turns++)
		;
	return 0;
}
