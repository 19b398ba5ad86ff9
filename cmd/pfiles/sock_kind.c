/* SPDX-License-Identifier: MIT */
#include "sock_kind.h"

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

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
	return k == KIND_TCP4 || k == KIND_TCP6;
}

bool sock_kind_is_udp(enum sock_kind k)
{
	return k == KIND_UDP4 || k == KIND_UDP6 || k == KIND_UDPLITE4 || k == KIND_UDPLITE6;
}

bool sock_kind_is_six(enum sock_kind k)
{
	switch (k) {
	case KIND_TCP6:
	case KIND_UDP6:
	case KIND_UDPLITE6:
	case KIND_RAW6:
	case KIND_PING6:
	case KIND_MPTCP6: return true;
	default: return false;
	}
}

bool sock_kind_is_inet(enum sock_kind k)
{
	return k >= KIND_TCP4 && k <= KIND_MPTCP6;
}
