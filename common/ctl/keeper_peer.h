/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_KEEPER_PEER_H
#define PTOOLS_CTL_KEEPER_PEER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Whether the keeper obeys who is at the other end of the connected socket (unix(7), SO_PEERCRED): root; its own user,
 * in its own user namespace, running no set-id program, and with all the capabilities that it has itself. Whoever has
 * less power must not use the keeper's.
 */
bool keeper_peer_is_entitled(int fd);

/* Its pid as we see it; 0: not known. */
pid_t keeper_peer_pid(int fd);

#endif
