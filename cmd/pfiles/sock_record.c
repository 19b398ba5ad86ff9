/* SPDX-License-Identifier: MIT */
#include "sock_record.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sock_options.h"
#include "sock_tcp.h"

/* The end of a stream is counted as a byte: where it has come and was not read, where it is not acknowledged. */
static uint32_t without_end(const struct sock *s, uint32_t bytes, bool ended)
{
	return bytes - (sock_kind_is_tcp(s->kind) && ended && bytes > 0);
}

static bool end_has_come(unsigned state)
{
	return state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK || state == TCP_CLOSING;
}

static bool end_is_sent(unsigned state)
{
	return state == TCP_FIN_WAIT1 || state == TCP_LAST_ACK || state == TCP_CLOSING;
}

static void add_queues(struct sock *s, const struct diag_sock *r)
{
	if (!(r->has & DIAG_QUEUES))
		return;
	if (sock_kind_is_tcp(s->kind) && (r->state == TCP_CLOSE || r->state > TCP_CLOSING))
		return; /* not connected: there are none */
	if (r->state == TCP_LISTEN && s->type != SOCK_DGRAM) {
		s->backlog = r->rqueue;
		s->backlog_most = r->wqueue;
		s->has |= SOCK_HAS_BACKLOG;
	} else {
		s->recvq = without_end(s, r->rqueue, end_has_come(r->state));
		s->sendq = without_end(s, r->wqueue, end_is_sent(r->state));
		s->has |= SOCK_HAS_QUEUES;
	}
}

static int add_tcp(struct facts *f, struct sock *s, const struct diag_inet *in)
{
	struct sock_tcp *t;
	int err = 0;

	s->congestion = facts_keep(&f->names, in->cong.bytes, in->cong.len);
	if (!s->tcp && in->tcp_info.len)
		err = sock_tcp_take(f, s, in->tcp_info.bytes, in->tcp_info.len);
	if (err || !s->tcp)
		return err; /* a listener, or closed */
	t = &f->tcp[s->tcp - 1];
	t->has_timer = true;
	t->timer = in->timer;
	t->timer_retrans = in->retrans;
	t->timer_expires = in->expires;
	return 0;
}

/* A peer that was closed has no inode any more; nor has one that waits for accept(2), yet. */
static void add_far_end(struct sock *s, const struct diag_sock *r)
{
	if (r->has & DIAG_PEER && (r->un.peer || s->shutdown != 3)) {
		s->far = FAR_OPEN;
		s->far_ino = r->un.peer;
	} else if (r->state == TCP_ESTABLISHED) {
		s->far = FAR_CLOSED;
	}
}

static void add_packet(struct facts *f, struct sock *s, const struct diag_packet *p)
{
	s->memberships = facts_keep(&f->names, p->mclist.bytes, p->mclist.len);
	s->rx_ring = p->rx_ring.len > 0;
	s->tx_ring = p->tx_ring.len > 0;
}

int sock_record_add(struct facts *f, struct sock *s, const struct diag_sock *r)
{
	add_queues(s, r);
	if (r->has & DIAG_SHUTDOWN) {
		s->shutdown = r->shutdown;
		s->has |= SOCK_HAS_SHUTDOWN;
	}
	switch (r->family) {
	case AF_UNIX: add_far_end(s, r); break;
	case AF_PACKET: add_packet(f, s, &r->packet); break;
	case AF_XDP:
		s->ifindex = r->xdp.ifindex;
		s->queue = r->xdp.queue;
		break;
	case AF_INET:
	case AF_INET6:
		if (sock_kind_is_tcp(s->kind))
			return add_tcp(f, s, &r->inet);
		break;
	default: break;
	}
	return 0;
}

/* ---- from the record alone ---- */

static struct span keep_end(struct facts *f, int family, const struct diag_end *e, uint32_t scope)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(e->port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(e->port)};

	if (family == AF_INET) {
		memcpy(&in.sin_addr, e->addr, sizeof(in.sin_addr));
		return facts_keep(&f->names, &in, sizeof(in));
	}
	memcpy(&in6.sin6_addr, e->addr, sizeof(in6.sin6_addr));
	if (IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr))
		in6.sin6_scope_id = scope;
	return facts_keep(&f->names, &in6, sizeof(in6));
}

static void take_inet(struct facts *f, struct sock *s, const struct diag_sock *r)
{
	static const struct diag_end nowhere;

	s->protocol = r->protocol;
	s->kind = (uint8_t)sock_kind_of(s->family, s->type, s->protocol);
	s->name = keep_end(f, s->family, &r->inet.local, r->inet.ifindex);
	if (memcmp(&r->inet.remote, &nowhere, sizeof(nowhere)) != 0)
		s->peer = keep_end(f, s->family, &r->inet.remote, r->inet.ifindex);
}

static struct span keep_unix(struct facts *f, struct diag_bytes name)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	size_t len = name.len < sizeof(un.sun_path) ? name.len : sizeof(un.sun_path);

	if (len)
		memcpy(un.sun_path, name.bytes, len);
	return facts_keep(&f->names, &un, offsetof(struct sockaddr_un, sun_path) + len);
}

static void take_unix(struct facts *f, struct sock *s, const struct diag_sock *r)
{
	s->protocol = 0;
	s->name = keep_unix(f, r->un.name);
}

void sock_record_peer(struct facts *f, struct sock *s, const struct diag_sock *peer)
{
	s->peer = keep_unix(f, peer->un.name);
}

static void take_netlink(struct facts *f, struct sock *s, const struct diag_sock *r)
{
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK, .nl_pid = r->nl.portid};
	const struct diag_bytes *groups = &r->nl.groups;

	if (groups->len >= sizeof(nl.nl_groups))
		memcpy(&nl.nl_groups, groups->bytes, sizeof(nl.nl_groups));
	s->protocol = r->protocol;
	s->name = facts_keep(&f->names, &nl, sizeof(nl));
	s->groups = facts_keep(&f->names, groups->bytes, groups->len / 4 * 4);
	if (r->nl.dst_portid || r->nl.dst_group) {
		nl.nl_pid = r->nl.dst_portid;
		nl.nl_groups = r->nl.dst_group ? 1U << (r->nl.dst_group - 1) % 32 : 0;
		s->peer = facts_keep(&f->names, &nl, sizeof(nl));
	}
}

static void take_packet(struct facts *f, struct sock *s, const struct diag_sock *r)
{
	struct sockaddr_ll ll = {.sll_family = AF_PACKET};

	ll.sll_protocol = htons(r->packet.protocol);
	ll.sll_ifindex = (int)r->packet.ifindex;
	s->protocol = htons(r->packet.protocol);
	s->name = facts_keep(&f->names, &ll, sizeof(ll));
}

static void take_vsock(struct facts *f, struct sock *s, const struct diag_sock *r)
{
	struct sockaddr_vm vm = {.svm_family = AF_VSOCK};

	vm.svm_cid = r->vsock.local_cid;
	vm.svm_port = r->vsock.local_port;
	s->protocol = 0;
	s->name = facts_keep(&f->names, &vm, sizeof(vm));
	vm.svm_cid = r->vsock.remote_cid;
	vm.svm_port = r->vsock.remote_port;
	if (r->state == TCP_ESTABLISHED)
		s->peer = facts_keep(&f->names, &vm, sizeof(vm));
}

/* What the record does not say of the type the protocol does. */
static int type_of(const struct diag_sock *r)
{
	if (r->type)
		return r->type;
	switch (r->protocol) {
	case IPPROTO_TCP: return SOCK_STREAM;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE: return SOCK_DGRAM;
	default: return SOCK_RAW;
	}
}

static void take_memory(struct sock *s, const struct diag_sock *r)
{
	if (!(r->has & DIAG_MEM))
		return;
	s->sndbuf = (int)r->mem[SK_MEMINFO_SNDBUF];
	s->rcvbuf = (int)r->mem[SK_MEMINFO_RCVBUF];
	s->drops = r->mem[SK_MEMINFO_DROPS];
	s->on |= 1U << OPT_SNDBUF | 1U << OPT_RCVBUF;
	if (!(r->has & DIAG_QUEUES)) {
		s->recvq = r->mem[SK_MEMINFO_RMEM_ALLOC];
		s->sendq = r->mem[SK_MEMINFO_WMEM_ALLOC];
		s->has |= SOCK_HAS_QUEUES;
	}
}

enum sock_kind sock_record_kind(const struct diag_sock *r)
{
	return sock_kind_of(r->family, type_of(r), r->protocol);
}

void sock_record_base(struct facts *f, struct sock *s, const struct diag_sock *r)
{
	s->family = r->family;
	s->type = type_of(r);
	s->kind = (uint8_t)sock_record_kind(r);
	switch (r->family) {
	case AF_INET:
	case AF_INET6: take_inet(f, s, r); break;
	case AF_UNIX: take_unix(f, s, r); break;
	case AF_NETLINK: take_netlink(f, s, r); break;
	case AF_PACKET: take_packet(f, s, r); break;
	case AF_VSOCK: take_vsock(f, s, r); break;
	default: s->protocol = -1;
	}
	s->cookie = r->cookie;
	take_memory(s, r);
	if (r->state == TCP_LISTEN)
		s->on |= 1U << OPT_ACCEPTCONN;
}

int sock_record_take(struct facts *f, struct sock *s, const struct diag_sock *r)
{
	sock_record_base(f, s, r);
	if (r->family == AF_INET || r->family == AF_INET6 || r->family == AF_UNIX) {
		s->state = r->state;
		s->has |= SOCK_HAS_STATE;
	}
	return sock_record_add(f, s, r);
}
