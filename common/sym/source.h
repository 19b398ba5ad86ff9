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
 * each compilation unit met: only for those who ask. It is read by a process of its own (reader.h), which is started when
 * the first address is asked for and ends with the space: files may say what they like.
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

/*
 * The files, as mapped, raw, whose debugging information could not be read, though they or their debug files have some,
 * so that what the two others say of them is less than there is. ERR_LOST: it is damaged so that to read it crashes,
 * takes more memory than is reasonable, or is of a kind that libdw does not know; ERR_TIMEOUT: it takes too long; -ECANCELED: not tried, after several such files; -errno.
 */
typedef void source_unread_fn(const char *file, int err, void *arg);
void source_unread(const struct space *s, source_unread_fn *fn, void *arg);

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
