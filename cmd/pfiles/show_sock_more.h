/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SHOW_SOCK_MORE_H
#define PFILES_SHOW_SOCK_MORE_H

#include "show.h"

/* The tab lines of a socket that the original did not have. */

/* Further options, in a line like the one before. */
void show_sock_options(struct buf *out, const struct facts *f, const struct sock *k);

/* What follows the addresses: protocol, state, queues, what TCP knows, the other end. */
void show_sock_more(struct buf *out, const struct facts *f, const struct sock *k);

#endif
