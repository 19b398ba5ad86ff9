/* SPDX-License-Identifier: MIT */
/* build: 32 */
/*
 * Events at which truss -T, -S and -M leave a process. Each mode says its facts and "ready", and comes to its event at the
 * end of its input. `crash`: a fault that nobody catches; `ends`: exit status 7; `asleep`: whoever sends a signal makes the
 * event; `spawns`: a vfork, then "spawned"; `writers DIR`: threads that write, each numbers line by line into DIR/w.TID;
 * `paced`: calls all the time, with pauses between them; `undumpable`: nobody else may read its memory from then on;
 * `descriptors`: writes of a byte to descriptors of many kinds, and of one number that changes what it is.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "victim.h"

#define WRITERS 3

static atomic_bool over;

static void crash(void)
{
	volatile uintptr_t nowhere = 16;

	victim_wait();
	*(volatile char *)nowhere = 1;
}

static void ends(void)
{
	victim_wait();
	_exit(7);
}

static void spawns(void)
{
	int status;
	pid_t pid;

	victim_wait();
	pid = vfork();
	if (!pid)
		_exit(3);
	must(pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
	puts("spawned");
}

static void *writes(void *arg)
{
	char path[256], line[16];
	int fd;

	snprintf(path, sizeof path, "%s/w.%ld", (char *)arg, (long)syscall(SYS_gettid));
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0);
	for (unsigned i = 1; !over; i++) {
		snprintf(line, sizeof line, "%07u\n", i % 10000000);
		must(write(fd, line, 8) == 8);
	}
	return NULL;
}

static void writers(char *dir)
{
	pthread_t t[WRITERS];

	for (int i = 0; i < WRITERS; i++)
		must(pthread_create(&t[i], NULL, writes, dir) == 0);
	victim_wait();
	over = true;
	for (int i = 0; i < WRITERS; i++)
		must(pthread_join(t[i], NULL) == 0);
}

static void tell(int fd)
{
	must(write(fd, "x", 1) == 1);
}

static void descriptors(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof in;
	int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), p[2], s;

	must(bind(l, (void *)&in, len) == 0 && listen(l, 1) == 0);
	must(getsockname(l, (void *)&in, &len) == 0);
	printf("port=%d\n", ntohs(in.sin_port));
	must(connect(c, (void *)&in, len) == 0 && (s = accept(l, NULL, NULL)) >= 0);
	must(getsockname(c, (void *)&in, &len) == 0);
	printf("client=%d\nfd=%d\n", ntohs(in.sin_port), c);
	must(fflush(stdout) == 0);
	tell(c);
	tell(s);
	must(pipe(p) == 0);
	tell(p[1]);
	/* The same number three times. */
	must(dup2(p[1], c) == c);
	tell(c);
	must(close(c) == 0 && open("/dev/null", O_WRONLY) == c);
	tell(c);
}

static void *paces(void *arg)
{
	(void)arg;
	while (!over) {
		for (int i = 0; i < 4; i++)
			syscall(SYS_getppid);
		usleep(100);
	}
	return NULL;
}

static void paced(void)
{
	pthread_t t;

	must(pthread_create(&t, NULL, paces, NULL) == 0);
	victim_wait();
	over = true;
	must(pthread_join(t, NULL) == 0);
}

int main(int argc, char **argv)
{
	must(argc == (argc > 1 && !strcmp(argv[1], "writers") ? 3 : 2));
	printf("pid=%d\n", (int)getpid());
	if (!strcmp(argv[1], "crash"))
		crash();
	else if (!strcmp(argv[1], "ends"))
		ends();
	else if (!strcmp(argv[1], "spawns"))
		spawns();
	else if (!strcmp(argv[1], "paced"))
		paced();
	else if (!strcmp(argv[1], "descriptors"))
		descriptors();
	else if (!strcmp(argv[1], "undumpable"))
		return prctl(PR_SET_DUMPABLE, 0) == 0 && access("after that", F_OK) != 0 ? 0 : 1;
	else if (!strcmp(argv[1], "writers"))
		writers(argv[2]);
	else
		victim_wait();
	return 0;
}
