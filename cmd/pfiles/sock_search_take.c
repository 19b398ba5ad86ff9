/* SPDX-License-Identifier: MIT */
#include "sock_search_take.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sock_kind.h"
#include "sock_pair.h"
#include "sock_record.h"

/* ---- indexes ---- */

static size_t chain_of(const struct search *s, uint64_t hash)
{
	return hash >> 32 & (s->chains - 1);
}

static size_t chain_of_ino(const struct search *s, uint64_t ino)
{
	return chain_of(s, ino * 0x9e3779b97f4a7c15);
}

int search_index(struct search *s)
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

void search_index_free(struct search *s)
{
	free(s->by_ino);
	free(s->by_ends);
	free(s->ask);
	free(s->whose);
}

/* ---- records ---- */

static int take_record(struct search *s, struct item *it, const struct diag_sock *r)
{
	struct sock *k = search_sock(s, it);

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
int search_take_any(const struct diag_sock *r, void *arg)
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

		if (search_sock(s, it)->protocol == r->protocol && pair_same(&it->local, &remote) &&
			pair_same(&it->remote, &local))
			set_far_end(search_sock(s, it), r);
	}
	return 0;
}

int search_take_answer(size_t which, const struct diag_sock *r, void *arg)
{
	struct search *s = arg;
	struct item *it = &s->item[s->whose[which] & ~OTHER_END];

	if (s->whose[which] & OTHER_END) {
		if (sock_kind_is_tcp(search_sock(s, it)->kind) || (r->ino && is_receiver(it, r)))
			set_far_end(search_sock(s, it), r);
		return 0;
	}
	return r->ino == it->d->ino ? take_record(s, it, r) : 0;
}
