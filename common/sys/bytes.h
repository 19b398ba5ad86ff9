/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_BYTES_H
#define PTOOLS_SYS_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "sys/memory.h"

/* The original's ways to show bytes, strings and addresses. Nothing below 0x20 or above 0x7e comes out. */

enum {
	BYTES_PEEK = 12,    /* bytes of a buffer that are shown in a call's line */
	BYTES_DUMP = 32,    /* bytes in a line of a -r or -w dump */
	BYTES_VECTORS = 16, /* vectors of a readv(2) and its like that are dumped */
};

/* Two columns a byte: ` a`, `\n`, `7F`. */
void bytes_add(struct buf *out, const void *bytes, size_t n);

/*
 * One line of a dump, up to BYTES_DUMP bytes, without indentation (two blanks, after the prefix) and
 * without the newline.
 */
void bytes_add_line(struct buf *out, const void *bytes, size_t n);

/* " h e l l o".. : the first BYTES_PEEK bytes of n at addr, `..` if there are more. The address alone when
 * not one of them can be read or n is 0. */
void bytes_add_peek(struct buf *out, const struct memory *m, uint64_t addr, uint64_t n);

/*
 * A string in quotes, `"` and `\` with a backslash before them, other bytes than printable ASCII and
 * well-formed printable UTF-8 as \xNN. One longer than MEMORY_STRING, or that runs into memory which
 * cannot be read, ends in `"..`. The address alone if it cannot be read.
 */
void bytes_add_string(struct buf *out, const struct memory *m, uint64_t addr);

/* n bytes that are here already, in the same way; a NUL is a byte like any other. */
void bytes_add_quoted(struct buf *out, const void *bytes, size_t n);

/* 0x and at least eight upper-case digits: 0x00000000, 0x7FFE9D658010. */
void bytes_add_address(struct buf *out, uint64_t addr);

/* Decimal, with its sign. */
void bytes_add_decimal(struct buf *out, int64_t v);

/* Decimal, or hex if any of the eight highest of its 8 * `bytes` bits is set: lengths and offsets. */
void bytes_add_small(struct buf *out, uint64_t v, unsigned bytes);

#endif
