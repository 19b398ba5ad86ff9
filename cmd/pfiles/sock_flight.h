/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_FLIGHT_H
#define PFILES_SOCK_FLIGHT_H

#include "facts.h"
#include "proc/proc.h"

/*
 * How many descriptors lie in the messages that wait in UNIX sockets (SCM_RIGHTS, unix(7)), as fdinfo tells;
 * for those only in which something waits or may wait. 0 or -ENOMEM.
 */
int sock_flight(const struct proc *p, struct facts *f) __attribute__((warn_unused_result));

#endif
