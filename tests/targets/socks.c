/* SPDX-License-Identifier: MIT */
/* build: static 32 */
/* socks DIR: sockets of many kinds, options and names. */
#define _FILE_OFFSET_BITS 64
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "victim.h"

static const char *dir;

static int option(int fd, int name)
{
	int value;
	socklen_t len = sizeof(value);

	must(getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0);
	return value;
}

/* Flags, type, options (the two sizes are added after them) and the rest. */
static void expect_sock(int fd, const char *flags, const char *type, const char *options,
	const char *after, const char *rest)
{
	expect(fd, flags, "\t%s\n\t%sSO_SNDBUF(%d),SO_RCVBUF(%d)%s\n%s", type, options,
		option(fd, SO_SNDBUF), option(fd, SO_RCVBUF), after, rest);
}

#define QUEUES "  receive queue: 0  send queue: 0\n"

static const char *credentials(void)
{
	static char words[1024];
	gid_t group[64];
	int n = getgroups(64, group), at;

	must(n >= 0);
	at = snprintf(
		words, sizeof(words), "\tpeer credentials: uid:%u gid:%u", getuid(), getgid());
	for (int i = 0; i < n; i++)
		at += snprintf(words + at, sizeof(words) - (size_t)at, "%s%u",
			i ? "," : " groups:", group[i]);
	return words;
}

static const char *far_end(int fd)
{
	static char words[100];

	snprintf(words, sizeof(words), "\tfar end: %s[%d] fd %d\n", program_invocation_short_name,
		(int)getpid(), fd);
	return words;
}

static void turn_on(int fd, int name)
{
	int one = 1;

	must(setsockopt(fd, SOL_SOCKET, name, &one, sizeof(one)) == 0);
}

static int inet4(int type, int want, uint32_t address)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
	int fd = put_at(socket(AF_INET, type, 0), want);

	must(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	return fd;
}

static int port_of(int fd, bool peer)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);

	must((peer ? getpeername : getsockname)(fd, (struct sockaddr *)&a, &len) == 0);
	return ntohs(((struct sockaddr_in *)&a)->sin_port); /* sin6_port lies at the same place */
}

static char text[4096];

__attribute__((format(printf, 1, 2))) static const char *say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return text;
}

static void tcp4(void)
{
	struct linger linger = {1, 5};
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	int size = 30000, fd = put_at(socket(AF_INET, SOCK_STREAM, 0), 10);

	expect_sock(fd, "O_RDWR", "SOCK_STREAM", "", "",
		"\tsockname: AF_INET 0.0.0.0  port: 0\n\tprotocol: TCP\n\tstate: CLOSE\n");
	fd = inet4(SOCK_STREAM, 11, INADDR_LOOPBACK);
	turn_on(fd, SO_REUSEADDR);
	turn_on(fd, SO_REUSEPORT);
	/* Of a fixed size, also for what is accepted: else the kernel changes it as it likes. */
	must(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
	must(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0);
	must(listen(fd, 5) == 0);
	expect_sock(fd, "O_RDWR", "SOCK_STREAM", "SO_REUSEADDR,", ",SO_REUSEPORT,SO_ACCEPTCONN",
		say("\tSO_BUF_LOCK(0x3)\n"
		    "\tsockname: AF_INET 127.0.0.1  port: %d\n"
		    "\tprotocol: TCP\n\tstate: LISTEN  backlog: 0  limit: 5\n",
			port_of(fd, false)));
	must(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	fd = put_at(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 12);
	must(connect(fd, (struct sockaddr *)&a, len) == 0);
	turn_on(fd, SO_KEEPALIVE);
	turn_on(fd, SO_DONTROUTE);
	turn_on(fd, SO_OOBINLINE);
	must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0);
	must(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
	must(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0);
	must(option(fd, SO_SNDBUF) == 60000); /* the kernel doubles it */
	expect_sock(fd, "O_RDWR FD_CLOEXEC", "SOCK_STREAM",
		"SO_KEEPALIVE,SO_DONTROUTE,SO_OOBINLINE,SO_LINGER(5),", "",
		say("\tSO_BUF_LOCK(0x3)\n"
		    "\tsockname: AF_INET 127.0.0.1  port: %d\n"
		    "\tpeername: AF_INET 127.0.0.1  port: %d\n"
		    "\tprotocol: TCP\n\tstate: ESTABLISHED" QUEUES "%s",
			port_of(fd, false), port_of(fd, true), far_end(13)));
	fd = put_at(accept4(11, NULL, NULL, SOCK_NONBLOCK), 13);
	/* Inherited from the listener. */
	expect_sock(fd, "O_RDWR|O_NONBLOCK", "SOCK_STREAM", "SO_REUSEADDR,", ",SO_REUSEPORT",
		say("\tSO_BUF_LOCK(0x3)\n"
		    "\tsockname: AF_INET 127.0.0.1  port: %d\n"
		    "\tpeername: AF_INET 127.0.0.1  port: %d\n"
		    "\tprotocol: TCP\n\tstate: ESTABLISHED" QUEUES "%s",
			port_of(fd, false), port_of(fd, true), far_end(12)));
}

static void udp_and_raw(void)
{
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK};
	struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = inet4(SOCK_DGRAM, 20, 0x7f010203);

	turn_on(fd, SO_BROADCAST);
	expect_sock(fd, "O_RDWR", "SOCK_DGRAM", "SO_BROADCAST,", "",
		say("\tsockname: AF_INET 127.1.2.3  port: %d\n"
		    "\tprotocol: UDP\n\tstate: UNCONNECTED" QUEUES,
			port_of(fd, false)));
	fd = put_at(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), 21);
	must(bind(fd, (struct sockaddr *)&nl, sizeof(nl)) == 0);
	must(getsockname(fd, (struct sockaddr *)&nl, &(socklen_t){sizeof(nl)}) == 0);
	expect_sock(fd, "O_RDWR", "SOCK_RAW", "", "",
		say("\tsockname: AF_NETLINK\n\tprotocol: NETLINK_ROUTE  port id: %u\n"
		    "\treceive queue: 0  send queue: 0\n",
			nl.nl_pid));
	/* A machine without IPv6 has one kind less. */
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a6, sizeof(a6)) < 0) {
		if (fd >= 0)
			close(fd);
		return;
	}
	fd = put_at(fd, 22);
	must(listen(fd, 1) == 0);
	expect_sock(fd, "O_RDWR", "SOCK_STREAM", "", ",SO_ACCEPTCONN",
		say("\tIPV6_V6ONLY\n\tsockname: AF_INET6 ::1  port: %d\n" /* by its address */
		    "\tprotocol: TCP\n\tstate: LISTEN  backlog: 0  limit: 1\n",
			port_of(fd, false)));
}

static int unix_named(int type, int want, const char *path, size_t len)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = put_at(socket(AF_UNIX, type, 0), want);

	memcpy(a.sun_path, path, len);
	must(bind(fd, (struct sockaddr *)&a, offsetof(struct sockaddr_un, sun_path) + len) == 0);
	return fd;
}

static void unix_names(void)
{
	struct sockaddr_un a;
	socklen_t len = sizeof(a);
	int fd = put_at(socket(AF_UNIX, SOCK_DGRAM, 0), 30);

	expect_sock(fd, "O_RDWR", "SOCK_DGRAM", "", "",
		"\tsockname: AF_UNIX \n\tstate: UNCONNECTED" QUEUES);
	must(chdir(dir) == 0);
	fd = unix_named(SOCK_STREAM, 31, "named sock", 11);
	must(listen(fd, 1) == 0);
	expect_sock(fd, "O_RDWR", "SOCK_STREAM", "", ",SO_ACCEPTCONN",
		"\tsockname: AF_UNIX named sock\n\tstate: LISTEN  backlog: 0  limit: 1\n");
	must(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	fd = put_at(socket(AF_UNIX, SOCK_STREAM, 0), 32);
	must(connect(fd, (struct sockaddr *)&a, len) == 0);
	expect_sock(fd, "O_RDWR", "SOCK_STREAM", "", "",
		say("\tsockname: AF_UNIX \n\tpeername: AF_UNIX named sock\n"
		    "\tpeer: %s[%d]\n%s\n\tstate: ESTABLISHED" QUEUES "%s",
			program_invocation_short_name, (int)getpid(), credentials(), far_end(50)));
	fd = unix_named(SOCK_SEQPACKET, 33, "\0abstract\0\033\n", 12);
	expect_sock(fd, "O_RDWR", "SOCK_SEQPACKET", "", "",
		"\tsockname: AF_UNIX @abstract\\x00\\x1b\\n\n\tstate: UNCONNECTED" QUEUES);
	fd = unix_named(SOCK_DGRAM, 34, "@a\033b", 6);
	expect_sock(fd, "O_RDWR", "SOCK_DGRAM", "", "",
		"\tsockname: AF_UNIX \\x40a\\x1bb\n\tstate: UNCONNECTED" QUEUES);
}

static void unix_pairs(void)
{
	int end[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0);
	put_at(end[0], 40);
	put_at(end[1], 41);
	for (int fd = 40; fd <= 41; fd++)
		expect_sock(fd, "O_RDWR", "SOCK_STREAM", "", "",
			say("\tsockname: AF_UNIX \n\tpeername: AF_UNIX \n\tpeer: %s[%d]\n"
			    "%s\n\tstate: ESTABLISHED" QUEUES "%s",
				program_invocation_short_name, (int)getpid(), credentials(),
				far_end(fd == 40 ? 41 : 40)));
}

/* Connected to by a child that is gone, and so has no name any more. */
static void unix_orphan(void)
{
	struct sockaddr_un a;
	socklen_t len = sizeof(a);
	int status;
	pid_t child;

	must(getsockname(31, (struct sockaddr *)&a, &len) == 0);
	must(put_at(accept(31, NULL, NULL), 50) == 50); /* the other end of 32 */
	expect_sock(50, "O_RDWR", "SOCK_STREAM", "", "",
		say("\tsockname: AF_UNIX named sock\n\tpeername: AF_UNIX \n\tpeer: %s[%d]\n"
		    "%s\n\tstate: ESTABLISHED" QUEUES "%s",
			program_invocation_short_name, (int)getpid(), credentials(), far_end(32)));
	child = fork();
	must(child >= 0);
	if (child == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		_exit(connect(fd, (struct sockaddr *)&a, len) != 0);
	}
	must(waitpid(child, &status, 0) == child && status == 0);
	must(put_at(accept(31, NULL, NULL), 51) == 51);
	expect_sock(51, "O_RDWR", "SOCK_STREAM", "", "",
		say("\tsockname: AF_UNIX named sock\n\tpeername: AF_UNIX \n\tpeer: pid %d\n"
		    "%s\n\tstate: ESTABLISHED" QUEUES
		    "\tshut down: receiving,sending\n\tfar end: closed\n",
			(int)child, credentials()));
}

int main(int argc, char **argv)
{
	struct linger linger;
	socklen_t len = sizeof(linger);

	must(argc == 2);
	dir = argv[1];
	tcp4();
	udp_and_raw();
	unix_names();
	unix_pairs();
	unix_orphan();
	victim_wait();
	must(getsockopt(12, SOL_SOCKET, SO_LINGER, &linger, &len) == 0 && linger.l_linger == 5);
	must(option(11, SO_REUSEPORT) == 1 && option(20, SO_BROADCAST) == 1);
	must(write(40, "x", 1) == 1 && write(12, "x", 1) == 1);
	must(read(41, text, 1) == 1 &&
		poll(&(struct pollfd){.fd = 13, .events = POLLIN}, 1, 1000) == 1);
	return 0;
}
