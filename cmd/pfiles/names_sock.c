/* SPDX-License-Identifier: MIT */
#include "names_sock.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct name {
	int number;
	const char *name;
};

static const struct name protocols[] = {
	{IPPROTO_ICMP, "ICMP"},
	{IPPROTO_IGMP, "IGMP"},
	{IPPROTO_IPIP, "IPIP"},
	{IPPROTO_TCP, "TCP"},
	{IPPROTO_EGP, "EGP"},
	{IPPROTO_UDP, "UDP"},
	{IPPROTO_DCCP, "DCCP"},
	{IPPROTO_IPV6, "IPV6"},
	{IPPROTO_RSVP, "RSVP"},
	{IPPROTO_GRE, "GRE"},
	{IPPROTO_ESP, "ESP"},
	{IPPROTO_AH, "AH"},
	{IPPROTO_ICMPV6, "ICMPV6"},
	{89, "OSPF"},
	{IPPROTO_PIM, "PIM"},
	{112, "VRRP"},
	{115, "L2TP"},
	{IPPROTO_SCTP, "SCTP"},
	{IPPROTO_UDPLITE, "UDPLITE"},
	{IPPROTO_MPLS, "MPLS"},
	{IPPROTO_RAW, "RAW"},
	{IPPROTO_MPTCP, "MPTCP"},
};

#define NETLINK(name)                                                                              \
	{                                                                                          \
		NETLINK_##name, "NETLINK_" #name                                                   \
	}
static const struct name netlinks[] = {
	NETLINK(ROUTE),
	NETLINK(USERSOCK),
	NETLINK(FIREWALL),
	NETLINK(SOCK_DIAG),
	NETLINK(NFLOG),
	NETLINK(XFRM),
	NETLINK(SELINUX),
	NETLINK(ISCSI),
	NETLINK(AUDIT),
	NETLINK(FIB_LOOKUP),
	NETLINK(CONNECTOR),
	NETLINK(NETFILTER),
	NETLINK(IP6_FW),
	NETLINK(DNRTMSG),
	NETLINK(KOBJECT_UEVENT),
	NETLINK(GENERIC),
	NETLINK(SCSITRANSPORT),
	NETLINK(ECRYPTFS),
	NETLINK(RDMA),
	NETLINK(CRYPTO),
	NETLINK(SMC),
};

#define ETHER(name)                                                                                \
	{                                                                                          \
		ETH_P_##name, "ETH_P_" #name                                                       \
	}
static const struct name ethertypes[] = {
	ETHER(ALL),
	ETHER(802_2),
	ETHER(802_3),
	ETHER(SNAP),
	ETHER(IP),
	ETHER(ARP),
	ETHER(RARP),
	ETHER(8021Q),
	ETHER(IPV6),
	ETHER(PAUSE),
	ETHER(SLOW),
	ETHER(MPLS_UC),
	ETHER(MPLS_MC),
	ETHER(PPP_DISC),
	ETHER(PPP_SES),
	ETHER(PAE),
	ETHER(AOE),
	ETHER(8021AD),
	ETHER(LLDP),
	ETHER(MACSEC),
	ETHER(1588),
	ETHER(PRP),
	ETHER(FCOE),
	ETHER(FIP),
	ETHER(LOOPBACK),
	ETHER(TIPC),
	ETHER(LOOP),
	ETHER(CAN),
};

static const struct name timers[] = {
	{0, "none"},
	{1, "retransmission"},
	{2, "keepalive"},
	{3, "time wait"},
	{4, "zero window probe"},
};

static const struct name memberships[] = {
	{PACKET_MR_MULTICAST, "multicast"},
	{PACKET_MR_PROMISC, "promiscuous"},
	{PACKET_MR_ALLMULTI, "all multicast"},
	{PACKET_MR_UNICAST, "unicast"},
};

static const struct name states[] = {
	{TCP_ESTABLISHED, "ESTABLISHED"},
	{TCP_SYN_SENT, "SYN_SENT"},
	{TCP_SYN_RECV, "SYN_RECV"},
	{TCP_FIN_WAIT1, "FIN_WAIT1"},
	{TCP_FIN_WAIT2, "FIN_WAIT2"},
	{TCP_TIME_WAIT, "TIME_WAIT"},
	{TCP_CLOSE, "CLOSE"},
	{TCP_CLOSE_WAIT, "CLOSE_WAIT"},
	{TCP_LAST_ACK, "LAST_ACK"},
	{TCP_LISTEN, "LISTEN"},
	{TCP_CLOSING, "CLOSING"},
	{12, "NEW_SYN_RECV"},
	{13, "BOUND_INACTIVE"},
};

/* hex: the way in which such numbers are written where they have no name. */
static void add_name(struct buf *out, const struct name *names, size_t n, int number, bool hex)
{
	for (size_t i = 0; i < n; i++) {
		if (names[i].number == number) {
			buf_str(out, names[i].name);
			return;
		}
	}
	buf_fmt(out, hex ? "0x%04x" : "%d", (unsigned)number);
}

void names_add_protocol(struct buf *out, int family, int protocol)
{
	switch (family) {
	case AF_INET:
	case AF_INET6: add_name(out, protocols, COUNT(protocols), protocol, false); break;
	case AF_NETLINK: add_name(out, netlinks, COUNT(netlinks), protocol, false); break;
	case AF_PACKET: add_name(out, ethertypes, COUNT(ethertypes), protocol, true); break;
	default: buf_fmt(out, "%d", protocol);
	}
}

void names_add_state(struct buf *out, unsigned state, bool tcp)
{
	if (state == TCP_CLOSE && !tcp)
		buf_str(out, "UNCONNECTED");
	else
		add_name(out, states, COUNT(states), (int)state, false);
}

void names_add_timer(struct buf *out, unsigned timer)
{
	add_name(out, timers, COUNT(timers), (int)timer, false);
}

void names_add_membership(struct buf *out, unsigned type)
{
	add_name(out, memberships, COUNT(memberships), (int)type, false);
}
