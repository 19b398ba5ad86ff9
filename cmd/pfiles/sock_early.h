/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_EARLY_H
#define PFILES_SOCK_EARLY_H

#include <stdbool.h>
#include <stdint.h>

#include "proc/diag.h"
#include "proc/proc.h"

/*
 * The kernel's tables of TCP, UDP and UNIX sockets, read by a thread of its own while the descriptors of a process
 * with many are listed. What a record tells need not be asked of the socket: type, names, sizes. Whose
 * record it is the inode says, which no two sockets of the machine share; that the descriptor still refers to that
 * inode is proved by the questions that remain. A socket that is not in there, or whose record does
 * not tell all, is asked for everything.
 */
struct sock_early;

/*
 * For a process in our own network namespace, with enough descriptors and not many more sockets of others. anyway:
 * the tables will be read in any case; else they have to pay for themselves.
 */
bool sock_early_is_worth_it(const struct proc *p, size_t fds, bool anyway);

/* Begins to read. NULL: it cannot be done. */
struct sock_early *sock_early_start(void);

/* Waits for the end of the reading; before what follows. The same again, NULL: nothing was read. */
struct sock_early *sock_early_wait(struct sock_early *e);
void sock_early_free(struct sock_early *e); /* waits as well; takes NULL */

/* The namespace that the tables are of: netns_cookie(). */
uint64_t sock_early_cookie(const struct sock_early *e);

/* The record of the socket with that inode; valid as long as e is. e NULL: false. */
bool sock_early_find(const struct sock_early *e, uint64_t ino, struct diag_sock *out);

/* The record, if it tells all that a socket is otherwise asked for: type, names, sizes. */
bool sock_early_tells(const struct sock_early *e, uint64_t ino, struct diag_sock *out);

/* Whether that table was read as a whole. e NULL: false. */
bool sock_early_has(const struct sock_early *e, int family, int protocol);

/* All of its records, as diag_dump(). */
int sock_early_each(const struct sock_early *e, int family, int protocol, diag_each *each,
	void *arg) __attribute__((warn_unused_result));

#endif
