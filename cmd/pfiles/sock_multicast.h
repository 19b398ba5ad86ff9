/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_MULTICAST_H
#define PFILES_SOCK_MULTICAST_H

#include "facts.h"
#include "proc/proc.h"

/*
 * Which multicast groups the sockets have joined. The kernel lists groups for each interface, not for each
 * socket, but says of a socket whether it is a member of a group that is named (MCAST_MSFILTER): every group
 * of the network namespace is tried. As that may have to wait for the network's configuration lock it is
 * asked here, of borrowed descriptors, and nobody else waits. Sets members, err_members. 0 or -ENOMEM.
 */
int sock_multicast(const struct proc *p, struct facts *f) __attribute__((warn_unused_result));

#endif
