/* SPDX-License-Identifier: MIT */
/*
 * far: connections, of UDP too, whose other ends two other processes have, or nobody. A child holds the far ends, and
 * another one a copy of one of them. far nobody: the children are root's, and it is not.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "victim.h"

static int listener(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 9) == 0);
	return put_at(fd, 20);
}

static void connect_at(int server, int want)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	int fd;

	must(getsockname(server, (struct sockaddr *)&a, &len) == 0);
	fd = put_at(socket(a.ss_family, SOCK_STREAM, 0), want);
	must(connect(fd, (struct sockaddr *)&a, len) == 0);
}

/* A pipe whose other end the parent has, as long as it lives: no signal of an ordinary user ends root's. */
#define LIFE 95

/* A process that has nothing but what is meant to be there, until the parent ends. */
static pid_t keeper(const char *name, int first, int last)
{
	int ready[2];
	pid_t child;
	char c;

	must(pipe(ready) == 0);
	child = fork();
	must(child >= 0);
	if (child == 0) {
		prctl(PR_SET_NAME, name);
		for (int fd = 10; fd < 100; fd++)
			if ((fd < first || fd > last) && fd != ready[1] && fd != LIFE)
				close(fd);
		must(write(ready[1], "r", 1) == 1);
		close(ready[1]);
		_exit(read(LIFE, &c, 1) != 0);
	}
	must(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	close(ready[1]);
	return child;
}

static int unix_listener(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + 20;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "far %d", (int)getpid());
	must(bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, 7) == 0);
	return put_at(fd, 21);
}

/* The one that has the address `server` gets what it sends. */
static int udp(uint32_t address, int want)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
	int fd = put_at(socket(AF_INET, SOCK_DGRAM, 0), want);

	must(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	return fd;
}

/* To the port of `server`, at that address; false: nothing leads there. */
static bool udp_connect(int fd, uint32_t address, int server)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	must(getsockname(server, (struct sockaddr *)&a, &len) == 0);
	a.sin_addr.s_addr = htonl(address);
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
}

/* Connected both ways, and to one that takes from anybody; and away from here, though somebody has that port. */
static void udp_pairs(void)
{
	udp(INADDR_LOOPBACK, 35);
	udp(INADDR_LOOPBACK, 52);
	must(udp_connect(35, INADDR_LOOPBACK, 52) && udp_connect(52, INADDR_LOOPBACK, 35));
	udp(INADDR_ANY, 53);
	udp(INADDR_LOOPBACK, 36);
	must(udp_connect(36, INADDR_LOOPBACK, 53));
	udp(INADDR_ANY, 37);
	if (!udp_connect(37, 0xc6336409 /* 198.51.100.9 */, 53))
		must(errno == ENETUNREACH);
}

/* From now on an ordinary user, who may not look at the children. */
static void become_nobody(void)
{
	must(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	must(prctl(PR_SET_DUMPABLE, 1) == 0);
}

int main(int argc, char **argv)
{
	bool nobody = argc == 2 && strcmp(argv[1], "nobody") == 0;
	int end[2];
	pid_t one, two;

	signal(SIGPIPE, SIG_IGN);
	must(pipe(end) == 0);
	put_at(end[0], LIFE);
	put_at(end[1], LIFE + 1);
	listener();
	unix_listener();
	connect_at(20, 30);
	must(put_at(accept(20, NULL, NULL), 50) == 50);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0);
	put_at(end[0], 31);
	put_at(end[1], 51);
	udp_pairs();
	one = keeper("evil\n)x", 50, 53);
	two = keeper("copy", 51, 51);
	close(50);
	close(51);
	close(52);
	close(53);
	connect_at(20, 32); /* nobody accepts these */
	connect_at(21, 33);
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, end) == 0);
	put_at(end[0], 34);
	close(end[1]);
	printf("30=evil\\n)x[%d] fd 50\n", (int)one);
	printf("31=evil\\n)x[%d] fd 51, copy[%d] fd 51\n", (int)one, (int)two);
	printf("35=evil\\n)x[%d] fd 52\n36=evil\\n)x[%d] fd 53\n37=\n", (int)one, (int)one);
	printf("32=held by no process\n33=held by no process\n");
	printf("tcp_backlog=state: LISTEN  backlog: 1  limit: 9\n");
	printf("unix_backlog=state: LISTEN  backlog: 1  limit: 7\n");
	if (nobody)
		become_nobody();
	victim_wait();
	if (nobody)
		return 0; /* the children die with us */
	must(kill(one, SIGKILL) == 0 && kill(two, SIGKILL) == 0);
	must(waitpid(one, NULL, 0) == one && waitpid(two, NULL, 0) == two);
	return write(31, "x", 1) != -1;
}
