/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_MEMORY_H
#define PTOOLS_SYS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The target's memory as this layer sees it. The caller fills in the callback; it may cache, and
 * should: one call's arguments lie close together. `read` copies up to n bytes from `addr` on and
 * returns how many came before the first that could not be read (0: none, for whatever reason, the
 * death of the target among them). It never returns more than n. It is called with any address and
 * with at most MEMORY_MAX bytes.
 */
struct memory {
	size_t (*read)(void *ctx, uint64_t addr, void *to, size_t n);
	void *ctx;
};

enum {
	MEMORY_MAX = 65536,
	MEMORY_STRING = 4096, /* longest string that is looked at: PATH_MAX */
};

/* Up to n bytes; returns how many. n beyond MEMORY_MAX is cut. A NULL memory has none. */
size_t memory_read(const struct memory *m, uint64_t addr, void *to, size_t n);

/* All n bytes or false. */
bool memory_whole(const struct memory *m, uint64_t addr, void *to, size_t n);

/*
 * The bytes up to a NUL, which is neither stored nor counted, at most n. *ended says that the NUL
 * was found: false when the string is longer, or when memory ends first. Returns the bytes in `to`;
 * 0 and !*ended mean that not even the first byte could be read. Reads no page beyond the NUL's.
 */
size_t memory_string(const struct memory *m, uint64_t addr, char *to, size_t n, bool *ended);

/* An unsigned little-endian number of 1, 2, 4 or 8 bytes. */
bool memory_number(const struct memory *m, uint64_t addr, unsigned bytes, uint64_t *out);

#endif
