/* SPDX-License-Identifier: MIT */
/* build: static */
/*
 * A small server as there are many: what `make demo` looks at. `sample DIR` makes its files in DIR, says
 * "pid=N port=N descriptors=N", serves until its standard input ends, then examines itself, says how it
 * fared and exits 0 only if nothing was changed and no call was interrupted. DIR is left empty.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { FIRST = 3, MOST = 64, BALANCE = 4096, PERIOD_MS = 20 };

struct sample {
	int log, db, old, listener, client, server, pair[2], pipe[2], epoll, timer;
	in_port_t port; /* host order */
	struct stat before[MOST];
	int flags[MOST], count;
	atomic_ulong ticks, interrupted;
	atomic_bool ending;
};

static void die(const char *what)
{
	fprintf(stderr, "sample: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int must(int result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

static void open_files(struct sample *s)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 512};

	s->log = must(
		open("access.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640), "access.log");
	if (dprintf(s->log, "started\n") < 0)
		die("access.log");
	s->db = must(open("ledger.db", O_RDWR | O_CREAT | O_CLOEXEC, 0600), "ledger.db");
	must(ftruncate(s->db, 8 * BALANCE), "ledger.db");
	must(lseek(s->db, BALANCE, SEEK_SET), "ledger.db");
	must(fcntl(s->db, F_SETLK, &lock), "lock");
	s->old = must(open("report.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600), "report.tmp");
	must(unlink("report.tmp"), "report.tmp");
}

static void open_sockets(struct sample *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int one = 1;

	s->listener =
		must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
	must(setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), "SO_REUSEADDR");
	must(bind(s->listener, (struct sockaddr *)&a, sizeof(a)), "bind");
	must(listen(s->listener, 16), "listen");
	must(getsockname(s->listener, (struct sockaddr *)&a, &len), "getsockname");
	s->port = ntohs(a.sin_port);
	s->client = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	must(connect(s->client, (struct sockaddr *)&a, len), "connect");
	s->server = must(accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), "accept");
	must(setsockopt(s->server, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)), "SO_KEEPALIVE");
	must(setsockopt(s->server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)), "TCP_NODELAY");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s->pair), "socketpair");
}

static void watch(const struct sample *s, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

	must(epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e), "epoll_ctl");
}

static void open_events(struct sample *s)
{
	struct itimerspec every = {.it_interval.tv_nsec = PERIOD_MS * 1000000L,
		.it_value.tv_nsec = PERIOD_MS * 1000000L};

	must(pipe2(s->pipe, O_CLOEXEC), "pipe");
	s->timer = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd");
	must(timerfd_settime(s->timer, 0, &every, NULL), "timerfd");
	s->epoll = must(epoll_create1(EPOLL_CLOEXEC), "epoll");
	watch(s, s->listener);
	watch(s, s->server);
	watch(s, s->timer);
	watch(s, s->pipe[0]);
}

/* The server's own thread: sleeps in epoll_wait, where an interruption shows as EINTR. */
static void *serve(void *arg)
{
	struct sample *s = arg;

	while (!s->ending) {
		struct epoll_event e;
		uint64_t n;
		int got = epoll_wait(s->epoll, &e, 1, -1);

		if (got < 0 && errno == EINTR)
			s->interrupted++;
		else if (got < 0)
			die("epoll_wait");
		else if (e.data.fd == s->timer && read(s->timer, &n, sizeof(n)) == sizeof(n))
			s->ticks += n;
		else if (e.data.fd == s->pipe[0])
			return NULL;
	}
	return NULL;
}

/* What the process can see of its descriptors; taken twice and compared. */
static int look(struct stat *st, int *flags)
{
	int count = 0;

	for (int fd = 0; fd < MOST; fd++) {
		flags[fd] = fcntl(fd, F_GETFD);
		if (flags[fd] < 0)
			continue;
		flags[fd] |= fcntl(fd, F_GETFL) << 1;
		must(fstat(fd, &st[fd]), "fstat");
		count++;
	}
	return count;
}

static int complain(const char *what)
{
	fprintf(stderr, "sample: %s\n", what);
	return 1;
}

static int examine(struct sample *s)
{
	struct stat after[MOST] = {0};
	int flags[MOST], bad = 0;
	char c;

	if (look(after, flags) != s->count || memcmp(flags, s->flags, sizeof(flags)) != 0)
		bad |= complain("descriptors or their flags have changed");
	for (int fd = FIRST; fd < MOST; fd++)
		if (after[fd].st_ino != s->before[fd].st_ino ||
			after[fd].st_size != s->before[fd].st_size)
			bad |= complain("a descriptor is another file");
	if (lseek(s->db, 0, SEEK_CUR) != BALANCE)
		bad |= complain("an offset has moved");
	if (send(s->client, "x", 1, MSG_NOSIGNAL) != 1 || recv(s->server, &c, 1, 0) > 1 ||
		write(s->pair[0], "y", 1) != 1 || read(s->pair[1], &c, 1) != 1 || c != 'y')
		bad |= complain("a connection is broken");
	if (s->interrupted)
		bad |= complain("epoll_wait was interrupted");
	for (int i = 0; i < 50 && !s->ticks; i++)
		usleep(PERIOD_MS * 1000);
	if (!s->ticks)
		bad |= complain("the timer never fired");
	return bad;
}

int main(int argc, char **argv)
{
	struct sample s = {0};
	pthread_t thread;
	char c;
	int bad;

	/* ^C is for the one who looks; the end of standard input is for us. */
	signal(SIGINT, SIG_IGN);
	must(close_range(FIRST, ~0U, 0), "close_range");
	if (argc != 2 || chdir(argv[1]) < 0)
		die(argc != 2 ? "usage: sample DIR" : argv[1]);
	open_files(&s);
	open_sockets(&s);
	open_events(&s);
	s.count = look(s.before, s.flags);
	if (pthread_create(&thread, NULL, serve, &s))
		die("thread");
	printf("pid=%d port=%d descriptors=%d\n", getpid(), s.port, s.count);
	fflush(stdout);

	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	bad = examine(&s);
	s.ending = true;
	must(close(s.pipe[1]), "pipe");
	pthread_join(thread, NULL);
	unlink("access.log");
	unlink("ledger.db");
	printf("%s: %d descriptors, %lu timer ticks, epoll_wait interrupted %lu times\n",
		bad ? "harmed" : "unharmed", s.count, s.ticks, s.interrupted);
	return bad;
}
