/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_H
#define PFILES_SOCK_H

#include "ctl/way.h"
#include "facts.h"
#include "sock_early.h"
#include "proc/fds.h"

/*
 * Asks many sockets at once for all that system calls tell of them: type, protocol, names, options, and
 * what else their kind has. What only the kernel's tables tell comes afterwards: sock_diag.h.
 */
struct sock_asker;

/*
 * At most `most` sockets in one sock_ask(). plain: no more than the original shows; all: of each all
 * options, however many sockets there are; early: read, or NULL. NULL: out of memory.
 */
struct sock_asker *sock_asker_new(
	size_t most, bool plain, bool all, const struct sock_early *early);
void sock_asker_free(struct sock_asker *a);

/*
 * The kind of a socket (enum sock_kind), so that all its questions can be asked at once, as /proc tells it
 * without a call on the socket itself; a guess: it may be another one by the time that it is asked.
 */
uint8_t sock_guess_kind(const struct fd_view *v, int fd);

/*
 * Asks the n sockets of list. second, when not NULL, is the way for what only some kinds of sockets are
 * asked: it spares the other way's process, and answers who a peer is in our own terms. Each descriptor gets d->sock, or d->err_sock, or is marked
 * DESC_CHANGED when it is no longer the inode that it was. 0, ERR_NOTSUP (no way to ask), ERR_GONE,
 * -ENOMEM.
 */
int sock_ask(struct sock_asker *a, struct way *w, struct way *second, struct facts *f,
	struct desc **list, size_t n) __attribute__((warn_unused_result));

/*
 * The same in two steps, for who has more calls to run in the same batch. sock_calls() gives the calls
 * (owned by a, valid until the next use) and how many; when they have run, sock_take() takes the
 * answers. What turned out not to be a socket is passed over. kind: a guess for each, NULL: none; where
 * there is none, or a wrong one, sock_take() asks a second time. sock_calls() is NULL when out of memory.
 */
struct call *sock_calls(
	struct sock_asker *a, struct desc **list, const uint8_t *kind, size_t n, size_t *ncalls);
int sock_take(struct sock_asker *a, struct way *w, struct way *second, struct facts *f,
	struct desc **list, size_t n) __attribute__((warn_unused_result));

#endif
