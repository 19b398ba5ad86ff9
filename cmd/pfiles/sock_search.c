/* SPDX-License-Identifier: MIT */
/*
 * For each network namespace the sockets are sorted by the table that has them. A table is read as a whole
 * (dump) where there are so many sockets that asking for each would take longer, or where the kernel
 * answers no questions; else each socket is a question, with many of them in one message. A record is of
 * the socket whose inode it has: nothing else is believed. The other end of a TCP connection on this
 * machine is the socket that has the two addresses the other way round.
 */
#include "sock_search.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sock_kind.h"
#include "sock_options.h"
#include "sock_pair.h"
#include "sock_record.h"

#define UNIX_ASK 256 /* the kernel goes through the whole table for each question about these */
#define INET_ASK 512 /* where it is not known how many sockets there are */

#define OTHER_END 0x80000000U

static struct sock *sock_of(const struct search *s, const struct item *i)
{
	return &s->f->sock[i->sock];
}

/* ---- indexes ---- */

static size_t chain_of(const struct search *s, uint64_t hash)
{
	return hash >> 32 & (s->chains - 1);
}

static size_t chain_of_ino(const struct search *s, uint64_t ino)
{
	return chain_of(s, ino * 0x9e3779b97f4a7c15);
}

static int make_indexes(struct search *s)
{
	s->chains = 16;
	while (s->chains < s->n)
		s->chains *= 2;
	s->by_ino = calloc(s->chains, sizeof(*s->by_ino));
	s->by_ends = calloc(s->chains, sizeof(*s->by_ends));
	s->ask = calloc(s->n * 2, sizeof(*s->ask));
	s->whose = calloc(s->n * 2, sizeof(*s->whose));
	if (!s->by_ino || !s->by_ends || !s->ask || !s->whose)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++) {
		struct item *it = &s->item[i];
		uint32_t *first = &s->by_ino[chain_of_ino(s, it->d->ino)];

		it->next_ino = *first;
		*first = (uint32_t)i + 1;
		if (!it->ends)
			continue;
		first = &s->by_ends[chain_of(s, pair_hash(&it->local, &it->remote))];
		it->next_ends = *first;
		*first = (uint32_t)i + 1;
	}
	return 0;
}

static void free_indexes(struct search *s)
{
	free(s->by_ino);
	free(s->by_ends);
	free(s->ask);
	free(s->whose);
}

/* ---- records ---- */

static int take_record(struct search *s, struct item *it, const struct diag_sock *r)
{
	struct sock *k = sock_of(s, it);

	if (it->found)
		return 0; /* the same once more, of which there are kinds */
	it->found = true;
	if (it->whole && (r->family == AF_INET || r->family == AF_INET6))
		it->ifindex = r->inet.ifindex;
	if (it->whole)
		return sock_record_take(s->f, k, r);
	return sock_record_add(s->f, k, r);
}

static void set_far_end(struct sock *k, const struct diag_sock *r)
{
	k->far = FAR_OPEN;
	k->far_ino = r->ino;
}

static bool is_loopback(const struct item *it)
{
	static const uint8_t six[16] = {[15] = 1};

	return it->four ? it->remote.addr[0] == 127
			: memcmp(it->remote.addr, six, sizeof(six)) == 0;
}

static bool is_any(const struct diag_end *e)
{
	static const uint8_t any[16];

	return memcmp(e->addr, any, sizeof(any)) == 0;
}

/*
 * The kernel has named who would get what this socket of UDP sends, were its remote address here. It is, if
 * that one has the address, or has any and the address is this host's own for certain.
 */
static bool is_receiver(const struct item *it, const struct diag_sock *r)
{
	struct diag_end local = r->inet.local, remote = r->inet.remote;

	pair_unmap(&local);
	pair_unmap(&remote);
	if (local.port != it->remote.port || (remote.port && !pair_same(&remote, &it->local)))
		return false;
	if (is_any(&local))
		return is_loopback(it) ||
			memcmp(it->remote.addr, it->local.addr, sizeof(it->local.addr)) == 0;
	return pair_same(&local, &it->remote);
}

/* A record of a dump: of one of ours, or of the other end of some. */
static int take_any(const struct diag_sock *r, void *arg)
{
	struct search *s = arg;
	struct diag_end local, remote;
	uint32_t i;
	int err = 0;

	for (i = s->by_ino[chain_of_ino(s, r->ino)]; i && !err; i = s->item[i - 1].next_ino) {
		if (s->item[i - 1].d->ino == r->ino)
			err = take_record(s, &s->item[i - 1], r);
	}
	if (err || (r->protocol != IPPROTO_TCP && r->protocol != IPPROTO_MPTCP) ||
		(r->family != AF_INET && r->family != AF_INET6))
		return err;
	local = r->inet.local;
	remote = r->inet.remote;
	pair_unmap(&local);
	pair_unmap(&remote);
	for (i = s->by_ends[chain_of(s, pair_hash(&remote, &local))]; i;
		i = s->item[i - 1].next_ends) {
		struct item *it = &s->item[i - 1];

		if (sock_of(s, it)->protocol == r->protocol && pair_same(&it->local, &remote) &&
			pair_same(&it->remote, &local))
			set_far_end(sock_of(s, it), r);
	}
	return 0;
}

static int take_answer(size_t which, const struct diag_sock *r, void *arg)
{
	struct search *s = arg;
	struct item *it = &s->item[s->whose[which] & ~OTHER_END];

	if (s->whose[which] & OTHER_END) {
		if (sock_kind_is_tcp(sock_of(s, it)->kind) || (r->ino && is_receiver(it, r)))
			set_far_end(sock_of(s, it), r);
		return 0;
	}
	return r->ino == it->d->ino ? take_record(s, it, r) : 0;
}

/* ---- questions ---- */

static void put_question(struct search *s, size_t item, const struct diag_ask *a, bool other)
{
	s->whose[s->asks] = (uint32_t)item | (other ? OTHER_END : 0);
	s->ask[s->asks++] = *a;
}

static uint32_t scope_of(const struct facts *f, struct span name)
{
	struct sockaddr_in6 six;

	if (name.len < sizeof(six))
		return 0;
	memcpy(&six, f->names.data + name.at, sizeof(six));
	return six.sin6_family == AF_INET6 ? six.sin6_scope_id : 0;
}

/* The number of the device that it is bound to, which has to be in the question. */
static uint32_t device_of(const struct search *s, const struct sock *k)
{
	uint32_t scope = scope_of(s->f, k->name);

	for (unsigned i = 0; i < k->options && !scope && s->ours; i++) {
		const struct sock_option_value *v = &s->f->option[k->option_at + i];
		char name[IFNAMSIZ] = "";

		if (strcmp(sock_options_name(v), "SO_BINDTODEVICE") != 0 ||
			v->text.len >= sizeof(name))
			continue;
		memcpy(name, s->f->names.data + v->text.at, v->text.len);
		scope = if_nametoindex(name);
	}
	return scope;
}

/* About the other end: the same connection seen from there. */
static void put_other_question(struct search *s, size_t item, const struct diag_ask *own)
{
	struct diag_ask a = *own;

	a.local = own->remote;
	a.remote = own->local;
	put_question(s, item, &a, true);
}

static void put_inet_questions(struct search *s, size_t item)
{
	const struct item *it = &s->item[item];
	const struct sock *k = sock_of(s, it);
	struct diag_ask a = {.protocol = (uint16_t)k->protocol};

	a.family = it->four ? AF_INET : AF_INET6;
	a.local = it->local;
	a.remote = it->remote;
	a.ifindex = it->whole ? it->ifindex : device_of(s, k);
	if (!it->whole && !it->found)
		put_question(s, item, &a, false);
	if (it->remote.port && !(it->found && sock_kind_is_tcp(k->kind) && k->far == FAR_OPEN))
		put_other_question(s, item, &a);
}

/* How many sockets of TCP or UDP there are here ("TCP: inuse 3 ..."); 0: not known. */
static size_t in_use(const char *path, const char *word)
{
	char text[1024], *at;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	at = strstr(text, word);
	return at ? strtoul(at + strlen(word), NULL, 10) : 0;
}

/* A question takes twice as long as a record of a dump, and one of TCP needs two. */
static bool dump_is_faster(bool ours, bool tcp, size_t n)
{
	size_t all;

	if (!ours)
		return n > INET_ASK;
	if (n < 32)
		return false;
	all = in_use("/proc/self/net/sockstat", tcp ? "TCP: inuse " : "UDP: inuse ") +
		in_use("/proc/self/net/sockstat6", tcp ? "TCP6: inuse " : "UDP6: inuse ");
	return all < n * 4;
}

/* ---- tables ---- */

/* A table that the kernel does not have is no failure; one that changed all the time had most. */
static int dump(struct search *s, int family, int protocol)
{
	int err = diag_dump(s->d, family, protocol, take_any, s);

	return err == -ENOMEM ? err : 0;
}

static int dump_inet(struct search *s, int protocol)
{
	int err = dump(s, AF_INET, protocol);

	return err ? err : dump(s, AF_INET6, protocol);
}

static int ask(struct search *s)
{
	int err = s->asks ? diag_ask(s->d, s->ask, s->asks, take_answer, s) : 0;

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
		const struct sock *k = sock_of(s, &s->item[i]);

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
	size_t n = count_missing(s, is_unix);

	if (n > UNIX_ASK)
		return dump(s, AF_UNIX, 0);
	for (size_t i = 0; i < s->n && n; i++) {
		struct diag_ask a = {.family = AF_UNIX, .ino = (uint32_t)s->item[i].d->ino};

		if (sock_of(s, &s->item[i])->kind == KIND_UNIX)
			put_question(s, i, &a, false);
	}
	return ask(s);
}

static int dump_kind(struct search *s, bool (*is)(enum sock_kind))
{
	if (is == sock_kind_is_tcp)
		return dump_inet(s, IPPROTO_TCP);
	for (size_t i = 0; i < s->n; i++) {
		if (sock_of(s, &s->item[i])->protocol == IPPROTO_UDPLITE) {
			int err = dump_inet(s, IPPROTO_UDPLITE);

			if (err)
				return err;
			break;
		}
	}
	return dump_inet(s, IPPROTO_UDP);
}

/* Those that no question found (bound to a device, one of many on a port) are looked for in the dump. */
static int find_inet(struct search *s, bool (*is)(enum sock_kind))
{
	size_t n = count_missing(s, is);
	int err;

	if (n == 0)
		return 0;
	if (!dump_is_faster(s->ours, is == sock_kind_is_tcp, n)) {
		for (size_t i = 0; i < s->n; i++) {
			const struct sock *k = sock_of(s, &s->item[i]);

			if (is(k->kind) && search_is_listed(k, &s->item[i]))
				put_inet_questions(s, i);
		}
		err = ask(s);
		if (err || count_missing(s, is) == 0)
			return err;
	}
	err = dump_kind(s, is);
	if (err || is == sock_kind_is_tcp)
		return err;
	/* Who of many would get a packet only the kernel knows. */
	for (size_t i = 0; i < s->n; i++) {
		struct item *it = &s->item[i];

		if (is(sock_of(s, it)->kind) && it->found)
			put_inet_questions(s, i);
	}
	return ask(s);
}

static bool any_of(const struct search *s, enum sock_kind kind)
{
	for (size_t i = 0; i < s->n; i++)
		if (sock_of(s, &s->item[i])->kind == kind)
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
			!(sock_kind_is_tcp(sock_of(s, it)->kind) ||
				sock_kind_is_udp(sock_of(s, it)->kind)))
			continue;
		pair_find(s->f, it);
		put_inet_questions(s, i);
	}
	return ask(s);
}

/* The names of the other ends of those of the UNIX sockets that could not be asked for them. */
static int take_peer_name(size_t which, const struct diag_sock *r, void *arg)
{
	struct search *s = arg;
	struct sock *k = sock_of(s, &s->item[s->whose[which]]);

	if (r->ino == k->far_ino)
		sock_record_peer(s->f, k, r);
	return 0;
}

static void find_peer_names(struct search *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct sock *k = sock_of(s, &s->item[i]);
		struct diag_ask a = {.family = AF_UNIX, .ino = k->far_ino};

		if (s->item[i].whole && k->family == AF_UNIX && k->far_ino)
			put_question(s, i, &a, false);
	}
	if (s->asks)
		(void)!diag_ask(s->d, s->ask, s->asks, take_peer_name, s);
	s->asks = 0;
}

int search_all(struct search *s)
{
	int err = make_indexes(s);

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
	free_indexes(s);
	return err;
}
