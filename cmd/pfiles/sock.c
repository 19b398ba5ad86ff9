/* SPDX-License-Identifier: MIT */
/*
 * Each socket has a slot: the memory behind the arguments of its calls. First come the calls that every
 * socket gets, then those of its kind (which options there are, and more), at last one that asks for the
 * inode again: if it is still the one of the first look, all answers in between are of the same socket.
 * Where the kind was not known beforehand, or guessed wrongly, the calls of the kind are a second batch,
 * which ends with the inode as well.
 */
#include "sock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "base/err.h"
#include "sock_options.h"
#include "sock_slot.h"
#include "sock_tcp.h"

/* Of more sockets than this in one process only the options that are set often are asked for. */
#define ALL_OPTIONS 256

struct calls {
	struct call *call;
	size_t cap;
};

struct sock_asker {
	size_t most;
	bool plain;
	size_t asked; /* sockets so far */
	struct slot *slot;
	struct calls first, again;
	struct call *cred;   /* for a way of its own, */
	struct call **whose; /* and whose answers these are */
	struct option_defaults defaults;
};

struct sock_asker *sock_asker_new(size_t most, bool plain)
{
	struct sock_asker *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->most = most;
	a->plain = plain;
	a->slot = calloc(most, sizeof(*a->slot));
	a->cred = calloc(most, sizeof(*a->cred));
	a->whose = calloc(most, sizeof(*a->whose));
	if (!a->slot || !a->cred || !a->whose) {
		sock_asker_free(a);
		return NULL;
	}
	return a;
}

void sock_asker_free(struct sock_asker *a)
{
	if (!a)
		return;
	free(a->slot);
	free(a->first.call);
	free(a->again.call);
	free(a->cred);
	free(a->whose);
	free(a);
}

uint8_t sock_guess_kind(const struct fd_view *v, int fd)
{
	char path[48], name[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%d", v->fd_dir, fd);
	n = getxattr(path, "system.sockprotoname", name, sizeof(name) - 1);
	if (n <= 0)
		return KIND_UNKNOWN;
	name[n] = '\0';
	return (uint8_t)sock_kind_by_name(name);
}

/* ---- questions ---- */

static bool have_room(struct calls *c, size_t slots)
{
	size_t most = slots * SLOT_CALLS;

	if (most <= c->cap)
		return true;
	free(c->call);
	c->call = malloc(most * sizeof(*c->call));
	c->cap = c->call ? most : 0;
	return c->call;
}

struct call *sock_calls(
	struct sock_asker *a, struct desc **list, const uint8_t *kind, size_t n, size_t *ncalls)
{
	struct call *c;

	if (!have_room(&a->first, n))
		return NULL;
	c = a->first.call;
	for (size_t i = 0; i < n; i++) {
		struct slot *s = &a->slot[i];

		s->fd = list[i]->fd;
		s->kind = kind ? kind[i] : KIND_UNKNOWN;
		s->few = ++a->asked > ALL_OPTIONS;
		s->plain = a->plain;
		c = slot_lay(s, c, true);
	}
	*ncalls = (size_t)(c - a->first.call);
	return a->first.call;
}

/* ---- answers that every socket gives ---- */

static int number_of(const struct slot *s, int which)
{
	return slot_base(s, which)->ret == 0 ? s->value[which].number : -1;
}

static void take_flags(struct sock *k, const struct slot *s)
{
	for (int i = 0; i < OPT_COUNT; i++) {
		if (i != OPT_SNDBUF && i != OPT_RCVBUF && number_of(s, i) > 0)
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

static int take_netns(struct facts *f, struct sock *k, const struct slot *s)
{
	uint64_t cookie = s->value[CALL_NETNS].wide;
	size_t i = f->nnetns;

	if (slot_base(s, CALL_NETNS)->ret != 0)
		return 0;
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

/* Whether the answers are of the socket that was meant; else sets why not. */
static bool is_proved(struct desc *d, const struct slot *s)
{
	if (s->last->ret < 0 && s->last->ret != -EBADF)
		d->err_sock = (int)s->last->ret;
	else if (s->last->ret < 0 || !same_inode(d, s))
		d->state = DESC_CHANGED;
	else
		return true;
	return false;
}

static int take_base(struct facts *f, struct desc *d, const struct slot *s)
{
	struct sock *k;

	if (!is_proved(d, s))
		return 0;
	if (slot_base(s, CALL_TYPE)->ret == -ENOTSOCK) {
		d->state = DESC_CHANGED;
		return 0;
	}
	k = facts_add_sock(f);
	if (!k)
		return -ENOMEM;
	d->sock = (uint32_t)f->nsock;
	k->type = number_of(s, CALL_TYPE);
	k->protocol = number_of(s, CALL_PROTOCOL);
	take_names(f, k, s);
	k->kind = (uint8_t)sock_kind_of(k->family, k->type, k->protocol);
	take_flags(k, s);
	take_memory(k, s);
	if (s->plain) {
		k->protocol = -1;
		k->has = 0;
		k->drops = 0;
		return 0;
	}
	take_state(k);
	if (slot_base(s, CALL_COOKIE)->ret == 0)
		k->cookie = s->value[CALL_COOKIE].wide;
	return take_netns(f, k, s);
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

static int take_kind(struct sock_asker *a, struct facts *f, struct sock *k, const struct slot *s)
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
	return sock_options_take(f, k, &answers, &a->defaults);
}

/* ---- the whole ---- */

static bool is_sock(const struct desc *d)
{
	return d->state == DESC_OK && !d->err_stat && S_ISSOCK(d->mode);
}

/* The calls of those whose kind was not known, or taken for another; where they end. */
static struct call *lay_again(
	struct sock_asker *a, const struct facts *f, struct desc **list, size_t n)
{
	struct call *c = a->again.call;

	for (size_t i = 0; i < n; i++) {
		struct slot *s = &a->slot[i];
		enum sock_kind kind = list[i]->sock ? f->sock[list[i]->sock - 1].kind : s->kind;

		if (s->kind == kind || (s->plain && kind != KIND_UNIX))
			continue;
		s->kind = kind;
		c = slot_lay(s, c, false);
	}
	return c;
}

/* What way_batch() says; a way that is lost by now leaves the answers unknown, which is no failure. */
static int ask_again(
	struct sock_asker *a, struct way *w, struct facts *f, struct desc **list, size_t n)
{
	size_t calls;
	int err;

	if (!have_room(&a->again, n))
		return -ENOMEM;
	calls = (size_t)(lay_again(a, f, list, n) - a->again.call);
	if (calls == 0)
		return 0;
	err = way_batch(w, a->again.call, calls);
	for (size_t i = 0; i < n; i++) {
		if (a->slot[i].base)
			continue;
		if (err == ERR_NOTSUP)
			f->sock[list[i]->sock - 1].err_options = err;
		else if (!err)
			(void)is_proved(list[i], &a->slot[i]);
	}
	return err == ERR_NOTSUP ? 0 : err;
}

/* Asks for the peers by the way of their own; the answers take the place of the others. */
static void ask_peers_apart(struct sock_asker *a, struct way *second, size_t n)
{
	size_t k = 0;
	int err;

	for (size_t i = 0; i < n; i++) {
		struct call *c = slot_extra(&a->slot[i], EXTRA_CRED);

		if (!c)
			continue;
		a->slot[i].extra_len[EXTRA_CRED] = sizeof(a->slot[i].cred);
		a->whose[k] = c;
		a->cred[k++] = *c;
	}
	err = k ? way_batch(second, a->cred, k) : 0;
	for (size_t i = 0; i < k; i++)
		a->whose[i]->ret = err ? err : a->cred[i].ret;
}

/* The name of the interface that a packet socket listens to, as its own namespace calls it. */
struct device_slot {
	struct ifreq request;
	struct statx inode;
};

static int ask_device(struct way *w, struct facts *f, struct desc *d)
{
	struct sock *k = &f->sock[d->sock - 1];
	struct sockaddr_ll ll = {0};
	struct device_slot s = {0};
	struct call c[2] = {
		{.nr = SYS_ioctl,
			.arg = {ARG_VAL(d->fd), ARG_VAL(SIOCGIFNAME),
				ARG_INOUT(&s.request, sizeof(s.request))}},
		slot_inode_call(&s.inode),
	};
	int err;

	memcpy(&ll, f->names.data + k->name.at,
		k->name.len < sizeof(ll) ? k->name.len : sizeof(ll));
	if (ll.sll_ifindex == 0)
		return 0;
	s.request.ifr_ifindex = ll.sll_ifindex;
	c[1].arg[0] = ARG_VAL(d->fd);
	err = way_batch(w, c, 2);
	if (!err && c[0].ret == 0 && c[1].ret == 0 && s.inode.stx_ino == d->ino)
		k->device = facts_keep(&f->names, s.request.ifr_name,
			strnlen(s.request.ifr_name, sizeof(s.request.ifr_name)));
	return err == ERR_NOTSUP ? 0 : err;
}

static int take_all(
	struct sock_asker *a, struct way *w, struct facts *f, struct desc **list, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		struct desc *d = list[i];
		struct sock *k = d->sock ? &f->sock[d->sock - 1] : NULL;

		if (!k || d->state != DESC_OK || k->err_options)
			continue;
		err = take_kind(a, f, k, &a->slot[i]);
		if (!err && k->kind == KIND_PACKET && k->name.len)
			err = ask_device(w, f, d);
	}
	return err;
}

/* A family whose sockets have no names (AF_XDP, AF_ALG) still says which one it is. */
static int ask_family(struct way *w, struct desc *d, struct sock *k)
{
	int family = -1;
	socklen_t len = sizeof(family);
	struct call c = {
		.nr = SYS_getsockopt,
		.arg = {ARG_VAL(d->fd), ARG_VAL(SOL_SOCKET), ARG_VAL(SO_DOMAIN),
			ARG_OUT(&family, sizeof(family)), ARG_INOUT(&len, sizeof(len))},
	};
	int err = way_batch(w, &c, 1);

	if (err || c.ret != 0)
		return err == ERR_NOTSUP ? 0 : err;
	k->family = family;
	k->kind = (uint8_t)sock_kind_of(k->family, k->type, k->protocol);
	return 0;
}

int sock_take(struct sock_asker *a, struct way *w, struct way *second, struct facts *f,
	struct desc **list, size_t n)
{
	bool borrows = second && way_kind(second) == WAY_BORROW;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		if (is_sock(list[i]))
			err = take_base(f, list[i], &a->slot[i]);
		if (!err && list[i]->sock && f->sock[list[i]->sock - 1].family < 0)
			err = ask_family(w, list[i], &f->sock[list[i]->sock - 1]);
	}
	if (!err)
		err = ask_again(a, borrows ? second : w, f, list, n);
	if (!err && second && !borrows)
		ask_peers_apart(a, second, n);
	return err ? err : take_all(a, w, f, list, n);
}

int sock_ask(struct sock_asker *a, struct way *w, struct way *second, struct facts *f,
	struct desc **list, size_t n)
{
	size_t ncalls;
	struct call *calls = sock_calls(a, list, NULL, n, &ncalls);
	int err = calls ? way_batch(w, calls, ncalls) : -ENOMEM;

	return err ? err : sock_take(a, w, second, f, list, n);
}
