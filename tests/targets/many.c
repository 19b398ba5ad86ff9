/* SPDX-License-Identifier: MIT */
/*
 * A process with many descriptors that measures its own longest pause: many DESCRIPTORS THREADS DIR.
 *
 * It opens that many descriptors beyond the standard three, half of them files in DIR (made and unlinked),
 * half sockets (a TCP connection on the loopback takes two, as does a pair of UNIX sockets; UDP one), and
 * runs THREADS threads, 1 or 2. The first one reads the clock without rest; the longest time between two
 * readings is its pause. With 2 the other one sleeps in read(2) and takes commands, with 1 the only thread
 * looks for commands between its readings. THREADS 0: two threads, and the first one sleeps as well.
 *
 * It says "pid=N descriptors=N sockets=N", then answers each line of its standard input: `reset` with
 * "reset", `longest` with "longest=MICROSECONDS", both about the time since the last reset. At the end of
 * the input it counts its descriptors again and exits 0 only if none is missing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SPARE = 64, LOOK_EVERY = 4096 };

struct many {
	int listener, opened, sockets;
	struct sockaddr_in address;
	atomic_ullong longest; /* ns */
	atomic_bool ending;
};

static void die(const char *what)
{
	fprintf(stderr, "many: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int must(int result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void raise_limit(unsigned long descriptors)
{
	struct rlimit l = {descriptors + SPARE, descriptors + SPARE}, old;

	must(getrlimit(RLIMIT_NOFILE, &old), "getrlimit");
	if (old.rlim_max > l.rlim_max)
		l.rlim_max = old.rlim_max;
	if (old.rlim_cur < l.rlim_cur)
		must(setrlimit(RLIMIT_NOFILE, &l), "the limit of open files");
}

static void open_listener(struct many *m)
{
	socklen_t len = sizeof(m->address);

	m->address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	m->listener = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
	must(bind(m->listener, (struct sockaddr *)&m->address, len), "bind");
	must(listen(m->listener, 64), "listen");
	must(getsockname(m->listener, (struct sockaddr *)&m->address, &len), "getsockname");
	m->opened++;
	m->sockets++;
}

static void open_connection(struct many *m)
{
	int s = must(socket(AF_INET, SOCK_STREAM, 0), "socket");

	must(connect(s, (struct sockaddr *)&m->address, sizeof(m->address)), "connect");
	must(accept(m->listener, NULL, NULL), "accept");
	m->opened += 2;
	m->sockets += 2;
}

static void open_pair(struct many *m)
{
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
	m->opened += 2;
	m->sockets += 2;
}

static void open_datagram(struct many *m)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int s = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");

	must(bind(s, (struct sockaddr *)&any, sizeof(any)), "bind");
	m->opened++;
	m->sockets++;
}

static void open_file(struct many *m)
{
	char name[32];

	snprintf(name, sizeof(name), "many.%d.%d", getpid(), m->opened);
	must(open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), name);
	must(unlink(name), name);
	m->opened++;
}

/* Sockets and files in turn, as long as what is next still fits. */
static void open_all(struct many *m, int descriptors)
{
	int half = descriptors / 2;

	if (half)
		open_listener(m);
	for (int turn = 0; m->sockets < half; turn++) {
		if (half - m->sockets < 2 || turn % 3 == 2)
			open_datagram(m);
		else if (turn % 3 == 0)
			open_connection(m);
		else
			open_pair(m);
		while (m->opened < 2 * m->sockets && m->opened < descriptors)
			open_file(m);
	}
	while (m->opened < descriptors)
		open_file(m);
}

static int count_open(void)
{
	struct rlimit l;
	int n = 0;

	must(getrlimit(RLIMIT_NOFILE, &l), "getrlimit");
	for (int fd = 3; fd < (int)l.rlim_cur; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Answers one line; false at the end of the input. */
static bool answer(struct many *m)
{
	char line[64];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false;
	line[n] = '\0';
	if (strcmp(line, "reset\n") == 0) {
		m->longest = 0;
		printf("reset\n");
	} else if (strcmp(line, "longest\n") == 0) {
		printf("longest=%llu\n", (unsigned long long)m->longest / 1000);
	} else {
		printf("what?\n");
	}
	fflush(stdout);
	return true;
}

static void *listen_to_commands(void *arg)
{
	struct many *m = arg;

	while (answer(m))
		;
	m->ending = true;
	return NULL;
}

/* Reads the clock until the end; answers in between if nobody else does. */
static void spin(struct many *m, bool alone)
{
	uint64_t last = now_ns();

	for (unsigned turn = 1; !m->ending; turn++) {
		uint64_t now = now_ns();

		if (now - last > m->longest)
			m->longest = now - last;
		last = now;
		if (alone && turn % LOOK_EVERY == 0) {
			if (!answer(m))
				m->ending = true;
			/* What the answer took is no pause that somebody else made. */
			last = now_ns();
		}
	}
}

int main(int argc, char **argv)
{
	struct many m = {0};
	pthread_t thread;
	bool alone, resting;
	int before;

	if (argc != 4 || atoi(argv[1]) < 0)
		die("usage: many DESCRIPTORS THREADS DIR");
	alone = atoi(argv[2]) == 1;
	resting = atoi(argv[2]) == 0;
	must(chdir(argv[3]), argv[3]);
	must(close_range(3, ~0U, 0), "close_range");
	raise_limit(strtoul(argv[1], NULL, 10));
	open_all(&m, atoi(argv[1]));
	before = count_open();
	if (alone)
		must(fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK), "fcntl");
	else if (pthread_create(&thread, NULL, listen_to_commands, &m))
		die("thread");
	printf("pid=%d descriptors=%d sockets=%d\n", getpid(), m.opened, m.sockets);
	fflush(stdout);
	if (!resting)
		spin(&m, alone);
	if (!alone)
		pthread_join(thread, NULL);
	return count_open() != before;
}
