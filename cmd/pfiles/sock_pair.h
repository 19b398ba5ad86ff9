/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_PAIR_H
#define PFILES_SOCK_PAIR_H

#include "sock_search.h"

/* The two ends of a connection, IPv4 as such however it is written. */

/* Whether it was an address of IPv4 in the form of IPv6, which it is not any more. */
bool pair_unmap(struct diag_end *e);

/* Sets the ends of a TCP or UDP socket from its names. */
void pair_find(const struct facts *f, struct item *it);

uint64_t pair_hash(const struct diag_end *a, const struct diag_end *b);
bool pair_same(const struct diag_end *a, const struct diag_end *b);

#endif
