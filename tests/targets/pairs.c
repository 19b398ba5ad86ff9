/* SPDX-License-Identifier: MIT */
/*
 * pairs: connections to ourselves in all the ways in which the two addresses can be written, and sockets that
 * share a port, or are bound to a device. For each descriptor a fact: what is in its lines.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "victim.h"

#define MPTCP 262

static int next = 20;

static union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
} address(const char *text, int port)
{
	union address a = {.six = {.sin6_family = strchr(text, ':') ? AF_INET6 : AF_INET}};

	must(inet_pton(a.any.sa_family, text,
		     a.any.sa_family == AF_INET ? (void *)&a.four.sin_addr : &a.six.sin6_addr) ==
		1);
	a.six.sin6_port = htons((uint16_t)port);
	return a;
}

static int make(int family, int type, int protocol)
{
	return put_at(socket(family, type, protocol), next++);
}

static void bind_to(int fd, const char *text, int port)
{
	union address a = address(text, port);

	must(bind(fd, &a.any, sizeof(a)) == 0);
}

static int port_of(int fd)
{
	union address a;
	socklen_t len = sizeof(a);

	must(getsockname(fd, &a.any, &len) == 0);
	return ntohs(a.six.sin6_port);
}

/* A listener; said at the end, when it is known that nobody waits. */
static int listener(const char *text, int protocol, const char *device, int port)
{
	int one = 1, fd = make(strchr(text, ':') ? AF_INET6 : AF_INET, SOCK_STREAM, protocol);

	if (device)
		must(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device)) == 0);
	must(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) == 0);
	bind_to(fd, text, port);
	must(listen(fd, 6) == 0);
	printf("%d=state: LISTEN  backlog: 0  limit: 6\n", fd);
	return fd;
}

static int connect_to(int server, const char *text, int protocol, const char *device)
{
	union address a = address(text, port_of(server));
	int fd = make(a.any.sa_family, SOCK_STREAM, protocol);

	if (device)
		must(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device)) == 0);
	must(connect(fd, &a.any, sizeof(a)) == 0);
	return fd;
}

static void say_far(int fd, int far)
{
	printf("%d=far end: %s[%d] fd %d\n", fd, program_invocation_short_name, (int)getpid(), far);
}

static void pair(int server, const char *text, int protocol, const char *device)
{
	int fd = connect_to(server, text, protocol, device);
	int far = put_at(accept(server, NULL, NULL), next++);

	say_far(fd, far);
	say_far(far, fd);
}

/* Of all that share a port one has the packet; the others have none. */
static void sharing(void)
{
	union address a;
	int one = 1, fd = -1;

	for (int i = 0; i < 3; i++) {
		int last = fd;

		fd = make(AF_INET, SOCK_DGRAM, 0);
		must(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) == 0);
		bind_to(fd, "127.0.0.1", last < 0 ? 0 : port_of(last));
		printf("%d=state: UNCONNECTED  receive queue: 0  send queue: 0\n", fd);
	}
	a = address("127.0.0.1", port_of(fd));
	fd = make(AF_INET, SOCK_DGRAM, 0);
	must(connect(fd, &a.any, sizeof(a)) == 0);
	printf("%d=state: ESTABLISHED  receive queue: 0  send queue: 0\n", fd);
	fd = make(AF_INET6, SOCK_DGRAM, 0);
	bind_to(fd, "::ffff:127.0.0.1", 0);
	printf("%d=state: UNCONNECTED  receive queue: 0  send queue: 0\n", fd);
}

/* The other end acknowledges when it likes. */
static void wait_for_state(int fd, int state)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	for (int i = 0; i < 1000 && info.tcpi_state != state; i++) {
		must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0);
		poll(NULL, 0, 10);
	}
	must(info.tcpi_state == state);
}

static void ends_of_streams(void)
{
	int server = listener("127.0.0.1", 0, NULL, 0), fd, far;

	fd = connect_to(server, "127.0.0.1", 0, NULL);
	far = put_at(accept(server, NULL, NULL), next++);
	must(write(far, "123", 3) == 3 && shutdown(far, SHUT_WR) == 0);
	must(poll(&(struct pollfd){.fd = fd, .events = POLLRDHUP}, 1, 10000) == 1);
	wait_for_state(far, TCP_FIN_WAIT2);
	printf("%d=state: CLOSE_WAIT  receive queue: 3  send queue: 0\n", fd);
	printf("%d=state: FIN_WAIT2  receive queue: 0  send queue: 0\n", far);
	fd = connect_to(server, "127.0.0.1", 0, NULL);
	must(close(accept(server, NULL, NULL)) == 0);
	printf("%d=far end: held by no process\n", fd);
	fd = make(AF_INET, SOCK_STREAM, 0);
	bind_to(fd, "127.0.0.1", 0);
	printf("%d=state: CLOSE\n", fd);
}

int main(void)
{
	int server = listener("127.0.0.1", 0, NULL, 0);

	pair(server, "127.0.0.1", 0, NULL);
	listener("127.0.0.1", 0, NULL, port_of(server));
	if (geteuid() == 0)
		pair(listener("127.0.0.1", 0, "lo", 0), "127.0.0.1", 0, "lo");
	server = listener("::", 0, NULL, 0);
	pair(server, "127.0.0.1", 0, NULL);
	pair(server, "::ffff:127.0.0.1", 0, NULL);
	pair(server, "::1", 0, NULL);
	listener("::ffff:127.0.0.1", 0, NULL, 0);
	server = socket(AF_INET, SOCK_STREAM, MPTCP);
	if (server >= 0) {
		close(server);
		pair(listener("127.0.0.1", MPTCP, NULL, 0), "127.0.0.1", MPTCP, NULL);
	}
	sharing();
	ends_of_streams();
	victim_wait();
	return 0;
}
