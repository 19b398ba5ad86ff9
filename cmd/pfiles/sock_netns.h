/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_NETNS_H
#define PFILES_SOCK_NETNS_H

#include "facts.h"
#include "proc/diag.h"
#include "proc/proc.h"

/*
 * The tables of the network namespace whose number is n->cookie, in which the process's descriptor d has a
 * socket. It is looked for in /proc/PID/ns/net first, which need not be the one: a process may have moved,
 * or have been handed the socket. The number proves it. Else the socket itself is asked (SIOCGSKNS), through
 * a borrowed descriptor. Sets n->ino if it can be found, n->err and NULL if it cannot be entered.
 */
struct diag *sock_netns_open(const struct proc *p, const struct desc *d, struct sock_netns *n);

/* Whether the process lives in our own network namespace; where that cannot be seen, as if it did. */
bool sock_netns_is_ours(const struct proc *p);

#endif
