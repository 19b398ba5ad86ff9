/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_SINGLE_H
#define PFILES_SOCK_SINGLE_H

#include "ctl/way.h"
#include "facts.h"

/* Questions that few sockets are asked, and these one by one. 0, ERR_GONE, -ENOMEM. */

/* The name of the interface that a packet socket listens to, as its own namespace calls it. */
int sock_single_device(struct way *w, struct facts *f, struct desc *d)
	__attribute__((warn_unused_result));

/* A family whose sockets have no names (AF_XDP, AF_ALG) still says which one it is. */
int sock_single_family(struct way *w, struct desc *d, struct sock *k)
	__attribute__((warn_unused_result));

#endif
