/* SPDX-License-Identifier: MIT */
#include "proc/diag.h"

#include <endian.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <linux/xdp_diag.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/netns.h"

#define RECEIVE_BYTES 32768 /* the kernel fills no more than that with one piece of a dump */
#define AT_ONCE       32    /* questions in one message: their answers fit the socket's queue */
#define WAIT_SECONDS  2     /* answers are there when the question has been sent; only a guard */

#define EXT(name) (1 << ((name)-1))
#define INET_EXT                                                                                   \
	(EXT(INET_DIAG_MEMINFO) | EXT(INET_DIAG_INFO) | EXT(INET_DIAG_VEGASINFO) |                 \
		EXT(INET_DIAG_CONG) | EXT(INET_DIAG_TOS) | EXT(INET_DIAG_TCLASS) |                 \
		EXT(INET_DIAG_SKMEMINFO) | EXT(INET_DIAG_SHUTDOWN))
#define UNIX_SHOW                                                                                  \
	(UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS |                   \
		UDIAG_SHOW_RQLEN | UDIAG_SHOW_MEMINFO | UDIAG_SHOW_UID)
#define PACKET_SHOW                                                                                \
	(PACKET_SHOW_INFO | PACKET_SHOW_MCLIST | PACKET_SHOW_RING_CFG | PACKET_SHOW_FANOUT |       \
		PACKET_SHOW_MEMINFO | PACKET_SHOW_FILTER)

struct diag {
	int fd;
	uint64_t cookie;
	uint32_t seq;
	char answer[RECEIVE_BYTES] __attribute__((aligned(8)));
};

/* One question: the netlink header, the family's structure, sometimes one attribute. */
struct question {
	struct nlmsghdr head;
	union {
		struct inet_diag_req_v2 inet;
		struct unix_diag_req un;
		struct netlink_diag_req nl;
		struct packet_diag_req packet;
		struct vsock_diag_req vsock;
		struct xdp_diag_req xdp;
	};
	struct nlattr attr;
	uint32_t protocol;
};

int diag_open(int nsfd, struct diag **out)
{
	struct timeval wait = {WAIT_SECONDS, 0};
	struct diag *d;
	int fd = netns_socket(nsfd, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);

	if (fd < 0)
		return fd;
	d = malloc(sizeof(*d));
	if (!d || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0) {
		close(fd);
		free(d);
		return d ? -errno : -ENOMEM;
	}
	d->fd = fd;
	d->seq = 1;
	d->cookie = netns_cookie(fd);
	*out = d;
	return 0;
}

void diag_close(struct diag *d)
{
	if (!d)
		return;
	close(d->fd);
	free(d);
}

uint64_t diag_cookie(const struct diag *d)
{
	return d->cookie;
}

/* ---- questions ---- */

static void set_head(struct question *q, size_t len, uint32_t seq, unsigned flags)
{
	q->head = (struct nlmsghdr){
		.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + len),
		.nlmsg_type = SOCK_DIAG_BY_FAMILY,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		.nlmsg_seq = seq,
	};
}

/* A protocol that needs more than a byte (MPTCP) stands in an attribute. The length. */
static size_t set_inet(struct question *q, int family, int protocol)
{
	q->inet.sdiag_family = (uint8_t)family;
	q->inet.sdiag_protocol = protocol > 255 ? IPPROTO_RAW : (uint8_t)protocol;
	q->inet.idiag_ext = INET_EXT;
	q->inet.idiag_states = ~0U;
	q->inet.id.idiag_cookie[0] = q->inet.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	if (protocol <= 255)
		return sizeof(q->inet);
	q->attr = (struct nlattr){
		.nla_len = sizeof(q->attr) + sizeof(q->protocol),
		.nla_type = INET_DIAG_REQ_PROTOCOL,
	};
	q->protocol = (uint32_t)protocol;
	return offsetof(struct question, protocol) + sizeof(q->protocol) -
		offsetof(struct question, inet);
}

static size_t set_unix(struct question *q)
{
	q->un.sdiag_family = AF_UNIX;
	q->un.udiag_states = ~0U;
	q->un.udiag_show = UNIX_SHOW;
	q->un.udiag_cookie[0] = q->un.udiag_cookie[1] = ~0U;
	return sizeof(q->un);
}

/* 0: no such family. */
static size_t set_dump(struct question *q, int family, int protocol)
{
	switch (family) {
	case AF_INET:
	case AF_INET6: return set_inet(q, family, protocol);
	case AF_UNIX: return set_unix(q);
	case AF_NETLINK:
		q->nl.sdiag_family = AF_NETLINK;
		q->nl.sdiag_protocol = (uint8_t)protocol;
		q->nl.ndiag_show = NDIAG_SHOW_MEMINFO | NDIAG_SHOW_GROUPS | NDIAG_SHOW_FLAGS;
		return sizeof(q->nl);
	case AF_PACKET:
		q->packet.sdiag_family = AF_PACKET;
		q->packet.pdiag_show = PACKET_SHOW;
		return sizeof(q->packet);
	case AF_VSOCK:
		q->vsock.sdiag_family = AF_VSOCK;
		q->vsock.vdiag_states = ~0U;
		return sizeof(q->vsock);
	case AF_XDP:
		q->xdp.sdiag_family = AF_XDP;
		q->xdp.xdiag_show = XDP_SHOW_INFO | XDP_SHOW_UMEM | XDP_SHOW_MEMINFO;
		return sizeof(q->xdp);
	default: return 0;
	}
}

static void put_end(__be32 addr[4], __be16 *port, const struct diag_end *e)
{
	memcpy(addr, e->addr, sizeof(e->addr));
	*port = htobe16(e->port);
}

/*
 * The kernel looks for a TCP socket from its own side; for one of UDP from that of a packet which
 * arrives, so that there the remote end is the source (net/ipv4/udp_diag.c).
 */
static size_t set_one(struct question *q, const struct diag_ask *a)
{
	struct inet_diag_sockid *id = &q->inet.id;
	bool turned = a->protocol != IPPROTO_TCP;

	if (a->family == AF_UNIX) {
		size_t len = set_unix(q);

		q->un.udiag_ino = a->ino;
		return len;
	}
	set_inet(q, a->family, a->protocol);
	put_end(id->idiag_src, &id->idiag_sport, turned ? &a->remote : &a->local);
	put_end(id->idiag_dst, &id->idiag_dport, turned ? &a->local : &a->remote);
	id->idiag_if = a->ifindex;
	return sizeof(q->inet);
}

static int send_bytes(struct diag *d, const void *bytes, size_t len)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t n;

	do
		n = sendto(d->fd, bytes, len, 0, (const struct sockaddr *)&kernel, sizeof(kernel));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* ---- answers ---- */

/* How many bytes came, of the kernel; -EAGAIN: nothing did. */
static ssize_t receive(struct diag *d)
{
	struct sockaddr_nl from;
	socklen_t len;
	ssize_t n;

	do {
		len = sizeof(from);
		n = recvfrom(
			d->fd, d->answer, sizeof(d->answer), 0, (struct sockaddr *)&from, &len);
	} while ((n < 0 && errno == EINTR) || (n >= 0 && len == sizeof(from) && from.nl_pid != 0));
	return n < 0 ? -errno : n;
}

/* The message at *at, whole inside of the n bytes; moves on. */
static const struct nlmsghdr *next_message(const struct diag *d, size_t n, size_t *at)
{
	const struct nlmsghdr *h = (const void *)(d->answer + *at);

	if (*at > n || n - *at < sizeof(*h) || h->nlmsg_len < sizeof(*h) || h->nlmsg_len > n - *at)
		return NULL;
	*at += NLMSG_ALIGN((size_t)h->nlmsg_len);
	return h;
}

static int error_of(const struct nlmsghdr *h)
{
	int err;

	if (h->nlmsg_len < NLMSG_HDRLEN + sizeof(err))
		return ERR_FORMAT;
	memcpy(&err, NLMSG_DATA(h), sizeof(err));
	return err > 0 || err < -4095 ? ERR_FORMAT : err;
}

static int parse_message(const struct nlmsghdr *h, struct diag_sock *s)
{
	return diag_parse(NLMSG_DATA(h), h->nlmsg_len - NLMSG_HDRLEN, s);
}

struct dump {
	uint16_t protocol;
	diag_each *each;
	void *arg;
	bool end, interrupted;
	int err; /* what each() said, or was found wrong: the rest is only received */
};

static void take_piece(struct diag *d, size_t n, struct dump *u)
{
	const struct nlmsghdr *h;
	size_t at = 0;

	while (!u->end && (h = next_message(d, n, &at)) != NULL) {
		struct diag_sock s;

		if (h->nlmsg_seq != d->seq)
			continue;
		if (h->nlmsg_flags & NLM_F_DUMP_INTR)
			u->interrupted = true;
		u->end = h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR;
		if (u->err)
			continue;
		u->err = u->end ? error_of(h) : parse_message(h, &s);
		if (u->end || u->err)
			continue;
		if (!s.protocol && (s.family == AF_INET || s.family == AF_INET6))
			s.protocol = u->protocol;
		u->err = u->each(&s, u->arg);
	}
}

int diag_dump(struct diag *d, int family, int protocol, diag_each *each, void *arg)
{
	struct dump u = {.protocol = (uint16_t)protocol, .each = each, .arg = arg};
	struct question q = {0};
	size_t len = set_dump(&q, family, protocol);
	int err;

	if (!len)
		return -EINVAL;
	set_head(&q, len, ++d->seq, NLM_F_DUMP);
	err = send_bytes(d, &q, NLMSG_HDRLEN + len);
	while (!err && !u.end) {
		ssize_t n = receive(d);

		if (n < 0)
			err = (int)n;
		else if (n < NLMSG_HDRLEN)
			err = ERR_FORMAT;
		else
			take_piece(d, (size_t)n, &u);
	}
	if (!err)
		err = u.err;
	return err ? err : u.interrupted ? -EAGAIN : 0;
}

/* Sends at most AT_ONCE questions, numbered from d->seq + 1 on. */
static int send_questions(struct diag *d, const struct diag_ask *ask, size_t n)
{
	char bytes[AT_ONCE * NLMSG_ALIGN(sizeof(struct question))];
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		struct question q = {0};
		size_t len = set_one(&q, &ask[i]);

		set_head(&q, len, d->seq + 1 + (uint32_t)i, 0);
		memcpy(bytes + at, &q, q.head.nlmsg_len);
		at += NLMSG_ALIGN(q.head.nlmsg_len);
	}
	return send_bytes(d, bytes, at);
}

/* Not there, or another one in the kernel's eyes (ESTALE): an answer like another. */
static bool is_miss(int err)
{
	return err == -ENOENT || err == -ESTALE || err == 0;
}

struct asking {
	const struct diag_ask *ask;
	size_t n, base; /* base: number of the first one */
	diag_answer *answer;
	void *arg;
	size_t left; /* that have not been answered; each is, with a record or an error */
};

static int take_answer(struct diag *d, struct asking *a, const struct nlmsghdr *h)
{
	uint32_t which = h->nlmsg_seq - d->seq - 1;
	struct diag_sock s;
	int err;

	if (which >= a->n)
		return 0;
	a->left -= a->left > 0;
	if (h->nlmsg_type == NLMSG_ERROR) {
		err = error_of(h);
		return is_miss(err) ? 0 : err;
	}
	err = parse_message(h, &s);
	if (err)
		return err;
	s.protocol = a->ask[which].protocol;
	return a->answer(a->base + which, &s, a->arg);
}

static int take_answers(struct diag *d, struct asking *a)
{
	int err = 0;

	for (a->left = a->n; a->left && !err;) {
		const struct nlmsghdr *h;
		ssize_t got = receive(d);
		size_t at = 0;

		if (got < NLMSG_HDRLEN)
			return got < 0 ? (int)got : ERR_FORMAT;
		while (!err && (h = next_message(d, (size_t)got, &at)) != NULL)
			err = take_answer(d, a, h);
	}
	return err;
}

int diag_ask(struct diag *d, const struct diag_ask *ask, size_t n, diag_answer *answer, void *arg)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i += AT_ONCE) {
		size_t k = n - i < AT_ONCE ? n - i : AT_ONCE;
		struct asking a = {&ask[i], k, i, answer, arg, 0};

		err = send_questions(d, ask + i, k);
		if (!err)
			err = take_answers(d, &a);
		d->seq += AT_ONCE;
	}
	return err;
}
