/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_RECORD_H
#define PFILES_SOCK_RECORD_H

#include "facts.h"
#include "proc/diag.h"

/*
 * What the kernel's record of a socket (proc/diag.h) adds to what the calls told: queues, backlog,
 * shutdown, timer, the other end's inode, and what TCP knows if it was not asked for. 0 or -ENOMEM.
 */
int sock_record_add(struct facts *f, struct sock *s, const struct diag_sock *r)
	__attribute__((warn_unused_result));

/*
 * The same for a socket that could not be asked: type, protocol, names and sizes as well, everything that
 * the record has. The name of a UNIX socket's peer stands in another record: sock_record_peer(). 0 or -ENOMEM.
 */
int sock_record_take(struct facts *f, struct sock *s, const struct diag_sock *r)
	__attribute__((warn_unused_result));

/* Of that the part that every socket is otherwise asked for: type, protocol, names, sizes. */
enum sock_kind sock_record_kind(const struct diag_sock *r);
void sock_record_base(struct facts *f, struct sock *s, const struct diag_sock *r);
void sock_record_peer(struct facts *f, struct sock *s, const struct diag_sock *peer);

#endif
