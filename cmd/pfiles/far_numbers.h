/* SPDX-License-Identifier: MIT */
#ifndef PFILES_FAR_NUMBERS_H
#define PFILES_FAR_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

#include "proc/holders.h"

/*
 * Descriptors that only a number in their fdinfo tells apart: eventfds, masters of terminals. All of a sort are
 * read once, however many are asked about. Zero-initialise; far_numbers_free.
 */
struct far_number {
	long number;
	struct holder holder;
};
struct far_numbers {
	struct far_number *row; /* by number */
	size_t n, cap;
	bool read;
};
void far_numbers_free(struct far_numbers *t);

/* Reads all of the machine: eventfds by eventfd-id, masters by the index of their terminal. 0 or -ENOMEM. */
int far_numbers_eventfds(struct far_numbers *t, const struct holders *h)
	__attribute__((warn_unused_result));
int far_numbers_masters(struct far_numbers *t, const struct holders *h)
	__attribute__((warn_unused_result));

/* Calls each() for those of that number; other than 0 from it ends it and is returned. */
int far_numbers_each(const struct far_numbers *t, long number, holder_each *each, void *arg);

#endif
