/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_VALUE_H
#define PTOOLS_SYM_VALUE_H

#include "base/buf.h"
#include "sym/debuginfo.h"

/* Inside common/sym: shows a value by its type. */
struct value {
	bool in_memory;
	uint64_t addr; /* in_memory */
	uint64_t word; /* else: the value itself, as in a register */
	const struct source_memory *memory;
	enum regs_machine machine;
};

/* var: the entry of a variable or parameter, whose type it has. */
void value_add(struct buf *out, Dwarf_Die *var, const struct value *v);

#endif
