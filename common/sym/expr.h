/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_EXPR_H
#define PTOOLS_SYM_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sym/regs.h"

/*
 * Inside common/sym: DWARF expressions (DWARF 5, 2.5), as unwind tables and places of variables are written. They may
 * loop; a number of steps is the end of it.
 */
struct expr_op {
	uint8_t atom; /* DW_OP_* */
	uint64_t number, number2;
	uint64_t offset; /* of the operation, where branches lead to */
};
enum { EXPR_OPS = 128, EXPR_DEPTH = 64, EXPR_STEPS = 2000 };

/* Takes bytes apart: the number of operations, 0 if they make no sense or are too many. */
size_t expr_parse(enum regs_machine machine, const unsigned char *bytes, size_t n,
	struct expr_op ops[EXPR_OPS]);

/* What an expression is evaluated in. */
struct expr_world {
	const struct regs *regs;
	uint64_t bias; /* added to addresses of the file */
	uint64_t cfa;  /* DW_OP_call_frame_cfa, and what an unwind rule finds on the stack first */
	bool have_cfa;
	uint64_t frame_base; /* DW_OP_fbreg */
	bool have_frame_base;
	bool (*read)(void *ctx, uint64_t addr, unsigned size,
		uint64_t *out); /* size 1 to 8; false: unreadable */
	void *ctx;
	/* Why it failed. */
	uint32_t needed;     /* registers that are not known */
	uint64_t unreadable; /* address; 0: none */
};

/* The value on top in the end. False: it cannot be told; the world says why, or else it makes no sense. */
bool expr_eval(
	struct expr_world *w, const struct expr_op *ops, size_t n, bool push_cfa, uint64_t *out);

#endif
