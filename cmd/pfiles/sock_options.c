/* SPDX-License-Identifier: MIT */
/*
 * The table of options. Each row names the level, the kinds of sockets that have the option, the form of
 * its value, and its value in a new socket. Where that is a matter of the machine's settings (sysctl), a
 * new socket of ours is asked, once for each kind.
 */
#include "sock_options.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/in6.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/escape.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Sets of kinds. */
#define S(kind)  (1U << KIND_##kind)
#define TCP      (S(TCP4) | S(TCP6))
#define MPTCP    (S(MPTCP4) | S(MPTCP6))
#define STREAM   (TCP | MPTCP)
#define UDP      (S(UDP4) | S(UDP6) | S(UDPLITE4) | S(UDPLITE6))
#define DGRAM4   (S(UDP4) | S(UDPLITE4) | S(RAW4) | S(PING4))
#define DGRAM6   (S(UDP6) | S(UDPLITE6) | S(RAW6) | S(PING6))
#define INET4    (S(TCP4) | S(MPTCP4) | DGRAM4)
#define INET6    (S(TCP6) | S(MPTCP6) | DGRAM6)
#define INET     (INET4 | INET6)
#define LINK     (S(PACKET) | S(XDP))
#define NOT_UNIX (INET | LINK | S(NETLINK) | S(VSOCK) | S(OTHER))
#define ANY      (NOT_UNIX | S(UNIX))

enum form {
	FLAG,   /* on: the bare name */
	NUMBER, /* NAME(-1) */
	MASK,   /* NAME(0x10) */
	WIDE,   /* 64 bits */
	TIME,   /* NAME(1.5), seconds */
	TEXT,   /* NAME(eth0) */
	ADDR,   /* NAME(192.0.2.1) */
	LENGTH, /* how much of it there is: NAME(12 bytes) */
	FILTER, /* how many instructions, or -EACCES */
};

#define OFTEN  1 /* asked also where there are very many sockets */
#define VARIES 2 /* the default is a matter of the machine's settings */

struct row {
	const char *name;
	uint32_t kinds;
	int16_t level, option;
	uint8_t form, marks;
	int64_t normal; /* the value in a new socket */
};

#define ROW(level_, name_, kinds_, form_, normal_, marks_)                                         \
	{                                                                                          \
#name_, (kinds_), (level_), (name_), (form_), (marks_), (normal_)                  \
	}

/* Names that the C library of the oldest system lacks. */
#ifndef SO_GET_FILTER
#define SO_GET_FILTER SO_ATTACH_FILTER
#endif
#ifndef SO_RXQ_OVFL
#define SO_RXQ_OVFL 40
#endif
#ifndef SO_TIMESTAMP_NEW
#define SO_TIMESTAMP_NEW   63
#define SO_TIMESTAMPNS_NEW 64
#endif
#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif
#ifndef SO_RESERVE_MEM
#define SO_RESERVE_MEM 73
#endif
#ifndef SO_TXREHASH
#define SO_TXREHASH 74
#endif
#ifndef SO_RCVMARK
#define SO_RCVMARK 75
#endif
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif
#ifndef SO_RCVPRIORITY
#define SO_RCVPRIORITY 82
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif
#define TCP_RTO_MAX_MS      44
#define TCP_RTO_MIN_US      45
#define TCP_DELACK_MAX_US   46
#define IP_LOCAL_PORT_RANGE 51
#define UDP_CORK            1
#define UDP_ENCAP           100
#define UDP_NO_CHECK6_TX    101
#define UDP_NO_CHECK6_RX    102
#define UDP_SEGMENT         103
#define UDP_GRO             104
#define UDPLITE_SEND_CSCOV  10
#define UDPLITE_RECV_CSCOV  11
#define PACKET_VNET_HDR_SZ  24
#define SOL_UDP             17
#define SOL_UDPLITE         136

static const struct row rows[] = {
	ROW(SOL_SOCKET, SO_GET_FILTER, ANY, FILTER, 0, OFTEN),
	ROW(SOL_SOCKET, SO_LOCK_FILTER, ANY, FLAG, 0, 0),
	ROW(SOL_SOCKET, SO_PASSCRED, S(UNIX) | S(NETLINK), FLAG, 0, OFTEN),
	ROW(SOL_SOCKET, SO_PASSSEC, S(UNIX) | S(NETLINK), FLAG, 0, 0),
	ROW(SOL_SOCKET, SO_PASSPIDFD, S(UNIX), FLAG, 0, 0),
	ROW(SOL_SOCKET, SO_PASSRIGHTS, S(UNIX), FLAG, 1, 0),
	ROW(SOL_SOCKET, SO_RCVLOWAT, ANY, NUMBER, 1, 0),
	ROW(SOL_SOCKET, SO_RCVTIMEO, ANY, TIME, 0, OFTEN),
	ROW(SOL_SOCKET, SO_SNDTIMEO, ANY, TIME, 0, OFTEN),
	ROW(SOL_SOCKET, SO_TIMESTAMP, ANY, FLAG, 0, 0),
	ROW(SOL_SOCKET, SO_TIMESTAMPNS, ANY, FLAG, 0, 0),
	ROW(SOL_SOCKET, SO_TIMESTAMP_NEW, ANY, FLAG, 0, 0),
	ROW(SOL_SOCKET, SO_TIMESTAMPNS_NEW, ANY, FLAG, 0, 0),
	ROW(SOL_SOCKET, SO_TIMESTAMPING, ANY, MASK, 0, 0),
	ROW(SOL_SOCKET, SO_PEEK_OFF, ANY, NUMBER, -1, 0),
	ROW(SOL_SOCKET, SO_BUF_LOCK, ANY, MASK, 0, 0),
	ROW(SOL_SOCKET, SO_PRIORITY, NOT_UNIX, NUMBER, 0, 0),
	ROW(SOL_SOCKET, SO_MARK, NOT_UNIX, MASK, 0, OFTEN),
	ROW(SOL_SOCKET, SO_BINDTODEVICE, NOT_UNIX, TEXT, 0, OFTEN),
	ROW(SOL_SOCKET, SO_NO_CHECK, NOT_UNIX, FLAG, 0, 0),
	ROW(SOL_SOCKET, SO_BUSY_POLL, NOT_UNIX, NUMBER, 0, VARIES),
	ROW(SOL_SOCKET, SO_PREFER_BUSY_POLL, NOT_UNIX, FLAG, 0, 0),
	ROW(SOL_SOCKET, SO_MAX_PACING_RATE, NOT_UNIX, WIDE, -1, 0),
	ROW(SOL_SOCKET, SO_RXQ_OVFL, NOT_UNIX, FLAG, 0, 0),
	ROW(SOL_SOCKET, SO_ZEROCOPY, NOT_UNIX, FLAG, 0, 0),
	ROW(SOL_SOCKET, SO_TXTIME, NOT_UNIX, WIDE, 0, 0),
	ROW(SOL_SOCKET, SO_RESERVE_MEM, NOT_UNIX, NUMBER, 0, 0),
	ROW(SOL_SOCKET, SO_TXREHASH, STREAM, FLAG, 1, VARIES),
	ROW(SOL_SOCKET, SO_RCVMARK, INET, FLAG, 0, 0),
	ROW(SOL_SOCKET, SO_RCVPRIORITY, INET, FLAG, 0, 0),

	ROW(IPPROTO_TCP, TCP_NODELAY, STREAM, FLAG, 0, OFTEN),
	ROW(IPPROTO_TCP, TCP_CORK, STREAM, FLAG, 0, OFTEN),
	ROW(IPPROTO_TCP, TCP_KEEPIDLE, STREAM, NUMBER, 7200, VARIES),
	ROW(IPPROTO_TCP, TCP_KEEPINTVL, STREAM, NUMBER, 75, VARIES),
	ROW(IPPROTO_TCP, TCP_KEEPCNT, STREAM, NUMBER, 9, VARIES),
	ROW(IPPROTO_TCP, TCP_SYNCNT, STREAM, NUMBER, 6, VARIES),
	ROW(IPPROTO_TCP, TCP_LINGER2, STREAM, NUMBER, 60, VARIES),
	ROW(IPPROTO_TCP, TCP_DEFER_ACCEPT, STREAM, NUMBER, 0, 0),
	ROW(IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, STREAM, FLAG, 0, 0),
	ROW(IPPROTO_TCP, TCP_USER_TIMEOUT, STREAM, NUMBER, 0, OFTEN),
	ROW(IPPROTO_TCP, TCP_REPAIR, STREAM, FLAG, 0, 0),
	ROW(IPPROTO_TCP, TCP_FASTOPEN, STREAM, NUMBER, 0, 0),
	ROW(IPPROTO_TCP, TCP_NOTSENT_LOWAT, STREAM, NUMBER, 0, 0),
	ROW(IPPROTO_TCP, TCP_SAVE_SYN, STREAM, NUMBER, 0, 0),
	ROW(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, STREAM, FLAG, 0, 0),
	ROW(IPPROTO_TCP, TCP_ULP, TCP, TEXT, 0, 0),
	ROW(IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, STREAM, FLAG, 0, 0),
	ROW(IPPROTO_TCP, TCP_INQ, STREAM, FLAG, 0, 0),
	ROW(IPPROTO_TCP, TCP_TX_DELAY, STREAM, NUMBER, 0, 0),
	ROW(IPPROTO_TCP, TCP_RTO_MAX_MS, STREAM, NUMBER, 120000, VARIES),
	ROW(IPPROTO_TCP, TCP_RTO_MIN_US, STREAM, NUMBER, 200000, VARIES),
	ROW(IPPROTO_TCP, TCP_DELACK_MAX_US, STREAM, NUMBER, 200000, VARIES),

	ROW(SOL_UDP, UDP_CORK, UDP, FLAG, 0, 0),
	ROW(SOL_UDP, UDP_ENCAP, UDP, NUMBER, 0, 0),
	ROW(SOL_UDP, UDP_NO_CHECK6_TX, UDP, FLAG, 0, 0),
	ROW(SOL_UDP, UDP_NO_CHECK6_RX, UDP, FLAG, 0, 0),
	ROW(SOL_UDP, UDP_SEGMENT, UDP, NUMBER, 0, 0),
	ROW(SOL_UDP, UDP_GRO, UDP, FLAG, 0, 0),
	ROW(SOL_UDPLITE, UDPLITE_SEND_CSCOV, S(UDPLITE4) | S(UDPLITE6), NUMBER, 0, 0),
	ROW(SOL_UDPLITE, UDPLITE_RECV_CSCOV, S(UDPLITE4) | S(UDPLITE6), NUMBER, 0, 0),

	/* A socket of IPv6 may speak IPv4 as well: these few hold for it. */
	ROW(IPPROTO_IP, IP_TOS, INET & ~S(RAW6), MASK, 0, OFTEN),
	ROW(IPPROTO_IP, IP_TTL, INET & ~S(RAW6), NUMBER, 64, VARIES),
	ROW(IPPROTO_IP, IP_HDRINCL, S(RAW4), FLAG, 0, 0),
	ROW(IPPROTO_IP, IP_OPTIONS, INET4, LENGTH, 0, 0),
	ROW(IPPROTO_IP, IP_RECVOPTS, DGRAM4, FLAG, 0, 0),
	ROW(IPPROTO_IP, IP_RETOPTS, DGRAM4, FLAG, 0, 0),
	ROW(IPPROTO_IP, IP_PKTINFO, DGRAM4, FLAG, 0, 0),
	ROW(IPPROTO_IP, IP_MTU_DISCOVER, INET4, NUMBER, 1, VARIES),
	ROW(IPPROTO_IP, IP_RECVERR, INET4, FLAG, 0, 0),
	ROW(IPPROTO_IP, IP_RECVTTL, DGRAM4, FLAG, 0, 0),
	ROW(IPPROTO_IP, IP_RECVTOS, INET4, FLAG, 0, 0),
	ROW(IPPROTO_IP, IP_FREEBIND, INET4, FLAG, 0, 0),
	ROW(IPPROTO_IP, IP_PASSSEC, DGRAM4, FLAG, 0, 0),
	ROW(IPPROTO_IP, IP_TRANSPARENT, INET4, FLAG, 0, OFTEN),
	ROW(IPPROTO_IP, IP_RECVORIGDSTADDR, DGRAM4, FLAG, 0, 0),
	ROW(IPPROTO_IP, IP_MINTTL, INET4, NUMBER, 0, 0),
	ROW(IPPROTO_IP, IP_NODEFRAG, S(RAW4), FLAG, 0, 0),
	ROW(IPPROTO_IP, IP_CHECKSUM, DGRAM4, FLAG, 0, 0),
	ROW(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, INET, FLAG, 0, 0),
	ROW(IPPROTO_IP, IP_RECVFRAGSIZE, DGRAM4, FLAG, 0, 0),
	ROW(IPPROTO_IP, IP_RECVERR_RFC4884, DGRAM4, FLAG, 0, 0),
	ROW(IPPROTO_IP, IP_MULTICAST_IF, DGRAM4, ADDR, 0, 0),
	ROW(IPPROTO_IP, IP_MULTICAST_TTL, DGRAM4, NUMBER, 1, 0),
	ROW(IPPROTO_IP, IP_MULTICAST_LOOP, DGRAM4, FLAG, 1, 0),
	ROW(IPPROTO_IP, IP_MULTICAST_ALL, DGRAM4, FLAG, 1, 0),
	ROW(IPPROTO_IP, IP_UNICAST_IF, DGRAM4, MASK, 0, 0),
	ROW(IPPROTO_IP, IP_LOCAL_PORT_RANGE, INET & ~S(RAW6), MASK, 0, 0),

	ROW(IPPROTO_IPV6, IPV6_V6ONLY, INET6, FLAG, 0, OFTEN | VARIES),
	ROW(IPPROTO_IPV6, IPV6_TCLASS, INET6, MASK, 0, OFTEN),
	ROW(IPPROTO_IPV6, IPV6_UNICAST_HOPS, INET6, NUMBER, 64, VARIES),
	ROW(IPPROTO_IPV6, IPV6_MTU_DISCOVER, INET6, NUMBER, 1, VARIES),
	ROW(IPPROTO_IPV6, IPV6_RECVERR, INET6, FLAG, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_RECVPKTINFO, INET6, FLAG, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, INET6, FLAG, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_RECVHOPOPTS, INET6, FLAG, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_RECVDSTOPTS, INET6, FLAG, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_RECVRTHDR, INET6, FLAG, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_RECVTCLASS, INET6, FLAG, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_RECVPATHMTU, INET6, FLAG, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, DGRAM6, FLAG, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_RECVFRAGSIZE, DGRAM6, FLAG, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_HOPOPTS, INET6, LENGTH, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, INET6, LENGTH, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_RTHDR, INET6, LENGTH, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_DSTOPTS, INET6, LENGTH, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_FLOWINFO_SEND, INET6, FLAG, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_DONTFRAG, INET6, FLAG, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, INET6, FLAG, 1, VARIES),
	ROW(IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, INET6, MASK, 0x500, VARIES),
	ROW(IPPROTO_IPV6, IPV6_MINHOPCOUNT, INET6, NUMBER, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_FREEBIND, INET6, FLAG, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_TRANSPARENT, INET6, FLAG, 0, OFTEN),
	ROW(IPPROTO_IPV6, IPV6_HDRINCL, S(RAW6), FLAG, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_CHECKSUM, S(RAW6), NUMBER, -1, 0),
	ROW(IPPROTO_IPV6, IPV6_MULTICAST_IF, DGRAM6, NUMBER, 0, 0),
	ROW(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, DGRAM6, NUMBER, 1, 0),
	ROW(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, DGRAM6, FLAG, 1, 0),
	ROW(IPPROTO_IPV6, IPV6_MULTICAST_ALL, DGRAM6, FLAG, 1, 0),
	ROW(IPPROTO_IPV6, IPV6_UNICAST_IF, DGRAM6, MASK, 0, 0),

	ROW(SOL_NETLINK, NETLINK_PKTINFO, S(NETLINK), FLAG, 0, 0),
	ROW(SOL_NETLINK, NETLINK_BROADCAST_ERROR, S(NETLINK), FLAG, 0, 0),
	ROW(SOL_NETLINK, NETLINK_NO_ENOBUFS, S(NETLINK), FLAG, 0, 0),
	ROW(SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, S(NETLINK), FLAG, 0, 0),
	ROW(SOL_NETLINK, NETLINK_CAP_ACK, S(NETLINK), FLAG, 0, 0),
	ROW(SOL_NETLINK, NETLINK_EXT_ACK, S(NETLINK), FLAG, 0, 0),
	ROW(SOL_NETLINK, NETLINK_GET_STRICT_CHK, S(NETLINK), FLAG, 0, 0),

	ROW(SOL_PACKET, PACKET_AUXDATA, S(PACKET), FLAG, 0, 0),
	ROW(SOL_PACKET, PACKET_ORIGDEV, S(PACKET), FLAG, 0, 0),
	ROW(SOL_PACKET, PACKET_VERSION, S(PACKET), NUMBER, 0, 0),
	ROW(SOL_PACKET, PACKET_RESERVE, S(PACKET), NUMBER, 0, 0),
	ROW(SOL_PACKET, PACKET_LOSS, S(PACKET), FLAG, 0, 0),
	ROW(SOL_PACKET, PACKET_VNET_HDR, S(PACKET), FLAG, 0, 0),
	ROW(SOL_PACKET, PACKET_TIMESTAMP, S(PACKET), MASK, 0, 0),
	ROW(SOL_PACKET, PACKET_FANOUT, S(PACKET), MASK, 0, 0),
	ROW(SOL_PACKET, PACKET_TX_HAS_OFF, S(PACKET), FLAG, 0, 0),
	ROW(SOL_PACKET, PACKET_QDISC_BYPASS, S(PACKET), FLAG, 0, 0),
	ROW(SOL_PACKET, PACKET_IGNORE_OUTGOING, S(PACKET), FLAG, 0, 0),
	ROW(SOL_PACKET, PACKET_VNET_HDR_SZ, S(PACKET), NUMBER, 0, 0),

	ROW(AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, S(VSOCK), WIDE, 262144, 0),
	ROW(AF_VSOCK, SO_VM_SOCKETS_BUFFER_MIN_SIZE, S(VSOCK), WIDE, 128, 0),
	ROW(AF_VSOCK, SO_VM_SOCKETS_BUFFER_MAX_SIZE, S(VSOCK), WIDE, 262144, 0),
	ROW(AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, S(VSOCK), TIME, 2000000, 0),
};

_Static_assert(COUNT(rows) <= OPTION_ROWS, "the table outgrew the memory for defaults");

/* ---- kinds ---- */

enum sock_kind sock_kind_of(int family, int type, int protocol)
{
	bool six = family == AF_INET6;

	switch (family) {
	case AF_UNIX: return KIND_UNIX;
	case AF_NETLINK: return KIND_NETLINK;
	case AF_PACKET: return KIND_PACKET;
	case AF_VSOCK: return KIND_VSOCK;
	case AF_XDP: return KIND_XDP;
	case AF_INET:
	case AF_INET6: break;
	default: return family < 0 ? KIND_UNKNOWN : KIND_OTHER;
	}
	if (type == SOCK_RAW)
		return six ? KIND_RAW6 : KIND_RAW4;
	switch (protocol) {
	case IPPROTO_TCP: return six ? KIND_TCP6 : KIND_TCP4;
	case IPPROTO_MPTCP: return six ? KIND_MPTCP6 : KIND_MPTCP4;
	case IPPROTO_UDP: return six ? KIND_UDP6 : KIND_UDP4;
	case IPPROTO_UDPLITE: return six ? KIND_UDPLITE6 : KIND_UDPLITE4;
	case IPPROTO_ICMP: return KIND_PING4;
	case IPPROTO_ICMPV6: return KIND_PING6;
	default: return protocol < 0 ? KIND_UNKNOWN : KIND_OTHER;
	}
}

enum sock_kind sock_kind_by_name(const char *name)
{
	static const struct {
		const char *name;
		enum sock_kind kind;
	} names[] = {
		{"TCP", KIND_TCP4},
		{"TCPv6", KIND_TCP6},
		{"UNIX-STREAM", KIND_UNIX},
		{"UNIX", KIND_UNIX},
		{"UDP", KIND_UDP4},
		{"UDPv6", KIND_UDP6},
		{"NETLINK", KIND_NETLINK},
		{"PACKET", KIND_PACKET},
		{"RAW", KIND_RAW4},
		{"RAWv6", KIND_RAW6},
		{"PING", KIND_PING4},
		{"PINGv6", KIND_PING6},
		{"UDP-Lite", KIND_UDPLITE4},
		{"UDPLITEv6", KIND_UDPLITE6},
		{"MPTCP", KIND_MPTCP4},
		{"MPTCPv6", KIND_MPTCP6},
		{"AF_VSOCK", KIND_VSOCK},
		{"XDP", KIND_XDP},
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcmp(name, names[i].name) == 0)
			return names[i].kind;
	}
	return KIND_UNKNOWN;
}

bool sock_kind_is_tcp(enum sock_kind k)
{
	return 1U << k & TCP;
}

bool sock_kind_is_udp(enum sock_kind k)
{
	return 1U << k & UDP;
}

bool sock_kind_is_inet(enum sock_kind k)
{
	return 1U << k & INET;
}

/* ---- questions ---- */

static bool applies(const struct row *r, enum sock_kind k, bool few)
{
	return r->kinds & 1U << k && (!few || r->marks & OFTEN);
}

size_t sock_options_count(enum sock_kind k, bool few)
{
	size_t n = 0;

	for (size_t i = 0; i < COUNT(rows); i++)
		n += applies(&rows[i], k, few);
	return n;
}

static uint32_t length_of(const struct row *r)
{
	switch (r->form) {
	case WIDE: return 8;
	case TIME:
	case TEXT:
	case LENGTH: return OPTION_BYTES;
	case FILTER: return 0; /* asks for the number of instructions only */
	default: return 4;
	}
}

static void lay_one(const struct row *r, int fd, struct option_slot *s, struct call *c)
{
	s->len = length_of(r);
	*c = (struct call){
		.nr = SYS_getsockopt,
		.arg = {ARG_VAL(fd), ARG_VAL(r->level), ARG_VAL(r->option),
			ARG_OUT(&s->number, OPTION_BYTES), ARG_INOUT(&s->len, sizeof(s->len))},
	};
}

void sock_options_lay(
	enum sock_kind k, bool few, int fd, struct option_slot *slot, struct call *call)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (applies(&rows[i], k, few))
			lay_one(&rows[i], fd, slot++, call++);
	}
}

/* ---- answers ---- */

/* false: this socket has no such option. */
static bool value_of(const struct row *r, const struct option_slot *s, int64_t ret, int64_t *out)
{
	if (r->form == FILTER && ret == -EACCES) {
		*out = -1; /* a program of the extended kind, which is not told */
		return true;
	}
	if (ret != 0)
		return false;
	switch (r->form) {
	case WIDE: *out = (int64_t)s->wide; break;
	case TIME: *out = s->time[0] * 1000000 + s->time[1]; break;
	case TEXT: *out = s->len && s->text[0]; break;
	case LENGTH:
	case FILTER: *out = s->len; break;
	case MASK:
	case ADDR: *out = (uint32_t)s->number; break;
	default: *out = s->number;
	}
	return true;
}

/* A new socket of ours: one that anybody may make, and for which the same settings hold. */
static int new_socket(enum sock_kind k)
{
	bool six = 1U << k & INET6;

	if (1U << k & STREAM)
		return socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (1U << k & INET)
		return socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static void ask_new_socket(enum sock_kind k, struct option_defaults *d)
{
	int fd = new_socket(k);

	d->asked[k] = true;
	if (fd < 0)
		return;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct option_slot s = {.len = 4};

		if (!(rows[i].kinds & 1U << k && rows[i].marks & VARIES) ||
			getsockopt(fd, rows[i].level, rows[i].option, &s.number, &s.len) < 0)
			continue;
		d->known[k][i] = value_of(&rows[i], &s, 0, &d->value[k][i]);
	}
	close(fd);
}

static int64_t normal_of(size_t row, enum sock_kind k, struct option_defaults *d)
{
	if (!(rows[row].marks & VARIES))
		return rows[row].normal;
	if (!d->asked[k])
		ask_new_socket(k, d);
	return d->known[k][row] ? d->value[k][row] : rows[row].normal;
}

/* Where the protocol, too, decides about the value in a new socket. */
static bool is_normal(const struct sock *s, const struct row *r, int64_t value)
{
	if (r->level == IPPROTO_IP && r->option == IP_HDRINCL)
		return value == (s->protocol == IPPROTO_RAW);
	if (r->level == IPPROTO_IPV6 && r->option == IPV6_CHECKSUM && s->protocol == IPPROTO_ICMPV6)
		return value == 2;
	return false;
}

static int keep(struct facts *f, size_t row, const struct option_slot *s, int64_t value)
{
	struct sock_option_value *v = facts_add_option(f);

	if (!v)
		return -ENOMEM;
	v->row = (uint16_t)row;
	v->number = value;
	if (rows[row].form == TEXT)
		v->text = facts_keep(&f->names, s->text, strnlen(s->text, OPTION_BYTES));
	return 0;
}

int sock_options_take(
	struct facts *f, struct sock *s, const struct option_answers *a, struct option_defaults *d)
{
	size_t n = 0, at = f->noption;
	int err = 0;

	for (size_t i = 0; i < COUNT(rows) && !err; i++) {
		int64_t value;

		if (!applies(&rows[i], a->kind, a->few))
			continue;
		if (value_of(&rows[i], &a->slot[n], a->call[n].ret, &value) &&
			value != normal_of(i, a->kind, d) && !is_normal(s, &rows[i], value))
			err = keep(f, i, &a->slot[n], value);
		n++;
	}
	s->option_at = (uint32_t)at;
	s->options = (uint16_t)(f->noption - at);
	f->few_options += a->few;
	return err;
}

/* ---- for the page ---- */

static void add_number(struct buf *out, int64_t n)
{
	if (n < 0)
		buf_chr(out, '-');
	buf_dec(out, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

static void add_seconds(struct buf *out, int64_t us)
{
	add_number(out, us / 1000000);
	if (us % 1000000) {
		char digits[16];
		size_t n = 6;

		snprintf(digits, sizeof(digits), "%06u", (unsigned)(us % 1000000));
		while (digits[n - 1] == '0')
			n--;
		buf_chr(out, '.');
		buf_add(out, digits, n);
	}
}

static void add_address(struct buf *out, uint32_t address)
{
	const unsigned char *a = (const unsigned char *)&address;

	buf_fmt(out, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
}

const char *sock_options_name(const struct sock_option_value *v)
{
	if (rows[v->row].form == FILTER)
		return v->number < 0 ? "SO_ATTACH_BPF" : "SO_ATTACH_FILTER";
	return rows[v->row].name;
}

void sock_options_show(struct buf *out, const struct facts *f, const struct sock_option_value *v)
{
	const struct row *r = &rows[v->row];

	buf_str(out, sock_options_name(v));
	if ((r->form == FLAG && v->number == 1) || (r->form == FILTER && v->number < 0))
		return;
	buf_chr(out, '(');
	switch (r->form) {
	case MASK:
		buf_str(out, "0x");
		buf_hex(out, (uint64_t)v->number);
		break;
	case WIDE: buf_dec(out, (uint64_t)v->number); break;
	case TIME: add_seconds(out, v->number); break;
	case TEXT: escape_add(out, f->names.data + v->text.at, v->text.len); break;
	case ADDR: add_address(out, (uint32_t)v->number); break;
	case LENGTH:
		buf_dec(out, (uint64_t)v->number);
		buf_str(out, " bytes");
		break;
	default: add_number(out, v->number);
	}
	buf_chr(out, ')');
}
