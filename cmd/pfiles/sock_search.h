/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_SEARCH_H
#define PFILES_SOCK_SEARCH_H

#include "facts.h"
#include "proc/diag.h"
#include "sock_early.h"

/* The search for sockets of one network namespace in the kernel's tables. */

/* One socket of the process that is to be found. */
struct item {
	struct desc *d;
	uint32_t sock;     /* facts.sock[sock] */
	uint32_t next_ino; /* with the same remainder; items + 1, 0: none */
	uint32_t next_ends;
	bool found, whole;             /* whole: could not be asked, so all its facts are wanted */
	struct diag_end local, remote; /* of TCP and UDP; IPv4 as such, however it is written */
	bool ends, four;               /* four: the addresses are of IPv4 */
	uint32_t ifindex;              /* whole: the device that it is bound to */
};

struct search {
	struct facts *f;
	struct diag *d;
	struct item *item;
	size_t n;
	bool ours;                      /* it is our own namespace */
	const struct sock_early *early; /* its tables as they were before, or NULL */
	uint32_t *by_ino, *by_ends;     /* heads of chains */
	size_t chains;
	struct diag_ask *ask;
	uint32_t *whose; /* items: for each question; the top bit: it is about the other end */
	size_t asks;
};

#define OTHER_END 0x80000000U

static inline struct sock *search_sock(const struct search *s, const struct item *i)
{
	return &s->f->sock[i->sock];
}

/*
 * Finds what the tables tell of the n sockets of s->item, and says in each whether it was found. f, d, item,
 * n and ours are set by the caller. 0 or -ENOMEM.
 */
int search_all(struct search *s) __attribute__((warn_unused_result));

/*
 * Whether the tables have something to add: a socket of TCP or UDP that is neither bound nor connected is not in
 * there, and a listener has told all itself. Several may listen on one port, where a question finds but one.
 */
bool search_is_listed(const struct sock *k, const struct item *it);

#endif
