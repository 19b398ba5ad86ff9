/* SPDX-License-Identifier: MIT */
/*
 * Socket options that can be asked for without effect, by level. Left out, among others:
 *   SO_ERROR                clears the pending error
 *   SO_PEERPIDFD            makes a descriptor
 *   TCP_ZEROCOPY_RECEIVE    takes data
 *   TCP_SAVED_SYN           frees what it gives
 *   TCP_FASTOPEN_KEY, TCP_MD5SIG  secrets
 *   IP_PKTOPTIONS           takes nothing, but is about the last packet
 *   PACKET_STATISTICS       resets the counters
 * SO_COOKIE is asked for: the socket gets its number then, as from any look into the tables of sock_diag(7), and
 * nobody can tell.
 * The numbers are the kernel's ABI; those that the headers of the oldest system lack have theirs here.
 */
#include "ctl/option.h"

#include <linux/icmp.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <linux/ipv6.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

#define SOL_ICMP_RAW    255 /* SOL_RAW */
#define SOL_UDP_LITE    136
#define SOL_MPTCP_LEVEL 284

/* One bit each; all names of interest are below 128. */
#define BIT(name) ((unsigned __int128)1 << (name))
#define SPAN(first, last)                                                                          \
	((((unsigned __int128)1 << ((last) - (first) + 1)) - 1) << (first)) /* both included */

static const struct {
	uint32_t level;
	unsigned __int128 names;
} levels[] = {
	{SOL_SOCKET,
		BIT(SO_DEBUG) | BIT(SO_REUSEADDR) | BIT(SO_TYPE) | BIT(SO_DONTROUTE) |
			BIT(SO_BROADCAST) | BIT(SO_SNDBUF) | BIT(SO_RCVBUF) | BIT(SO_KEEPALIVE) |
			BIT(SO_OOBINLINE) | BIT(SO_NO_CHECK) | BIT(SO_PRIORITY) | BIT(SO_LINGER) |
			BIT(SO_REUSEPORT) | BIT(SO_PASSCRED) | BIT(SO_PEERCRED) | BIT(SO_RCVLOWAT) |
			BIT(SO_RCVTIMEO) | BIT(SO_SNDTIMEO) | BIT(SO_BINDTODEVICE) |
			BIT(26 /* SO_GET_FILTER */) | BIT(SO_TIMESTAMP) | BIT(SO_ACCEPTCONN) |
			BIT(SO_PEERSEC) | BIT(SO_PASSSEC) | BIT(SO_TIMESTAMPNS) | BIT(SO_MARK) |
			BIT(SO_TIMESTAMPING) | BIT(SO_PROTOCOL) | BIT(SO_DOMAIN) |
			BIT(40 /* SO_RXQ_OVFL */) | BIT(41 /* SO_WIFI_STATUS */) |
			BIT(SO_PEEK_OFF) | BIT(43 /* SO_NOFCS */) | BIT(SO_LOCK_FILTER) |
			BIT(45 /* SO_SELECT_ERR_QUEUE */) | BIT(SO_BUSY_POLL) |
			BIT(SO_MAX_PACING_RATE) | BIT(SO_INCOMING_CPU) | BIT(SO_MEMINFO) |
			BIT(SO_INCOMING_NAPI_ID) | BIT(57 /* SO_COOKIE */) | BIT(SO_PEERGROUPS) |
			BIT(SO_ZEROCOPY) | BIT(SO_TXTIME) | BIT(SO_BINDTOIFINDEX) |
			BIT(63 /* SO_TIMESTAMP_NEW */) | BIT(64 /* SO_TIMESTAMPNS_NEW */) |
			BIT(SO_PREFER_BUSY_POLL) | BIT(71 /* SO_NETNS_COOKIE */) |
			BIT(72 /* SO_BUF_LOCK */) | BIT(73 /* SO_RESERVE_MEM */) |
			BIT(74 /* SO_TXREHASH */) | BIT(75 /* SO_RCVMARK */) |
			BIT(76 /* SO_PASSPIDFD */) | BIT(82 /* SO_RCVPRIORITY */) |
			BIT(83 /* SO_PASSRIGHTS */)},
	{IPPROTO_TCP,
		SPAN(TCP_NODELAY, TCP_CONGESTION) | BIT(16 /* TCP_THIN_LINEAR_TIMEOUTS */) |
			BIT(TCP_USER_TIMEOUT) | BIT(TCP_REPAIR) | BIT(TCP_FASTOPEN) |
			BIT(TCP_NOTSENT_LOWAT) | BIT(TCP_CC_INFO) | BIT(TCP_SAVE_SYN) |
			BIT(TCP_FASTOPEN_CONNECT) | BIT(TCP_ULP) | BIT(TCP_FASTOPEN_NO_COOKIE) |
			BIT(TCP_INQ) | BIT(TCP_TX_DELAY) | BIT(43 /* TCP_IS_MPTCP */) |
			BIT(44 /* TCP_RTO_MAX_MS */) | BIT(45 /* TCP_RTO_MIN_US */) |
			BIT(46 /* TCP_DELACK_MAX_US */)},
	{IPPROTO_IP,
		SPAN(IP_TOS, IP_RETOPTS) | BIT(IP_PKTINFO) | SPAN(IP_MTU_DISCOVER, IP_MTU) |
			SPAN(IP_FREEBIND, IP_RECVERR_RFC4884) | SPAN(IP_MULTICAST_IF, 34) |
			BIT(MCAST_MSFILTER) | SPAN(IP_MULTICAST_ALL, 52 /* IP_PROTOCOL */)},
	{IPPROTO_IPV6,
		SPAN(IPV6_ADDRFORM + 1, 5) | BIT(IPV6_CHECKSUM) | BIT(8 /* IPV6_2292HOPLIMIT */) |
			BIT(11 /* IPV6_FLOWINFO */) | SPAN(IPV6_UNICAST_HOPS, IPV6_MULTICAST_LOOP) |
			SPAN(IPV6_ROUTER_ALERT, IPV6_V6ONLY) |
			SPAN(29 /* IPV6_MULTICAST_ALL */, 31) | BIT(33 /* IPV6_FLOWINFO_SEND */) |
			BIT(IPV6_HDRINCL) | BIT(MCAST_MSFILTER) |
			SPAN(IPV6_RECVPKTINFO, IPV6_RECVPATHMTU) | BIT(IPV6_DONTFRAG) |
			SPAN(IPV6_RECVTCLASS, IPV6_TCLASS) | BIT(IPV6_AUTOFLOWLABEL) |
			SPAN(IPV6_ADDR_PREFERENCES, 78 /* IPV6_FREEBIND */)},
	{IPPROTO_UDP, BIT(1 /* UDP_CORK */) | SPAN(100 /* UDP_ENCAP */, 104 /* UDP_GRO */)},
	{SOL_UDP_LITE, BIT(1) | SPAN(10 /* UDPLITE_SEND_CSCOV */, 11) | SPAN(100, 104)},
	{SOL_ICMP_RAW, BIT(ICMP_FILTER)},
	{IPPROTO_ICMPV6, BIT(1 /* ICMPV6_FILTER */)},
	{SOL_NETLINK,
		SPAN(NETLINK_PKTINFO, NETLINK_NO_ENOBUFS) |
			SPAN(NETLINK_LISTEN_ALL_NSID, NETLINK_GET_STRICT_CHK)},
	{SOL_PACKET,
		SPAN(PACKET_AUXDATA, PACKET_VERSION) | BIT(PACKET_RESERVE) |
			SPAN(PACKET_LOSS, PACKET_QDISC_BYPASS) |
			SPAN(PACKET_IGNORE_OUTGOING, 24 /* PACKET_VNET_HDR_SZ */)},
	{SOL_XDP, BIT(XDP_STATISTICS) | BIT(XDP_OPTIONS)},
	{SOL_MPTCP_LEVEL, BIT(1 /* MPTCP_INFO */)},
	{AF_VSOCK,
		SPAN(SO_VM_SOCKETS_BUFFER_SIZE, SO_VM_SOCKETS_PEER_HOST_VM_ID) |
			BIT(SO_VM_SOCKETS_CONNECT_TIMEOUT) | BIT(8)},
};

bool option_allowed(uint64_t level, uint64_t name)
{
	for (size_t i = 0; name < 128 && i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (levels[i].level == level)
			return levels[i].names >> name & 1;
	}
	return false;
}
