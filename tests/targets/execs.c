/* SPDX-License-Identifier: MIT */
/*
 * execs FILE THREADS: has so many threads that sleep, and one that executes the program again, and so on until the end
 * of its input. How often is the number at the beginning of FILE.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "victim.h"

#define REST_US 300

static char **args;

static void *rest(void *arg)
{
	pause();
	return arg;
}

static void *execute(void *arg)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

	usleep(REST_US);
	if (poll(&input, 1, 0) > 0)
		exit(0);
	must(execv("/proc/self/exe", args) == 0);
	return arg;
}

int main(int argc, char **argv)
{
	atomic_uint *count;
	pthread_t t;
	int fd;

	must(argc == 3);
	args = argv;
	must((fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600)) >= 0 &&
		ftruncate(fd, 4096) == 0);
	count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(count != MAP_FAILED && close(fd) == 0);
	if ((*count)++ == 0) {
		puts("ready");
		fflush(stdout);
	}
	for (int i = 0; i < atoi(argv[2]); i++)
		must(pthread_create(&t, NULL, rest, NULL) == 0);
	must(pthread_create(&t, NULL, execute, NULL) == 0);
	pause();
	return 1;
}
