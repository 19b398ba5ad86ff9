/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_SOURCE_H
#define PTOOLS_SYM_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sym/regs.h"
#include "sym/space.h"

/*
 * What the debugging information (DWARF 2 to 5, also of a separate debug file) says of an address. Costs milliseconds for
 * each compilation unit met: only for those who ask.
 */

/* One function that the address is in: an inlined one, or the function itself. */
struct source {
	const char *function;  /* linkage name if there is one, raw; NULL: not known */
	const char *file;      /* raw, as the compiler saw it; NULL: not known */
	unsigned line, column; /* 0: not known */
	bool inlined;          /* into the next one */
};

/*
 * Calls fn for the innermost inlined function first and for the function itself last; its line is the call's for all
 * but the innermost. At most SOURCE_DEPTH of them. fn returns 0 to go on; else that is returned. 0 without a call:
 * nothing is known. -ENOMEM.
 */
enum { SOURCE_DEPTH = 64 };
typedef int source_fn(const struct source *src, void *arg);
int source_each(struct space *s, uint64_t addr, source_fn *fn, void *arg)
	__attribute__((warn_unused_result));

/* Memory of the thread at the instant of its registers: the copy of its stack first. As space_target.read. */
struct source_memory {
	size_t (*read)(void *ctx, uint64_t addr, void *to, size_t n);
	void *ctx;
};

/*
 * Appends the arguments of the function at addr as "name=value, name=value": integers, characters, booleans, floating
 * point, enumeration names, pointers (strings behind char pointers in quotes), anything else as "{...}"; "?" where the
 * compiler kept no place for it or a register is not known any more. Escaped and bounded: SOURCE_ARGS arguments,
 * SOURCE_STRING bytes of a string. Returns true if the function's parameters are known ("" for none).
 */
enum { SOURCE_ARGS = 32, SOURCE_STRING = 64 };
bool source_add_args(struct space *s, uint64_t addr, const struct regs *regs,
	const struct source_memory *memory, struct buf *out);

#endif
