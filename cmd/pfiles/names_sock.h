/* SPDX-License-Identifier: MIT */
#ifndef PFILES_NAMES_SOCK_H
#define PFILES_NAMES_SOCK_H

#include "base/buf.h"

/* The kernel's words for numbers that sockets have. What has no word is shown as the number. */

/* TCP, ICMP, NETLINK_ROUTE, ETH_P_IP, ...: what socket(2) was given as its third argument. */
void names_add_protocol(struct buf *out, int family, int protocol);

/* ESTABLISHED, LISTEN, ...; of other protocols than TCP, CLOSE is called UNCONNECTED. */
void names_add_state(struct buf *out, unsigned state, bool tcp);

/* What a timer of TCP is there for: retransmission, keepalive, ... */
void names_add_timer(struct buf *out, unsigned timer);

/* How a packet socket listens: promiscuous, multicast, ... */
void names_add_membership(struct buf *out, unsigned type);

#endif
