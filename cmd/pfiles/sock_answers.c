/* SPDX-License-Identifier: MIT */
#include "sock_answers.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "sock_options.h"
#include "sock_record.h"
#include "sock_tcp.h"

/* ---- answers that every socket gives ---- */

static int number_of(const struct slot *s, int which)
{
	return slot_base(s, which)->ret == 0 ? s->value[which].number : -1;
}

static void take_flags(struct sock *k, const struct slot *s)
{
	for (int i = 0; i < OPT_COUNT; i++) {
		if (slot_asks(s, i) && number_of(s, i) > 0)
			k->on |= 1U << i;
	}
	k->linger = s->value[OPT_LINGER].linger.l_linger;
}

static void take_memory(struct sock *k, const struct slot *s)
{
	if (slot_base(s, CALL_MEMINFO)->ret != 0)
		return;
	k->sndbuf = (int)s->meminfo[SK_MEMINFO_SNDBUF];
	k->rcvbuf = (int)s->meminfo[SK_MEMINFO_RCVBUF];
	k->drops = s->meminfo[SK_MEMINFO_DROPS];
	/* A buffer of size 0 is a fact as well. */
	k->on |= 1U << OPT_SNDBUF | 1U << OPT_RCVBUF;
	switch (k->kind) {
	case KIND_RAW4:
	case KIND_RAW6:
	case KIND_PING4:
	case KIND_PING6:
	case KIND_NETLINK:
	case KIND_PACKET:
		k->recvq = s->meminfo[SK_MEMINFO_RMEM_ALLOC];
		k->sendq = s->meminfo[SK_MEMINFO_WMEM_ALLOC];
		k->has |= SOCK_HAS_QUEUES;
		break;
	default: break; /* memory is not bytes: sock_diag(7) knows */
	}
}

static struct span keep_name(struct facts *f, const struct call *c, const char *addr, socklen_t len)
{
	if (c->ret != 0)
		return (struct span){0};
	return facts_keep(&f->names, addr, len < NAME_MAX_BYTES ? len : NAME_MAX_BYTES);
}

static int family_of(const struct call *c, const char *addr, socklen_t len)
{
	sa_family_t family;

	if (c->ret != 0 || len < sizeof(family))
		return -1;
	memcpy(&family, addr, sizeof(family));
	return family;
}

/* A netlink socket that was never connected speaks with the kernel, which is not a peer of its own.
 */
static bool is_kernel(const char *addr)
{
	struct sockaddr_nl nl;

	memcpy(&nl, addr, sizeof(nl));
	return nl.nl_family == AF_NETLINK && nl.nl_pid == 0 && nl.nl_groups == 0;
}

static void take_names(struct facts *f, struct sock *k, const struct slot *s)
{
	const struct call *name = slot_base(s, CALL_NAME), *peer = slot_base(s, CALL_PEER);

	k->family = family_of(name, s->name, s->len[CALL_NAME]);
	k->name = keep_name(f, name, s->name, s->len[CALL_NAME]);
	if (peer->ret == 0 && !is_kernel(s->peer))
		k->peer = keep_name(f, peer, s->peer, s->len[CALL_PEER]);
}

/* Of TCP the state is told by TCP_INFO; of others it is plain from what they have. */
static void take_state(struct sock *k)
{
	switch (k->kind) {
	case KIND_NETLINK:
	case KIND_PACKET:
	case KIND_XDP:
	case KIND_OTHER:
	case KIND_UNKNOWN: return;
	default: break;
	}
	k->state = k->on & 1U << OPT_ACCEPTCONN ? TCP_LISTEN
		: k->peer.len                   ? TCP_ESTABLISHED
						: TCP_CLOSE;
	k->has |= SOCK_HAS_STATE;
}

static int take_netns(struct facts *f, struct sock *k, uint64_t cookie)
{
	size_t i = f->nnetns;

	while (i > 0 && f->netns[i - 1].cookie != cookie)
		i--;
	if (i == 0 && f->nnetns < UINT16_MAX) {
		struct sock_netns *n = facts_add_netns(f);

		if (!n)
			return -ENOMEM;
		n->cookie = cookie;
		i = f->nnetns;
	}
	k->netns = (uint16_t)i;
	return 0;
}

static bool same_inode(const struct desc *d, const struct slot *s)
{
	return s->inode.stx_ino == d->ino && s->inode.stx_dev_major == d->dev_major &&
		s->inode.stx_dev_minor == d->dev_minor;
}

bool sock_answers_proved(struct desc *d, const struct slot *s)
{
	if (s->last->ret < 0 && s->last->ret != -EBADF)
		d->err_sock = (int)s->last->ret;
	else if (s->last->ret < 0 || !same_inode(d, s))
		d->state = DESC_CHANGED;
	else
		return true;
	return false;
}

/* What the record tells, and the name of the other end, which stands in that one's record. */
static void take_record(struct facts *f, struct sock *k, const struct slot *s)
{
	struct diag_sock peer;

	sock_record_base(f, k, &s->record);
	if (s->record.family == AF_UNIX && s->record.has & DIAG_PEER &&
		sock_early_find(s->early, s->record.un.peer, &peer))
		sock_record_peer(f, k, &peer);
	take_flags(k, s);
}

static void take_base(struct facts *f, struct sock *k, const struct slot *s)
{
	k->type = number_of(s, CALL_TYPE);
	k->protocol = number_of(s, CALL_PROTOCOL);
	take_names(f, k, s);
	k->kind = (uint8_t)sock_kind_of(k->family, k->type, k->protocol);
	take_flags(k, s);
	take_memory(k, s);
	if (slot_base(s, CALL_COOKIE)->ret == 0)
		k->cookie = s->value[CALL_COOKIE].wide;
}

int sock_answers_base(struct facts *f, struct desc *d, const struct slot *s)
{
	struct sock *k;

	if (!sock_answers_proved(d, s))
		return 0;
	if (slot_base(s, OPT_DEBUG)->ret == -ENOTSOCK) {
		d->state = DESC_CHANGED;
		return 0;
	}
	k = facts_add_sock(f);
	if (!k)
		return -ENOMEM;
	d->sock = (uint32_t)f->nsock;
	if (s->told)
		take_record(f, k, s);
	else
		take_base(f, k, s);
	if (s->plain) {
		k->protocol = -1;
		k->has = 0;
		k->drops = 0;
		k->cookie = 0;
		return 0;
	}
	take_state(k);
	if (s->told)
		return take_netns(f, k, sock_early_cookie(s->early));
	return slot_base(s, CALL_NETNS)->ret ? 0 : take_netns(f, k, s->value[CALL_NETNS].wide);
}

/* ---- answers of a kind ---- */

/* SO_PEERCRED of a listener is the listener itself. */
static void take_peer(struct facts *f, struct sock *k, const struct slot *s)
{
	const struct call *c = slot_extra(s, EXTRA_CRED), *groups = slot_extra(s, EXTRA_GROUPS);

	if (!c || k->on & 1U << OPT_ACCEPTCONN)
		return;
	if (c->ret < 0) {
		k->err_peer = (int)c->ret;
		return;
	}
	if (s->cred.pid > 0)
		k->peer_pid = s->cred.pid;
	if (s->cred.uid == (uid_t)-1 || s->plain)
		return;
	k->peer_uid = s->cred.uid;
	k->peer_gid = s->cred.gid;
	k->has |= SOCK_HAS_CRED;
	if (groups->ret == 0)
		k->peer_groups = facts_keep(&f->names, s->groups, s->extra_len[EXTRA_GROUPS]);
	k->more_groups = groups->ret == -ERANGE;
}

/* With or without a NUL at its end. */
static void take_label(struct facts *f, struct sock *k, const struct slot *s)
{
	const struct call *c = slot_extra(s, EXTRA_LABEL);
	uint32_t len = s->extra_len[EXTRA_LABEL];

	if (c && c->ret == 0)
		k->label = facts_keep(&f->names, s->label,
			strnlen(s->label, len < LABEL_MOST ? len : LABEL_MOST));
}

static int take_tcp(struct facts *f, struct sock *k, const struct slot *s)
{
	const struct call *c = slot_extra(s, EXTRA_TCP_INFO);

	if (!c || c->ret != 0)
		return 0;
	return sock_tcp_take(f, k, s->tcp_info, s->extra_len[EXTRA_TCP_INFO]);
}

static void take_memberships(struct facts *f, struct sock *k, const struct slot *s)
{
	const struct call *c = slot_extra(s, EXTRA_MEMBERSHIPS);
	uint32_t len = s->extra_len[EXTRA_MEMBERSHIPS];

	if (c && c->ret == 0)
		k->groups = facts_keep(
			&f->names, s->groups, len < sizeof(s->groups) ? len : sizeof(s->groups));
}

int sock_answers_kind(
	struct facts *f, struct sock *k, const struct slot *s, struct option_defaults *d)
{
	const struct option_answers answers = {s->kind, s->few, s->options, s->option};
	int err;

	if (s->plain) {
		take_peer(f, k, s);
		return 0;
	}
	err = take_tcp(f, k, s);
	if (err)
		return err;
	take_peer(f, k, s);
	take_memberships(f, k, s);
	take_label(f, k, s);
	return sock_options_take(f, k, &answers, d);
}
