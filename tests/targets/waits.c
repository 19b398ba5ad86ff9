/* SPDX-License-Identifier: MIT */
/* build: 32 */
/*
 * waits DIR: a thread asleep in each of the calls that wait for a descriptor; a file is made in DIR. For each descriptor
 * a fact: what its lines say of who waits. At the end all are woken, and none must have noticed anything before that.
 */
#define _FILE_OFFSET_BITS 64
#include <pthread.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

#include "victim.h"

#ifdef SYS__newselect
#define SELECT      SYS__newselect
#define SELECT_NAME "_newselect"
#define OTHER_NAME  "select"
#define FCNTL       SYS_fcntl64
#define FCNTL_NAME  "fcntl64"
#else
#define SELECT      SYS_select
#define SELECT_NAME "select"
#define OTHER_NAME  "pselect6"
#define FCNTL       SYS_fcntl
#define FCNTL_NAME  "fcntl"
#endif

/* The ends that wait, and those that wake them. */
enum {
	POLLED = 20,
	POLLED_TOO,
	TIMED,
	SELECTED,
	SELECTED_TOO,
	EPOLL,
	WATCHED,
	READ,
	LISTENER,
	RECEIVER,
	LOCKED,
	RANGE,
	WRITTEN,
	NOBODY,
	ONE_MORE,
	WAKERS = 40, /* 40 + n - 20 is the other end of n */
	HOLDER = 80,
};

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
static struct pollfd polled[] = {
	{.fd = POLLED, .events = POLLIN},
	{.fd = -1, .events = POLLOUT},
	{.fd = POLLED_TOO, .events = POLLPRI},
	{.fd = POLLED_TOO, .events = POLLIN | POLLRDHUP},
};

static bool in_poll(void)
{
	return syscall(SYS_poll, polled, 4, -1) >= 1;
}

static bool in_timed_poll(void)
{
	struct pollfd one = {.fd = TIMED, .events = POLLIN};

	return syscall(SYS_poll, &one, 1, 3600 * 1000) == 1;
}

static bool in_select(void)
{
	fd_set in, except;

	FD_ZERO(&in);
	FD_ZERO(&except);
	FD_SET(SELECTED, &in);
	FD_SET(SELECTED_TOO, &in);
	FD_SET(SELECTED_TOO, &except);
	return syscall(SELECT, SELECTED_TOO + 1, &in, NULL, &except, NULL) >= 1;
}

/* The oldest of 32-bit programs, which takes its arguments from memory; of the others the newest. */
static bool in_other_select(void)
{
	fd_set in;

	FD_ZERO(&in);
	FD_SET(ONE_MORE, &in);
#ifdef SYS__newselect
	unsigned long args[5] = {ONE_MORE + 1, (unsigned long)&in, 0, 0, 0};

	return syscall(SYS_select, args) == 1;
#else
	return syscall(SYS_pselect6, ONE_MORE + 1, &in, NULL, NULL, NULL, NULL) == 1;
#endif
}

static bool in_epoll(void)
{
	struct epoll_event e;

	return syscall(SYS_epoll_wait, EPOLL, &e, 1, -1) == 1;
}

static bool in_read(void)
{
	char c;

	return syscall(SYS_read, READ, &c, 1) == 1;
}

static bool in_accept(void)
{
	return accept4(LISTENER, NULL, NULL, 0) >= 0;
}

static bool in_recvfrom(void)
{
	char c;

	return recvfrom(RECEIVER, &c, 1, 0, NULL, NULL) == 1;
}

static bool in_flock(void)
{
	return flock(LOCKED, LOCK_EX) == 0;
}

static bool in_fcntl(void)
{
	return syscall(FCNTL, RANGE, F_OFD_SETLKW, &range) == 0;
}

static bool in_write(void)
{
	return syscall(SYS_write, WRITTEN, "x", 1) == 1;
}

static struct waiter {
	bool (*call)(void);
	pid_t tid;
	bool fine;
	pthread_t thread;
} waiters[] = {
	{.call = in_poll},
	{.call = in_timed_poll},
	{.call = in_select},
	{.call = in_epoll},
	{.call = in_read},
	{.call = in_accept},
	{.call = in_recvfrom},
	{.call = in_flock},
	{.call = in_fcntl},
	{.call = in_write},
	{.call = in_other_select},
};
enum { WAITERS = sizeof(waiters) / sizeof(waiters[0]) };

static void *wait_there(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	w->fine = w->call();
	return NULL;
}

static void pipe_at(int in, int out)
{
	int ends[2];

	must(pipe(ends) == 0);
	put_at(ends[0], in);
	put_at(ends[1], out);
}

static int other(int fd)
{
	return WAKERS + fd - POLLED;
}

static void make_files(const char *dir)
{
	static const int readers[] = {
		POLLED, POLLED_TOO, TIMED, SELECTED, SELECTED_TOO, READ, ONE_MORE};
	struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.u64 = 7};
	char path[4096], page[4096] = {0};
	int pair[2];

	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		pipe_at(readers[i], other(readers[i]));
	put_at(epoll_create1(0), EPOLL);
	put_at(eventfd(0, 0), WATCHED);
	put_at(eventfd(0, 0), NOBODY);
	must(epoll_ctl(EPOLL, EPOLL_CTL_ADD, WATCHED, &e) == 0);
	put_at(socket(AF_UNIX, SOCK_STREAM, 0), LISTENER);
	must(bind(LISTENER, (struct sockaddr *)&address, sizeof(sa_family_t)) == 0);
	must(listen(LISTENER, 1) == 0);
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	put_at(pair[0], RECEIVER);
	put_at(pair[1], other(RECEIVER));
	pipe_at(other(WRITTEN), WRITTEN);
	must(fcntl(WRITTEN, F_SETFL, O_NONBLOCK) == 0);
	while (write(WRITTEN, page, sizeof(page)) > 0)
		;
	must(errno == EAGAIN && fcntl(WRITTEN, F_SETFL, 0) == 0);
	snprintf(path, sizeof(path), "%s/locked", dir);
	put_at(open(path, O_RDWR | O_CREAT, 0600), HOLDER);
	put_at(open(path, O_RDWR), LOCKED);
	put_at(open(path, O_RDWR), RANGE);
	must(flock(HOLDER, LOCK_EX) == 0 && fcntl(HOLDER, F_OFD_SETLK, &range) == 0);
}

/* Asleep, and not in what its start takes. */
static bool sleeps(pid_t tid)
{
	char path[64], text[256] = {0};
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)tid);
	must((fd = open(path, O_RDONLY)) >= 0);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 && text[0] >= '0' && text[0] <= '9' && strtol(text, NULL, 10) != SYS_futex;
}

static void start(void)
{
	const struct timespec moment = {.tv_nsec = 2000000};

	for (int i = 0; i < WAITERS; i++) {
		struct waiter *w = &waiters[i];

		must(pthread_create(&w->thread, NULL, wait_there, w) == 0);
		while (!__atomic_load_n(&w->tid, __ATOMIC_ACQUIRE) || !sleeps(w->tid))
			nanosleep(&moment, NULL);
	}
}

static void say(int fd, int waiter, const char *rest)
{
	printf("w%d=waited-for thread:%d call:%s\n", fd, (int)waiters[waiter].tid, rest);
}

static void say_all(void)
{
	say(POLLED, 0, "poll events:POLLIN");
	say(POLLED_TOO, 0, "poll events:POLLIN|POLLPRI|POLLRDHUP");
	say(TIMED, 1, "poll events:POLLIN");
	say(SELECTED, 2, SELECT_NAME " readfds");
	say(SELECTED_TOO, 2, SELECT_NAME " readfds exceptfds");
	say(EPOLL, 3, "epoll_wait");
	say(READ, 4, "read");
	say(LISTENER, 5, "accept4");
	say(RECEIVER, 6, "recvfrom");
	say(LOCKED, 7, "flock");
	say(RANGE, 8, FCNTL_NAME " command:F_OFD_SETLKW");
	say(WRITTEN, 9, "write");
	say(ONE_MORE, 10, OTHER_NAME " readfds");
	printf("w0=waited-for thread:%d call:read\n", (int)getpid());
	printf("watched=watched-by fd:%d events:EPOLLIN|EPOLLERR|EPOLLHUP|EPOLLET\n", EPOLL);
}

static void wake(void)
{
	static const int readers[] = {POLLED, TIMED, SELECTED, READ, RECEIVER, ONE_MORE};
	uint64_t one = 1;
	char page[4096];
	struct sockaddr_un to;
	socklen_t len = sizeof(to);
	int client = socket(AF_UNIX, SOCK_STREAM, 0);

	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		must(write(other(readers[i]), "x", 1) == 1);
	must(write(WATCHED, &one, sizeof(one)) == sizeof(one));
	must(getsockname(LISTENER, (struct sockaddr *)&to, &len) == 0);
	must(connect(client, (struct sockaddr *)&to, len) == 0);
	must(flock(HOLDER, LOCK_UN) == 0);
	must(fcntl(HOLDER, F_OFD_SETLK, &(struct flock){.l_type = F_UNLCK}) == 0);
	must(read(other(WRITTEN), page, sizeof(page)) == sizeof(page));
}

int main(int argc, char **argv)
{
	int harmed = 0;

	must(argc == 2);
	make_files(argv[1]);
	start();
	say_all();
	victim_wait();
	for (int i = 0; i < WAITERS; i++)
		harmed += !sleeps(waiters[i].tid);
	wake();
	for (int i = 0; i < WAITERS; i++) {
		must(pthread_join(waiters[i].thread, NULL) == 0);
		harmed += !waiters[i].fine;
	}
	return harmed ? 1 : 0;
}
