/* SPDX-License-Identifier: MIT */
/*
 * shuffle DIR: files of many kinds at 30 to 39, whose other ends are at 42 to 45, and threads that put one
 * after the other of them under 10, 11 and 12, as fast as they can. All that is said of one of these three
 * has to be what is said of one of the files that stay: anything else is a mixture of two.
 *
 * shuffle DIR plain: none of them is of a kind that an agent is needed for.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#include "victim.h"

#define FIRST 30
#define FILES 10

static atomic_bool end;

/* The odd ones are closed by execve(2): that is of the descriptor, and goes along. */
static void put(int fd, int want)
{
	must(fd >= 0);
	must(dup3(fd, want, want % 2 ? O_CLOEXEC : 0) == want);
	must(close(fd) == 0);
}

static void twice_one_file(const char *dir)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	must(fd >= 0 && lseek(fd, 11, SEEK_SET) == 11);
	put(fd, 30);
	fd = open(path, O_RDONLY | O_APPEND);
	must(fd >= 0 && lseek(fd, 22, SEEK_SET) == 22);
	put(fd, 31);
}

static void pipes(void)
{
	int p[2];

	must(pipe(p) == 0);
	put(p[0], 32);
	put(p[1], 42);
	must(pipe2(p, O_NONBLOCK) == 0 && write(p[1], "abc", 3) == 3);
	put(p[0], 33);
	put(p[1], 43);
}

static void connections(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	int p[2], on = 1;

	must(bind(listener, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(listener, 1) == 0);
	must(getsockname(listener, (struct sockaddr *)&a, &len) == 0);
	must(connect(client, (struct sockaddr *)&a, sizeof(a)) == 0);
	must(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0);
	put(accept(listener, NULL, NULL), 44);
	put(client, 34);
	must(close(listener) == 0);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p) == 0);
	put(p[0], 35);
	put(p[1], 45);
}

static void memory(void)
{
	int fd = memfd_create("shuffled", MFD_ALLOW_SEALING);

	must(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0);
	put(fd, 36);
}

static void plain_ones(const char *dir)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/fifo", dir);
	must(mkfifo(path, 0600) == 0);
	put(open(path, O_RDWR), 32);
	put(open(path, O_RDWR | O_NONBLOCK), 33);
	put(open(path, O_RDWR), 42);
	put(open("/dev/zero", O_RDONLY), 34);
	put(open(dir, O_RDONLY | O_DIRECTORY), 35);
	snprintf(path, sizeof(path), "%s/locked", dir);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0640);
	must(fd >= 0 && flock(fd, LOCK_EX) == 0);
	put(fd, 36);
}

static void anonymous_and_device(void)
{
	struct epoll_event e = {.events = EPOLLOUT, .data.u64 = 0x42};
	int fd;

	put(eventfd(7, 0), 37);
	fd = epoll_create1(0);
	must(epoll_ctl(fd, EPOLL_CTL_ADD, 42, &e) == 0);
	put(fd, 38);
	put(open("/dev/null", O_WRONLY), 39);
}

/* Each in an order of its own; the second one leaves the number free for a moment. */
static void *shuffle(void *arg)
{
	int number = *(const int *)arg, step = number - 9;

	for (int i = 0; !end; i = (i + step) % FILES) {
		int from = FIRST + i;

		must(dup3(from, number, from % 2 ? O_CLOEXEC : 0) == number);
		if (number == 11)
			must(close(number) == 0);
		if (step == 2 && i >= FILES - 2)
			i++; /* the odd ones as well */
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static const int number[3] = {10, 11, 12};
	pthread_t thread[3];

	must(argc == 2 || (argc == 3 && strcmp(argv[2], "plain") == 0));
	must(close_range(3, ~0U, 0) == 0);
	/* What is made meanwhile must not take one of the numbers. */
	for (int fd = 3; fd < 50; fd++)
		must(dup2(STDERR_FILENO, fd) == fd);
	twice_one_file(argv[1]);
	if (argc == 3) {
		plain_ones(argv[1]);
	} else {
		pipes();
		connections();
		memory();
	}
	anonymous_and_device();
	for (int i = 0; i < 3; i++)
		must(pthread_create(&thread[i], NULL, shuffle, (void *)&number[i]) == 0);
	victim_wait();
	end = true;
	for (int i = 0; i < 3; i++)
		must(pthread_join(thread[i], NULL) == 0);
	return 0;
}
