/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_SEARCH_TAKE_H
#define PFILES_SOCK_SEARCH_TAKE_H

#include "sock_search.h"

/* What the kernel's tables say, brought to the sockets that it is about. */

/* Makes what finds a socket by its inode, and by its addresses; and room for the questions. 0 or -ENOMEM. */
int search_index(struct search *s) __attribute__((warn_unused_result));
void search_index_free(struct search *s);

/* A record of a dump (diag_each): of one of ours, or of the other end of some. arg: the search. */
int search_take_any(const struct diag_sock *r, void *arg);

/* The answer to a question (diag_answer). arg: the search. */
int search_take_answer(size_t which, const struct diag_sock *r, void *arg);

#endif
