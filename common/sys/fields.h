/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_FIELDS_H
#define PTOOLS_SYS_FIELDS_H

#include <stddef.h>

#include "base/buf.h"
#include "sys/abi.h"
#include "sys/tables.h"

/* How fields are set apart: `a=1 b=2`, or `a = 1  b = 2`. */
struct fields_style {
	const char *between, *equals;
};

/*
 * The fields of a structure of which n bytes are at p, as far as they lie in them whole; a newline before those that
 * open a line, none at the end. `style` may be NULL for the usual one.
 */
void fields_add(struct buf *out, const struct fields_style *style, const struct layout_fields *f,
	const void *p, size_t n);

/* By name; NULL when there is none. */
const struct layout *fields_layout(const char *name);

/*
 * Its fields for programs of that ABI; NULL where the build could not find them out (no headers, no compiler for
 * 32-bit programs), or nobody knows (x32, where the two others differ).
 */
const struct layout_fields *fields_of(const struct layout *layout, enum abi abi);

/* Seconds and a part of one, `digits` long: 1.500000000 sec. */
void fields_add_time(struct buf *out, long long sec, unsigned long long part, unsigned digits);

/* An unsigned little-endian number of up to 8 bytes. */
uint64_t fields_number(const void *p, size_t bytes);

/* Bytes in hex, two digits each; the first 64 of them. */
void fields_add_bytes(struct buf *out, const void *p, size_t n);

#endif
