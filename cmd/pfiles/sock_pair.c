/* SPDX-License-Identifier: MIT */
#include "sock_pair.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "sock_kind.h"

bool pair_unmap(struct diag_end *e)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (memcmp(e->addr, mapped, sizeof(mapped)) != 0)
		return false;
	memmove(e->addr, e->addr + 12, 4);
	memset(e->addr + 4, 0, 12);
	return true;
}

/* false: there is no port. */
static bool end_of(const struct facts *f, struct span name, struct diag_end *out, bool *is_four)
{
	struct sockaddr_in6 six = {0};
	struct sockaddr_in four;

	if (name.len < sizeof(four))
		return false;
	memcpy(&six, f->names.data + name.at, name.len < sizeof(six) ? name.len : sizeof(six));
	memcpy(&four, &six, sizeof(four));
	if (six.sin6_family == AF_INET) {
		memcpy(out->addr, &four.sin_addr, 4);
		*is_four = true;
	} else {
		memcpy(out->addr, &six.sin6_addr, 16);
		*is_four = pair_unmap(out);
	}
	out->port = ntohs(four.sin_port);
	return out->port != 0;
}

void pair_find(const struct facts *f, struct item *it)
{
	const struct sock *k = &f->sock[it->sock];
	bool four;

	if (!(sock_kind_is_tcp(k->kind) || sock_kind_is_udp(k->kind) ||
		    k->protocol == IPPROTO_MPTCP))
		return;
	it->ends = end_of(f, k->name, &it->local, &it->four);
	if (!end_of(f, k->peer, &it->remote, &four))
		memset(&it->remote, 0, sizeof(it->remote));
}

uint64_t pair_hash(const struct diag_end *a, const struct diag_end *b)
{
	uint64_t w[4];

	memcpy(&w[0], a->addr, 16);
	memcpy(&w[2], b->addr, 16);
	return (w[0] * 3 ^ w[1] * 5 ^ w[2] * 7 ^ w[3] * 11 ^ (uint64_t)a->port << 16 ^ b->port) *
		0x9e3779b97f4a7c15;
}

bool pair_same(const struct diag_end *a, const struct diag_end *b)
{
	return a->port == b->port && memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}
