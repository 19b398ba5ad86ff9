/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_KIND_H
#define PFILES_SOCK_KIND_H

#include <stdbool.h>

/* What decides which options a socket has. */
enum sock_kind {
	KIND_UNKNOWN, /* not known yet: no further questions */
	KIND_UNIX,
	KIND_TCP4,
	KIND_TCP6,
	KIND_UDP4,
	KIND_UDP6,
	KIND_UDPLITE4,
	KIND_UDPLITE6,
	KIND_RAW4,
	KIND_RAW6,
	KIND_PING4,
	KIND_PING6,
	KIND_MPTCP4,
	KIND_MPTCP6,
	KIND_NETLINK,
	KIND_PACKET,
	KIND_VSOCK,
	KIND_XDP,
	KIND_OTHER,
	KIND_COUNT
};

enum sock_kind sock_kind_of(int family, int type, int protocol);

/* The same by the name of the protocol that sockfs gives ("TCPv6"): KIND_UNKNOWN for one unheard of. */
enum sock_kind sock_kind_by_name(const char *name);

bool sock_kind_is_tcp(enum sock_kind k);  /* TCP, not MPTCP */
bool sock_kind_is_udp(enum sock_kind k);  /* UDP and UDP-Lite */
bool sock_kind_is_six(enum sock_kind k);  /* any of IPv6 */
bool sock_kind_is_inet(enum sock_kind k); /* any with an address of the internet */

#endif
