/* SPDX-License-Identifier: MIT */
/*
 * Records of sock_diag(7): a structure of the family, then attributes (linux/netlink.h), each with a
 * length and a number. An attribute that is shorter than its structure is passed over, one that is
 * longer belongs to a newer kernel: its beginning is what we know.
 */
#include <endian.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <linux/xdp_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "proc/diag.h"

struct attr {
	unsigned type;
	const unsigned char *bytes;
	size_t len;
};

/* A position in the message. */
struct rest {
	const unsigned char *at;
	size_t len;
};

static bool next_attr(struct rest *r, struct attr *out)
{
	struct nlattr head;
	size_t step;

	if (r->len < sizeof(head))
		return false;
	memcpy(&head, r->at, sizeof(head));
	if (head.nla_len < sizeof(head) || head.nla_len > r->len)
		return false;
	out->type = head.nla_type & NLA_TYPE_MASK;
	out->bytes = r->at + sizeof(head);
	out->len = head.nla_len - sizeof(head);
	step = NLA_ALIGN((size_t)head.nla_len);
	if (step > r->len)
		step = r->len;
	r->at += step;
	r->len -= step;
	return true;
}

/* The structure at the beginning; false if there is less. */
static bool take(struct rest *r, void *out, size_t size)
{
	if (r->len < size)
		return false;
	memcpy(out, r->at, size);
	size = NLA_ALIGN(size);
	if (size > r->len)
		size = r->len;
	r->at += size;
	r->len -= size;
	return true;
}

static bool copy(const struct attr *a, void *out, size_t size)
{
	if (a->len < size)
		return false;
	memcpy(out, a->bytes, size);
	return true;
}

static struct diag_bytes bytes_of(const struct attr *a)
{
	return (struct diag_bytes){a->bytes, a->len};
}

/* Text up to its NUL, which need not be there. */
static struct diag_bytes text_of(const struct attr *a)
{
	return (struct diag_bytes){a->bytes, strnlen((const char *)a->bytes, a->len)};
}

static void set(struct diag_sock *s, bool held, uint32_t fact)
{
	if (held)
		s->has |= fact;
}

/* Memory is told as SK_MEMINFO_ words, by newer kernels more of them. */
static void take_mem(struct diag_sock *s, const struct attr *a)
{
	size_t n = a->len < sizeof(s->mem) ? a->len : sizeof(s->mem);

	memcpy(s->mem, a->bytes, n & ~(size_t)3);
	set(s, n >= 4, DIAG_MEM);
}

static uint64_t cookie_of(const uint32_t half[2])
{
	return half[0] | (uint64_t)half[1] << 32;
}

static void take_ulp(struct diag_inet *in, const struct attr *nest)
{
	struct rest r = {nest->bytes, nest->len};
	struct attr a;

	while (next_attr(&r, &a)) {
		if (a.type == INET_ULP_INFO_NAME)
			in->ulp = text_of(&a);
	}
}

static void inet_attr(struct diag_sock *s, const struct attr *a)
{
	struct diag_inet *in = &s->inet;

	switch (a->type) {
	case INET_DIAG_SKMEMINFO: take_mem(s, a); break;
	case INET_DIAG_SHUTDOWN: set(s, copy(a, &s->shutdown, 1), DIAG_SHUTDOWN); break;
	case INET_DIAG_TOS: set(s, copy(a, &in->tos, 1), DIAG_TOS); break;
	case INET_DIAG_TCLASS: set(s, copy(a, &in->tclass, 1), DIAG_TCLASS); break;
	case INET_DIAG_SKV6ONLY: set(s, copy(a, &in->v6only, 1), DIAG_V6ONLY); break;
	case INET_DIAG_MARK: set(s, copy(a, &in->mark, 4), DIAG_MARK); break;
	case INET_DIAG_CLASS_ID: set(s, copy(a, &in->class_id, 4), DIAG_CLASS_ID); break;
	case INET_DIAG_CGROUP_ID: set(s, copy(a, &in->cgroup, 8), DIAG_CGROUP); break;
	case INET_DIAG_SOCKOPT: set(s, copy(a, &in->sockopt, 2), DIAG_SOCKOPT); break;
	case INET_DIAG_PROTOCOL: s->protocol = a->len ? a->bytes[0] : 0; break;
	case INET_DIAG_CONG: in->cong = text_of(a); break;
	case INET_DIAG_INFO: in->tcp_info = bytes_of(a); break;
	case INET_DIAG_VEGASINFO: in->vegas = bytes_of(a); break;
	case INET_DIAG_DCTCPINFO: in->dctcp = bytes_of(a); break;
	case INET_DIAG_BBRINFO: in->bbr = bytes_of(a); break;
	case INET_DIAG_ULP_INFO: take_ulp(in, a); break;
	default: break;
	}
}

static void take_end(struct diag_end *e, const __be32 addr[4], __be16 port)
{
	memcpy(e->addr, addr, sizeof(e->addr));
	e->port = be16toh(port);
}

static int parse_inet(struct rest *r, struct diag_sock *s)
{
	struct inet_diag_msg m;
	struct attr a;

	if (!take(r, &m, sizeof(m)))
		return ERR_FORMAT;
	s->state = m.idiag_state;
	s->ino = m.idiag_inode;
	s->uid = m.idiag_uid;
	s->cookie = cookie_of(m.id.idiag_cookie);
	s->rqueue = m.idiag_rqueue;
	s->wqueue = m.idiag_wqueue;
	s->has |= DIAG_QUEUES | DIAG_UID;
	take_end(&s->inet.local, m.id.idiag_src, m.id.idiag_sport);
	take_end(&s->inet.remote, m.id.idiag_dst, m.id.idiag_dport);
	s->inet.ifindex = m.id.idiag_if;
	s->inet.timer = m.idiag_timer;
	s->inet.retrans = m.idiag_retrans;
	s->inet.expires = m.idiag_expires;
	while (next_attr(r, &a))
		inet_attr(s, &a);
	return 0;
}

static void unix_attr(struct diag_sock *s, const struct attr *a)
{
	struct unix_diag_vfs vfs;
	struct unix_diag_rqlen queues;

	switch (a->type) {
	case UNIX_DIAG_NAME: s->un.name = bytes_of(a); break;
	case UNIX_DIAG_ICONS: s->un.icons = (struct diag_bytes){a->bytes, a->len / 4 * 4}; break;
	case UNIX_DIAG_PEER: set(s, copy(a, &s->un.peer, 4), DIAG_PEER); break;
	case UNIX_DIAG_MEMINFO: take_mem(s, a); break;
	case UNIX_DIAG_SHUTDOWN: set(s, copy(a, &s->shutdown, 1), DIAG_SHUTDOWN); break;
	case UNIX_DIAG_UID: set(s, copy(a, &s->uid, 4), DIAG_UID); break;
	case UNIX_DIAG_VFS:
		if (!copy(a, &vfs, sizeof(vfs)))
			break;
		s->un.vfs_ino = vfs.udiag_vfs_ino;
		s->un.vfs_dev = vfs.udiag_vfs_dev;
		s->has |= DIAG_VFS;
		break;
	case UNIX_DIAG_RQLEN:
		if (!copy(a, &queues, sizeof(queues)))
			break;
		s->rqueue = queues.udiag_rqueue;
		s->wqueue = queues.udiag_wqueue;
		s->has |= DIAG_QUEUES;
		break;
	default: break;
	}
}

static int parse_unix(struct rest *r, struct diag_sock *s)
{
	struct unix_diag_msg m;
	struct attr a;

	if (!take(r, &m, sizeof(m)))
		return ERR_FORMAT;
	s->type = m.udiag_type;
	s->state = m.udiag_state;
	s->ino = m.udiag_ino;
	s->cookie = cookie_of(m.udiag_cookie);
	while (next_attr(r, &a))
		unix_attr(s, &a);
	return 0;
}

static int parse_netlink(struct rest *r, struct diag_sock *s)
{
	struct netlink_diag_msg m;
	struct attr a;

	if (!take(r, &m, sizeof(m)))
		return ERR_FORMAT;
	s->type = m.ndiag_type;
	s->protocol = m.ndiag_protocol;
	s->state = m.ndiag_state;
	s->ino = m.ndiag_ino;
	s->cookie = cookie_of(m.ndiag_cookie);
	s->nl.portid = m.ndiag_portid;
	s->nl.dst_portid = m.ndiag_dst_portid;
	s->nl.dst_group = m.ndiag_dst_group;
	while (next_attr(r, &a)) {
		if (a.type == NETLINK_DIAG_MEMINFO)
			take_mem(s, &a);
		else if (a.type == NETLINK_DIAG_GROUPS)
			s->nl.groups = bytes_of(&a);
		else if (a.type == NETLINK_DIAG_FLAGS)
			(void)copy(&a, &s->nl.flags, sizeof(s->nl.flags));
	}
	return 0;
}

static void take_packet_info(struct diag_sock *s, const struct attr *a)
{
	struct packet_diag_info i;

	if (!copy(a, &i, sizeof(i)))
		return;
	s->packet.ifindex = i.pdi_index;
	s->packet.version = i.pdi_version;
	s->packet.reserve = i.pdi_reserve;
	s->packet.copy_thresh = i.pdi_copy_thresh;
	s->packet.tstamp = i.pdi_tstamp;
	s->packet.flags = i.pdi_flags;
	s->has |= DIAG_PACKET_INFO;
}

static void packet_attr(struct diag_sock *s, const struct attr *a)
{
	switch (a->type) {
	case PACKET_DIAG_INFO: take_packet_info(s, a); break;
	case PACKET_DIAG_MCLIST: s->packet.mclist = bytes_of(a); break;
	case PACKET_DIAG_RX_RING: s->packet.rx_ring = bytes_of(a); break;
	case PACKET_DIAG_TX_RING: s->packet.tx_ring = bytes_of(a); break;
	case PACKET_DIAG_FANOUT: set(s, copy(a, &s->packet.fanout, 4), DIAG_FANOUT); break;
	case PACKET_DIAG_UID: set(s, copy(a, &s->uid, 4), DIAG_UID); break;
	case PACKET_DIAG_MEMINFO: take_mem(s, a); break;
	case PACKET_DIAG_FILTER: s->packet.filter = bytes_of(a); break;
	default: break;
	}
}

static int parse_packet(struct rest *r, struct diag_sock *s)
{
	struct packet_diag_msg m;
	struct attr a;

	if (!take(r, &m, sizeof(m)))
		return ERR_FORMAT;
	s->type = m.pdiag_type;
	s->ino = m.pdiag_ino;
	s->cookie = cookie_of(m.pdiag_cookie);
	s->packet.protocol = m.pdiag_num;
	while (next_attr(r, &a))
		packet_attr(s, &a);
	return 0;
}

static int parse_vsock(struct rest *r, struct diag_sock *s)
{
	struct vsock_diag_msg m;

	if (!take(r, &m, sizeof(m)))
		return ERR_FORMAT;
	s->type = m.vdiag_type;
	s->state = m.vdiag_state;
	s->shutdown = m.vdiag_shutdown;
	s->has |= DIAG_SHUTDOWN;
	s->ino = m.vdiag_ino;
	s->cookie = cookie_of(m.vdiag_cookie);
	s->vsock = (struct diag_vsock){
		m.vdiag_src_cid,
		m.vdiag_src_port,
		m.vdiag_dst_cid,
		m.vdiag_dst_port,
	};
	return 0;
}

static void xdp_attr(struct diag_sock *s, const struct attr *a)
{
	struct xdp_diag_info info;
	struct xdp_diag_umem umem;

	if (a->type == XDP_DIAG_INFO && copy(a, &info, sizeof(info))) {
		s->xdp.ifindex = info.ifindex;
		s->xdp.queue = info.queue_id;
	} else if (a->type == XDP_DIAG_UMEM && copy(a, &umem, sizeof(umem))) {
		s->xdp.umem_id = umem.id;
		s->xdp.umem_flags = umem.flags;
	} else if (a->type == XDP_DIAG_UID) {
		set(s, copy(a, &s->uid, 4), DIAG_UID);
	} else if (a->type == XDP_DIAG_MEMINFO) {
		take_mem(s, a);
	}
}

static int parse_xdp(struct rest *r, struct diag_sock *s)
{
	struct xdp_diag_msg m;
	struct attr a;

	if (!take(r, &m, sizeof(m)))
		return ERR_FORMAT;
	s->type = m.xdiag_type;
	s->ino = m.xdiag_ino;
	s->cookie = cookie_of(m.xdiag_cookie);
	while (next_attr(r, &a))
		xdp_attr(s, &a);
	return 0;
}

int diag_parse(const void *payload, size_t len, struct diag_sock *out)
{
	struct rest r = {payload, len};

	memset(out, 0, sizeof(*out));
	out->raw = (struct diag_bytes){payload, len};
	if (len < 1)
		return ERR_FORMAT;
	out->family = r.at[0]; /* of every family the first byte */
	switch (out->family) {
	case AF_INET:
	case AF_INET6: return parse_inet(&r, out);
	case AF_UNIX: return parse_unix(&r, out);
	case AF_NETLINK: return parse_netlink(&r, out);
	case AF_PACKET: return parse_packet(&r, out);
	case AF_VSOCK: return parse_vsock(&r, out);
	case AF_XDP: return parse_xdp(&r, out);
	default: return ERR_FORMAT;
	}
}
