/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_SEARCH_ASK_H
#define PFILES_SOCK_SEARCH_ASK_H

#include "sock_search.h"

/* Questions about single sockets, taken down in the search; there is room for two of each item. */

/* other: it is about the other end. */
void search_put(struct search *s, size_t item, const struct diag_ask *a, bool other);

/* About a socket of TCP or UDP, and about its other end, as far as they are not known. */
void search_put_inet(struct search *s, size_t item);

/* Whether n sockets are found faster by going through the whole table. ours: it is our own namespace. */
bool search_dump_is_faster(bool ours, bool tcp, size_t n);

#endif
