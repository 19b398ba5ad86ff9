/* SPDX-License-Identifier: MIT */
/* build: 32 */
/*
 * families: a socket of every family and kind that the kernel offers, with options of each level set, and
 * what pfiles is to say of it. A kind that this kernel or user may not have is left out.
 *
 * families elsewhere: the same, each made in a new network namespace, which the process has left again.
 */
#define _FILE_OFFSET_BITS 64
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "victim.h"

#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif
#define UDPLITE       136
#define MPTCP         262
#define ANY_CID       0xffffffffU
#define UDP_SEGMENT_  103
#define IPV6_TCLASS_  67
#define PACKET_MEMBER 1

static const char *namespace_line = "";
static bool elsewhere;

static int option(int fd, int name)
{
	int value;
	socklen_t len = sizeof(value);

	must(getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0);
	return value;
}

static void set(int fd, int level, int name, int value)
{
	must(setsockopt(fd, level, name, &value, sizeof(value)) == 0);
}

/* The socket at that number, or -1 if there are none of its kind here. */
static int make(int family, int type, int protocol, int want)
{
	int fd = socket(family, type, protocol);

	return fd < 0 ? -1 : put_at(fd, want);
}

/* The block. options: the second line of them, whole; before, after: around the sizes in the first. */
static void tell(int fd, const char *type, const char *before, const char *after,
	const char *options, const char *names, const char *rest)
{
	expect(fd, "O_RDWR", "\t%s\n\t%sSO_SNDBUF(%d),SO_RCVBUF(%d)%s\n%s%s%s%s", type, before,
		option(fd, SO_SNDBUF), option(fd, SO_RCVBUF), after, options, names, rest, "");
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

/* What follows the protocol: the namespace stands between it and the state. */
static const char *with_state(const char *protocol, const char *state)
{
	static char words[1024];

	snprintf(words, sizeof(words), "%s%s%s", protocol, namespace_line, state);
	return words;
}

#define QUEUES "  receive queue: 0  send queue: 0\n"

static int port_of(int fd)
{
	struct sockaddr_in6 a;
	socklen_t len = sizeof(a);

	must(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	return ntohs(a.sin6_port);
}

static void tcp_options(void)
{
	int fd = make(AF_INET, SOCK_STREAM, 0, 20);
	struct timeval wait = {1, 500000};

	must(fd == 20);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 61);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 7);
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
	set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 12345);
	set(fd, IPPROTO_TCP, TCP_SYNCNT, 2);
	set(fd, IPPROTO_IP, IP_TOS, 0x10);
	set(fd, IPPROTO_IP, IP_TTL, 3);
	set(fd, IPPROTO_IP, IP_FREEBIND, 1);
	set(fd, SOL_SOCKET, SO_PRIORITY, 5);
	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0);
	tell(fd, "SOCK_STREAM", "SO_KEEPALIVE,", "",
		"\tSO_RCVTIMEO(1.5),SO_PRIORITY(5),TCP_NODELAY,TCP_KEEPIDLE(61),TCP_KEEPINTVL(7),"
		"TCP_KEEPCNT(3),TCP_SYNCNT(2),TCP_USER_TIMEOUT(12345),IP_TOS(0x10),IP_TTL(3),"
		"IP_FREEBIND\n",
		"\tsockname: AF_INET 0.0.0.0  port: 0\n",
		with_state("\tprotocol: TCP\n", "\tstate: CLOSE\n"));
}

static void tcp6_options(void)
{
	int fd = make(AF_INET6, SOCK_STREAM, 0, 21);

	if (fd < 0)
		return;
	set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !0);
	set(fd, IPPROTO_IPV6, IPV6_TCLASS_, 0x20);
	set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9);
	tell(fd, "SOCK_STREAM", "", "", "\tIPV6_V6ONLY,IPV6_TCLASS(0x20),IPV6_UNICAST_HOPS(9)\n",
		"\tsockname: AF_INET6 ::  port: 0\n",
		with_state("\tprotocol: TCP\n", "\tstate: CLOSE\n"));
}

/* One group from anywhere, one from a single source; on the loopback, which has number 1 everywhere. */
static void join(int fd)
{
	struct sockaddr_in group = {.sin_family = AF_INET}, source = {.sin_family = AF_INET};
	struct group_req any = {.gr_interface = 1};
	struct group_source_req one = {.gsr_interface = 1};

	inet_pton(AF_INET, "239.7.7.7", &group.sin_addr);
	memcpy(&any.gr_group, &group, sizeof(group));
	must(setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &any, sizeof(any)) == 0);
	inet_pton(AF_INET, "232.1.2.3", &group.sin_addr);
	inet_pton(AF_INET, "192.0.2.9", &source.sin_addr);
	memcpy(&one.gsr_group, &group, sizeof(group));
	memcpy(&one.gsr_source, &source, sizeof(source));
	must(setsockopt(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &one, sizeof(one)) == 0);
}

static const char *say_groups(const char *protocol)
{
	static char words[300];

	snprintf(words, sizeof(words), "%s%s", protocol,
		"\tmember: 232.1.2.3  interface: lo  only from: 192.0.2.9\n"
		"\tmember: 239.7.7.7  interface: lo\n");
	return words;
}

/* With a filter, and multicast its own way. */
static void udp_options(void)
{
	struct sock_filter take_all = BPF_STMT(BPF_RET | BPF_K, 0xffff);
	struct sock_fprog program = {1, &take_all};
	struct sockaddr_in a = {.sin_family = AF_INET};
	int fd = make(AF_INET, SOCK_DGRAM, 0, 22);

	must(fd == 22);
	must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0);
	set(fd, IPPROTO_IP, IP_PKTINFO, 1);
	set(fd, IPPROTO_IP, IP_MULTICAST_TTL, 4);
	set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	set(fd, IPPROTO_UDP, UDP_SEGMENT_, 1000);
	must(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	join(fd);
	tell(fd, "SOCK_DGRAM", "", "",
		"\tSO_ATTACH_FILTER(1),UDP_SEGMENT(1000),IP_PKTINFO,IP_MULTICAST_TTL(4),"
		"IP_MULTICAST_LOOP(0)\n",
		say("\tsockname: AF_INET 0.0.0.0  port: %d\n", port_of(fd)),
		with_state(say_groups("\tprotocol: UDP\n"), "\tstate: UNCONNECTED" QUEUES));
}

static void udplite_and_ping(void)
{
	int fd = make(AF_INET, SOCK_DGRAM, UDPLITE, 23);

	if (fd >= 0)
		tell(fd, "SOCK_DGRAM", "", "", "", "\tsockname: AF_INET 0.0.0.0  port: 0\n",
			with_state("\tprotocol: UDPLITE\n", "\tstate: UNCONNECTED\n"));
	fd = make(AF_INET, SOCK_DGRAM, IPPROTO_ICMP, 24);
	if (fd >= 0)
		tell(fd, "SOCK_DGRAM", "", "", "", "\tsockname: AF_INET 0.0.0.0  id: 0\n",
			with_state("\tprotocol: ICMP\n", "\tstate: UNCONNECTED" QUEUES));
	fd = make(AF_INET, SOCK_STREAM, MPTCP, 25);
	if (fd >= 0)
		tell(fd, "SOCK_STREAM", "", "", "", "\tsockname: AF_INET 0.0.0.0  port: 0\n",
			with_state("\tprotocol: MPTCP\n", "\tstate: CLOSE\n"));
}

static void raw(void)
{
	int fd = make(AF_INET, SOCK_RAW, IPPROTO_ICMP, 30);

	if (fd < 0)
		return;
	tell(fd, "SOCK_RAW", "SO_REUSEADDR,", "", "", "\tsockname: AF_INET 0.0.0.0\n",
		with_state("\tprotocol: ICMP\n", "\tstate: UNCONNECTED" QUEUES));
	fd = make(AF_INET, SOCK_RAW, 253, 31);
	must(fd == 31);
	set(fd, IPPROTO_IP, IP_HDRINCL, 1);
	tell(fd, "SOCK_RAW", "SO_REUSEADDR,", "", "\tIP_HDRINCL\n", "\tsockname: AF_INET 0.0.0.0\n",
		with_state("\tprotocol: 253\n", "\tstate: UNCONNECTED" QUEUES));
	fd = make(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, 32);
	if (fd >= 0)
		tell(fd, "SOCK_RAW", "SO_REUSEADDR,", "", "", "\tsockname: AF_INET6 ::\n",
			with_state("\tprotocol: ICMPV6\n", "\tstate: UNCONNECTED" QUEUES));
}

static void packets(void)
{
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP)};
	struct packet_mreq promiscuous = {.mr_type = PACKET_MR_PROMISC};
	int fd = make(AF_PACKET, SOCK_RAW, 0, 40);

	if (fd < 0)
		return;
	ll.sll_ifindex = promiscuous.mr_ifindex = (int)if_nametoindex("lo");
	must(ll.sll_ifindex > 0);
	must(bind(fd, (struct sockaddr *)&ll, sizeof(ll)) == 0);
	must(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)) ==
		0);
	set(fd, SOL_PACKET, PACKET_AUXDATA, 1);
	tell(fd, "SOCK_RAW", "", "", "\tPACKET_AUXDATA\n", "\tsockname: AF_PACKET\n",
		with_state(
			"\tprotocol: ETH_P_ARP  interface: lo\n\tmember: promiscuous  interface: 1\n",
			"\treceive queue: 0  send queue: 0\n"));
	fd = make(AF_PACKET, SOCK_DGRAM, 0, 41);
	must(fd == 41);
	tell(fd, "SOCK_DGRAM", "", "", "", "\tsockname: AF_PACKET\n",
		with_state("\tprotocol: 0x0000  interface: all\n",
			"\treceive queue: 0  send queue: 0\n"));
}

static void netlinks(void)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_groups = 1U << 0 | 1U << 4};
	socklen_t len = sizeof(a);
	int fd = make(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, 45);

	must(fd == 45 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	set(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, 34);
	set(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, 1);
	must(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	tell(fd, "SOCK_RAW", "", "", "\tNETLINK_NO_ENOBUFS\n", "\tsockname: AF_NETLINK\n",
		with_state(
			say("\tprotocol: NETLINK_ROUTE  port id: %u  groups: 1,5,34\n", a.nl_pid),
			"\treceive queue: 0  send queue: 0\n"));
	fd = make(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT, 46);
	if (fd >= 0)
		tell(fd, "SOCK_DGRAM", "", "", "", "\tsockname: AF_NETLINK\n",
			with_state("\tprotocol: NETLINK_KOBJECT_UEVENT  port id: 0\n",
				"\treceive queue: 0  send queue: 0\n"));
}

static void others(void)
{
	struct sockaddr_vm vm = {.svm_family = AF_VSOCK, .svm_cid = ANY_CID, .svm_port = ANY_CID};
	socklen_t len = sizeof(vm);
	int fd = make(AF_VSOCK, SOCK_STREAM, 0, 50);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&vm, sizeof(vm)) == 0) {
		must(getsockname(fd, (struct sockaddr *)&vm, &len) == 0);
		tell(fd, "SOCK_STREAM", "", "", "", "\tsockname: AF_VSOCK\n",
			with_state(say("\tvsock: cid: %u  port: %u\n", vm.svm_cid, vm.svm_port),
				"\tstate: UNCONNECTED\n"));
	}
	fd = make(44 /* AF_XDP */, SOCK_RAW, 0, 51);
	if (fd >= 0)
		tell(fd, "SOCK_RAW", "", "", "", "\tsockname: AF_XDP\n", namespace_line);
}

/* With what it may receive beside the bytes, and descriptors on their way. */
static void unix_rights(void)
{
	char control[CMSG_SPACE(2 * sizeof(int))] = {0}, byte = 'x';
	struct iovec bytes = {&byte, 1};
	struct msghdr m = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int end[2], sent[2] = {0, 2};

	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, end) == 0);
	put_at(end[0], 55);
	put_at(end[1], 56);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(sent));
	memcpy(CMSG_DATA(c), sent, sizeof(sent));
	must(sendmsg(55, &m, 0) == 1);
	set(56, SOL_SOCKET, SO_PASSCRED, 1);
	must(shutdown(55, SHUT_RD) == 0);
	printf("rights=56\n");
}

static void enter_elsewhere(void)
{
	static char line[100];
	char link[64] = "";

	must(unshare(CLONE_NEWNET) == 0);
	must(readlink("/proc/self/ns/net", link, sizeof(link) - 1) > 0);
	snprintf(line, sizeof(line), "\tnetwork namespace: %s\n", link);
	namespace_line = line;
}

int main(int argc, char **argv)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	must(home >= 0);
	elsewhere = argc == 2 && strcmp(argv[1], "elsewhere") == 0;
	if (elsewhere)
		enter_elsewhere();
	else if (argc == 2)
		namespace_line = strcat(strcpy(malloc(strlen(argv[1]) + 30), argv[1]), "\n");
	tcp_options();
	tcp6_options();
	udp_options();
	udplite_and_ping();
	raw();
	packets();
	netlinks();
	others();
	unix_rights();
	if (elsewhere)
		must(setns(home, CLONE_NEWNET) == 0);
	victim_wait();
	must(option(20, SO_KEEPALIVE) == 1 && option(20, SO_PRIORITY) == 5);
	must(option(22, SO_TYPE) == SOCK_DGRAM);
	return 0;
}
