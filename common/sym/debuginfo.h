/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_DEBUGINFO_H
#define PTOOLS_SYM_DEBUGINFO_H

#include <elfutils/libdw.h>

#include "sym/module.h"
#include "sym/source.h"

/*
 * Inside common/sym: debugging information by libdw. What it is asked for is bounded here: the number of entries that are looked
 * at, the depth of nested functions, the length of chains of types.
 */
enum { DEBUGINFO_DEPTH = 3 * SOURCE_DEPTH, DEBUGINFO_CHAIN = 32 };

/* The compilation unit of an address and the entries that contain it: the function first, then blocks and inlined ones. */
struct debuginfo_place {
	Dwarf_Die unit;
	Dwarf_Die inside[DEBUGINFO_DEPTH];
	unsigned n;
	uint64_t vaddr;
};

/* False: nothing is known of it. vaddr is an address in the file. */
bool debuginfo_find(
	struct space *s, struct mapped_file *f, uint64_t vaddr, struct debuginfo_place *out);

/* The next entry on this level; counts, so that a file that leads back to itself has an end. */
bool debuginfo_next(Dwarf_Die *die, unsigned *steps);
enum { DEBUGINFO_STEPS = 4000000 };

#endif
