/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_GROUP_H
#define PTOOLS_SYS_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Names of numbers, taken from the system's headers when the tree was built, in groups: `open_flags`,
 * `clockid`... as common/sys/data/groups.spec lists them. All static and constant.
 */
struct group_name {
	uint64_t value;
	uint32_t text; /* group_text() */
};

struct group {
	const char *name;
	bool bits;      /* names are bits that are combined, else one of them is the value */
	uint16_t count; /* may be 0: no header of the build had any */
	const struct group_name
		*names; /* by value; of two with one value the preferred comes first */
};

/* The name itself. */
const char *group_text(const struct group_name *n);

/* How many groups there are, and each of them; for lists and tests. */
size_t group_total(void);
const struct group *group_at(size_t i);

/* By its name, NULL when there is none. */
const struct group *group_find(const char *name);

/* The name of one exact value, NULL when it has none. */
const char *group_word(const struct group *g, uint64_t value);

/*
 * The value in words: bits as `A|B|0x400`, widest names first where one is made of several, what no
 * name covers in hex, 0 as its own name or `0`; otherwise the name, or the number: decimal when small,
 * else hex. Never drops a bit. `g` may be NULL: hex.
 */
void group_add(struct buf *out, const struct group *g, uint64_t value);

#endif
