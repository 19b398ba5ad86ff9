/* SPDX-License-Identifier: MIT */
/*
 * For each network namespace the sockets are sorted by the table that has them. A table is read as a whole
 * (dump) where there are so many sockets that asking for each would take longer, or where the kernel
 * answers no questions; else each socket is a question, with many of them in one message. A record is of
 * the socket whose inode it has: nothing else is believed. The other end of a TCP connection on this
 * machine is the socket that has the two addresses the other way round; of UDP, the one that the kernel would
 * give a packet to.
 */
#include "sock_search.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sock_kind.h"
#include "sock_pair.h"
#include "sock_record.h"
#include "sock_search_ask.h"
#include "sock_search_take.h"

#define UNIX_ASK 256 /* the kernel goes through the whole table for each question about these */

/* ---- tables ---- */

/* A table that the kernel does not have is no failure; one that changed all the time had most. */
static int dump(struct search *s, int family, int protocol)
{
	int err = diag_dump(s->d, family, protocol, search_take_any, s);

	return err == -ENOMEM ? err : 0;
}

/* From a table that was read before; none: no record. */
static int read_early(struct search *s, int family, int protocol)
{
	return sock_early_has(s->early, family, protocol)
		? sock_early_each(s->early, family, protocol, search_take_any, s)
		: 0;
}

static int dump_inet(struct search *s, int protocol)
{
	int err = dump(s, AF_INET, protocol);

	return err ? err : dump(s, AF_INET6, protocol);
}

static int ask(struct search *s)
{
	int err = s->asks ? diag_ask(s->d, s->ask, s->asks, search_take_answer, s) : 0;

	s->asks = 0;
	return err == -ENOMEM ? err : 0;
}

bool search_is_listed(const struct sock *k, const struct item *it)
{
	if (k->kind == KIND_UNIX || k->kind == KIND_XDP)
		return true;
	if (sock_kind_is_tcp(k->kind))
		return it->ends && k->state != TCP_CLOSE && !(k->has & SOCK_HAS_BACKLOG);
	return sock_kind_is_udp(k->kind) && it->ends;
}

/* Those of one kind that are wanted and not found yet. */
static size_t count_missing(const struct search *s, bool (*is)(enum sock_kind))
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct sock *k = search_sock(s, &s->item[i]);

		n += !s->item[i].found && is(k->kind) && search_is_listed(k, &s->item[i]);
	}
	return n;
}

static bool is_unix(enum sock_kind k)
{
	return k == KIND_UNIX;
}

static int find_unix(struct search *s)
{
	int err = read_early(s, AF_UNIX, 0);
	size_t n = count_missing(s, is_unix);

	if (err)
		return err;
	if (n > UNIX_ASK)
		return dump(s, AF_UNIX, 0);
	for (size_t i = 0; i < s->n && n; i++) {
		struct diag_ask a = {.family = AF_UNIX, .ino = (uint32_t)s->item[i].d->ino};

		if (search_sock(s, &s->item[i])->kind == KIND_UNIX && !s->item[i].found)
			search_put(s, i, &a, false);
	}
	return ask(s);
}

static int dump_kind(struct search *s, bool (*is)(enum sock_kind))
{
	if (is == sock_kind_is_tcp)
		return dump_inet(s, IPPROTO_TCP);
	for (size_t i = 0; i < s->n; i++) {
		if (search_sock(s, &s->item[i])->protocol == IPPROTO_UDPLITE) {
			int err = dump_inet(s, IPPROTO_UDPLITE);

			if (err)
				return err;
			break;
		}
	}
	return dump_inet(s, IPPROTO_UDP);
}

static int read_early_inet(struct search *s, bool (*is)(enum sock_kind))
{
	int protocol = is == sock_kind_is_tcp ? IPPROTO_TCP : IPPROTO_UDP;
	int err = read_early(s, AF_INET, protocol);

	return err ? err : read_early(s, AF_INET6, protocol);
}

/*
 * Questions about those that are not found yet. Who of many would get a packet of UDP only the kernel
 * knows: of those that are, the other end.
 */
static void put_questions(struct search *s, bool (*is)(enum sock_kind))
{
	for (size_t i = 0; i < s->n; i++) {
		const struct item *it = &s->item[i];
		const struct sock *k = search_sock(s, it);

		if (is(k->kind) && search_is_listed(k, it) &&
			!(it->found && is == sock_kind_is_tcp))
			search_put_inet(s, i);
	}
}

/* Those that no question found (bound to a device, one of many on a port) are looked for in the dump. */
static int find_inet(struct search *s, bool (*is)(enum sock_kind))
{
	bool tcp = is == sock_kind_is_tcp;
	size_t n = count_missing(s, is);
	int err;

	if (n == 0)
		return 0;
	err = read_early_inet(s, is);
	n = err ? 0 : count_missing(s, is);
	if (err || (n == 0 && tcp))
		return err;
	if (n == 0 || !search_dump_is_faster(s->ours, tcp, n)) {
		put_questions(s, is);
		err = ask(s);
		if (err || count_missing(s, is) == 0)
			return err;
	}
	err = dump_kind(s, is);
	if (err || tcp)
		return err;
	put_questions(s, is);
	return ask(s);
}

static bool any_of(const struct search *s, enum sock_kind kind)
{
	for (size_t i = 0; i < s->n; i++)
		if (search_sock(s, &s->item[i])->kind == kind)
			return true;
	return false;
}

/* Sockets of which nothing is known but the inode: all tables, until the last one is found. */
static int find_whole(struct search *s)
{
	static const struct {
		int family, protocol;
	} tables[] = {
		{AF_UNIX, 0},
		/* Before TCP: a subflow has the inode of its MPTCP socket. */
		{AF_INET, IPPROTO_MPTCP},
		{AF_INET6, IPPROTO_MPTCP},
		{AF_INET, IPPROTO_TCP},
		{AF_INET6, IPPROTO_TCP},
		{AF_INET, IPPROTO_UDP},
		{AF_INET6, IPPROTO_UDP},
		{AF_NETLINK, 0xff},
		{AF_PACKET, 0},
		{AF_INET, IPPROTO_UDPLITE},
		{AF_INET6, IPPROTO_UDPLITE},
		{AF_INET, IPPROTO_RAW},
		{AF_INET6, IPPROTO_RAW},
		{AF_VSOCK, 0},
		{AF_XDP, 0},
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && !err; i++) {
		bool left = false;

		for (size_t k = 0; k < s->n; k++)
			left |= s->item[k].whole && !s->item[k].found;
		if (!left)
			break;
		err = dump(s, tables[i].family, tables[i].protocol);
	}
	return err;
}

/* The other ends of those TCP and UDP connections whose addresses have only come with their record. */
static int find_other_ends(struct search *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct item *it = &s->item[i];

		if (!it->whole || !it->found ||
			!(sock_kind_is_tcp(search_sock(s, it)->kind) ||
				sock_kind_is_udp(search_sock(s, it)->kind)))
			continue;
		pair_find(s->f, it);
		search_put_inet(s, i);
	}
	return ask(s);
}

/* The names of the other ends of those of the UNIX sockets that could not be asked for them. */
static int take_peer_name(size_t which, const struct diag_sock *r, void *arg)
{
	struct search *s = arg;
	struct sock *k = search_sock(s, &s->item[s->whose[which]]);

	if (r->ino == k->far_ino)
		sock_record_peer(s->f, k, r);
	return 0;
}

static void find_peer_names(struct search *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct sock *k = search_sock(s, &s->item[i]);
		struct diag_ask a = {.family = AF_UNIX, .ino = k->far_ino};

		if (s->item[i].whole && k->family == AF_UNIX && k->far_ino)
			search_put(s, i, &a, false);
	}
	if (s->asks)
		(void)!diag_ask(s->d, s->ask, s->asks, take_peer_name, s);
	s->asks = 0;
}

int search_all(struct search *s)
{
	int err = search_index(s);

	if (!err)
		err = find_whole(s);
	if (!err)
		err = find_other_ends(s);
	if (!err)
		err = find_unix(s);
	if (!err)
		err = find_inet(s, sock_kind_is_tcp);
	if (!err)
		err = find_inet(s, sock_kind_is_udp);
	if (!err && (any_of(s, KIND_MPTCP4) || any_of(s, KIND_MPTCP6)))
		err = dump_inet(s, IPPROTO_MPTCP);
	if (!err && any_of(s, KIND_PACKET))
		err = dump(s, AF_PACKET, 0);
	if (!err && any_of(s, KIND_XDP))
		err = dump(s, AF_XDP, 0);
	if (!err)
		find_peer_names(s);
	search_index_free(s);
	return err;
}
