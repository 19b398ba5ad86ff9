/* SPDX-License-Identifier: MIT */
#ifndef PFILES_FD_LIST_H
#define PFILES_FD_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "proc/fds.h"

/* Descriptor numbers that the user asked for: 0,5-7,9-. Zero-initialise; none stands for all. fd_list_free. */
struct fd_list {
	struct fd_range {
		int from, to;
	} * range;
	size_t n;
};

/* false when the text is no such list; -ENOMEM shows as false as well. */
bool fd_list_parse(const char *text, struct fd_list *out);
void fd_list_free(struct fd_list *l);

bool fd_list_has(const struct fd_list *l, int fd);

/* Leaves of the open descriptors those that are in the list. */
void fd_list_keep(const struct fd_list *l, struct fds *open);

/*
 * The first number after `after` that was asked for by itself, not within a range, and is not among
 * the open ones; -1 when there is none.
 */
int fd_list_missing(const struct fd_list *l, const struct fds *open, int after);

#endif
