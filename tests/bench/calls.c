/* SPDX-License-Identifier: MIT */
/*
 * Workloads for tests/bench/truss: `calls MODE N THREADS [SLEEPERS]` makes about N calls in each of THREADS
 * threads, beside SLEEPERS that are asleep, and prints nanoseconds per call on descriptor 9.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *mode;
static long calls;

static void *work(void *arg)
{
	struct stat s;
	char c;
	int fd = strcmp(mode, "read") ? -1 : open("/dev/zero", O_RDONLY);

	(void)arg;
	for (long i = 0; i < calls; i++) {
		if (!strcmp(mode, "mix")) {
			int f = open("/etc/passwd", O_RDONLY);

			fstat(f, &s);
			close(f);
			i += 2;
		} else if (!strcmp(mode, "read")) {
			if (read(fd, &c, 1) != 1)
				exit(70);
		} else {
			syscall(SYS_getppid);
		}
	}
	close(fd);
	return NULL;
}

static void *sleeps(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void forks(void)
{
	for (long i = 0; i < calls; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

static void start_sleepers(int n)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	while (n--)
		if (pthread_create(&t, &attr, sleeps, NULL))
			exit(70);
	usleep(300000);
}

int main(int argc, char **argv)
{
	int threads = argc > 3 ? atoi(argv[3]) : 1;
	pthread_t t[64];
	struct timespec a, b;

	if (argc < 3 || threads > 64)
		return 2;
	mode = argv[1];
	calls = atol(argv[2]);
	if (argc > 4)
		start_sleepers(atoi(argv[4]));
	clock_gettime(CLOCK_MONOTONIC, &a);
	if (!strcmp(mode, "forks")) {
		forks();
	} else if (threads == 1 && strcmp(mode, "thread")) {
		work(NULL);
	} else {
		for (int i = 0; i < threads; i++)
			pthread_create(&t[i], NULL, work, NULL);
		for (int i = 0; i < threads; i++)
			pthread_join(t[i], NULL);
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	dprintf(9, "%.0f\n",
		((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) /
			(double)(calls * threads));
	_exit(0);
}
