/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_TABLE_H
#define PTOOLS_CTL_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "ctl/call.h"

/*
 * Calls laid out in scratch memory for the code in the cave: one row per call, then the bytes that arguments
 * point to. `local` is our view of the memory, `remote` its address in the target. The head of the memory is
 * shared by all tables in it.
 */
struct table {
	unsigned char *local;
	uint64_t remote;
	size_t at,
		end; /* the stretch of the memory that is this table's; at 0: from behind the head */
	size_t rows; /* how many were laid out last */
};

/*
 * Lays out as many of the n calls as fit, at most `most`. Returns how many; *used gets the end of
 * the bytes written, from the beginning of the scratch memory. The head is left alone.
 */
size_t table_fill(struct table *t, const struct call *calls, size_t n, size_t most, size_t *used);

/* Makes it the table that the head speaks of; the head's state is left alone. */
void table_aim(const struct table *t);

/* Fetches results and the memory behind OUT and INOUT arguments of all calls that were laid out. */
void table_fetch(const struct table *t, struct call *calls);

#endif
