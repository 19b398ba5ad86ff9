/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_TABLE_H
#define PTOOLS_CTL_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "ctl/call.h"

/*
 * Calls laid out in scratch memory for the code in the cave: behind the head one row per call, then
 * the bytes that arguments point to. `local` is our view of the memory, `remote` its address in the
 * target.
 */
struct table {
	unsigned char *local;
	uint64_t remote;
	size_t size; /* of the whole scratch memory */
};

/*
 * Lays out as many of the n calls as fit, at most `most`. Returns how many; *used gets the end of
 * the bytes written, from the beginning of the scratch memory. The head's first and last are set,
 * its state is left alone.
 */
size_t table_fill(
	const struct table *t, const struct call *calls, size_t n, size_t most, size_t *used);

/* Fetches results and the memory behind OUT and INOUT arguments of the first n calls. */
void table_fetch(const struct table *t, struct call *calls, size_t n);

#endif
