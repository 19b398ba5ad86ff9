/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_TCP_H
#define PFILES_SOCK_TCP_H

#include "facts.h"

#define SOCK_TCP_INFO_BYTES 256

/*
 * Takes a struct tcp_info as the kernel gave it, of whatever length: state, backlog, and of a connection
 * that is or was one a struct sock_tcp. 0 or -ENOMEM.
 */
int sock_tcp_take(struct facts *f, struct sock *s, const void *info, size_t len)
	__attribute__((warn_unused_result));

#endif
