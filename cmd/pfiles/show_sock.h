/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SHOW_SOCK_H
#define PFILES_SHOW_SOCK_H

#include "show.h"

/* The tab lines of a socket: type, options, names, peer. */
void show_sock(
	struct buf *out, const struct facts *f, const struct sock *k, struct show_names *names);

#endif
