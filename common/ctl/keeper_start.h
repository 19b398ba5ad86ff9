/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_KEEPER_START_H
#define PTOOLS_CTL_KEEPER_START_H

#include <sys/types.h>

/*
 * Binds that address (ctl/keeper_wire.h), so that nobody else starts one there, and starts a keeper: a child of init, in
 * no session, deaf to SIGHUP, that has nothing of the caller but the socket. -EADDRINUSE: somebody has, or is about to.
 * 0 does not mean that it listens already.
 */
int keeper_start(uid_t uid, unsigned slot) __attribute__((warn_unused_result));

#endif
