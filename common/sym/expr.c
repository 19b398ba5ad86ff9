/* SPDX-License-Identifier: MIT */
#include "sym/expr.h"

#include <dwarf.h>

#include "sym/cursor.h"

/* Operands that belong to an operation. False: an operation that means nothing here. */
static bool operands(struct cursor *c, bool wide, struct expr_op *op)
{
	uint8_t a = op->atom;

	if ((a >= DW_OP_lit0 && a <= DW_OP_reg31) || (a >= DW_OP_dup && a <= DW_OP_over) ||
		(a >= DW_OP_swap && a <= DW_OP_plus) || (a >= DW_OP_shl && a <= DW_OP_xor) ||
		(a >= DW_OP_eq && a <= DW_OP_ne) || a == DW_OP_deref || a == DW_OP_nop ||
		a == DW_OP_call_frame_cfa || a == DW_OP_stack_value)
		return true;
	if (a >= DW_OP_breg0 && a <= DW_OP_breg31) {
		op->number = (uint64_t)cursor_sleb(c);
		return true;
	}
	switch (a) {
	case DW_OP_addr: op->number = wide ? cursor_u64(c) : cursor_u32(c); return true;
	case DW_OP_const1u:
	case DW_OP_pick:
	case DW_OP_deref_size: op->number = cursor_u8(c); return true;
	case DW_OP_const1s: op->number = (uint64_t)(int8_t)cursor_u8(c); return true;
	case DW_OP_const2u: op->number = cursor_u16(c); return true;
	case DW_OP_const2s:
	case DW_OP_bra:
	case DW_OP_skip: op->number = (uint64_t)(int16_t)cursor_u16(c); return true;
	case DW_OP_const4u: op->number = cursor_u32(c); return true;
	case DW_OP_const4s: op->number = (uint64_t)(int32_t)cursor_u32(c); return true;
	case DW_OP_const8u:
	case DW_OP_const8s: op->number = cursor_u64(c); return true;
	case DW_OP_constu:
	case DW_OP_plus_uconst:
	case DW_OP_regx: op->number = cursor_uleb(c); return true;
	case DW_OP_consts:
	case DW_OP_fbreg: op->number = (uint64_t)cursor_sleb(c); return true;
	case DW_OP_bregx:
		op->number = cursor_uleb(c);
		op->number2 = (uint64_t)cursor_sleb(c);
		return true;
	default: return false;
	}
}

size_t expr_parse(enum regs_machine machine, const unsigned char *bytes, size_t size,
	struct expr_op ops[EXPR_OPS])
{
	struct cursor c = cursor_of(bytes, size);
	size_t n = 0;

	while (cursor_left(&c)) {
		struct expr_op *op = &ops[n];

		if (n++ == EXPR_OPS)
			return 0;
		*op = (struct expr_op){.offset = (uint64_t)(c.at - bytes)};
		op->atom = cursor_u8(&c);
		if (!operands(&c, machine == REGS_X86_64, op) || c.bad)
			return 0;
	}
	return n;
}

struct machine {
	struct expr_world *world;
	uint64_t v[EXPR_DEPTH];
	unsigned n;
	bool bad;
};

static uint64_t pop(struct machine *m)
{
	if (m->n)
		return m->v[--m->n];
	m->bad = true;
	return 0;
}

/* Addresses of a 32-bit program wrap around at 32 bits. */
static void push(struct machine *m, uint64_t v)
{
	if (m->n == EXPR_DEPTH)
		m->bad = true;
	else
		m->v[m->n++] = m->world->regs->machine == REGS_X86_64 ? v : (uint32_t)v;
}

static void push_register(struct machine *m, uint64_t reg, uint64_t plus)
{
	if (reg >= regs_count(m->world->regs->machine))
		m->bad = true;
	else if (!regs_has(m->world->regs, (unsigned)reg)) {
		m->world->needed |= 1u << reg;
		m->bad = true;
	} else
		push(m, m->world->regs->v[reg] + plus);
}

static void push_memory(struct machine *m, uint64_t size)
{
	uint64_t addr = pop(m), v = 0;

	if (m->bad || !size || size > 8) {
		m->bad = true;
		return;
	}
	if (!m->world->read(m->world->ctx, addr, (unsigned)size, &v)) {
		m->world->unreadable = addr;
		m->bad = true;
	}
	push(m, v);
}

static void push_at(struct machine *m, uint64_t depth)
{
	if (depth >= m->n)
		m->bad = true;
	else
		push(m, m->v[m->n - 1 - depth]);
}

/* A comparison or calculation of two; signed where DWARF says so. In 32 bits the sign is bit 31. */
static int64_t as_signed(const struct machine *m, uint64_t v)
{
	return m->world->regs->machine == REGS_X86_64 ? (int64_t)v : (int32_t)v;
}

static void compare(struct machine *m, uint8_t atom)
{
	int64_t b = as_signed(m, pop(m)), a = as_signed(m, pop(m));

	switch (atom) {
	case DW_OP_eq: push(m, a == b); break;
	case DW_OP_ge: push(m, a >= b); break;
	case DW_OP_gt: push(m, a > b); break;
	case DW_OP_le: push(m, a <= b); break;
	case DW_OP_lt: push(m, a < b); break;
	default: push(m, a != b); break;
	}
}

static void divide(struct machine *m, uint8_t atom)
{
	uint64_t b = pop(m), a = pop(m);

	if (!b)
		m->bad = true;
	else if (atom == DW_OP_mod)
		push(m, a % b);
	else if (b == UINT64_MAX)
		push(m, -a); /* INT64_MIN / -1 is a trap */
	else
		push(m, (uint64_t)(as_signed(m, a) / as_signed(m, b)));
}

static void calculate(struct machine *m, uint8_t atom)
{
	uint64_t b = pop(m), a = pop(m);

	switch (atom) {
	case DW_OP_and: push(m, a & b); break;
	case DW_OP_minus: push(m, a - b); break;
	case DW_OP_mul: push(m, a * b); break;
	case DW_OP_or: push(m, a | b); break;
	case DW_OP_plus: push(m, a + b); break;
	case DW_OP_shl: push(m, b < 64 ? a << b : 0); break;
	case DW_OP_shr: push(m, b < 64 ? a >> b : 0); break;
	case DW_OP_shra: push(m, (uint64_t)(as_signed(m, a) >> (b < 64 ? b : 63))); break;
	default: push(m, a ^ b); break;
	}
}

static void rotate(struct machine *m)
{
	uint64_t c = pop(m), b = pop(m), a = pop(m);

	push(m, c);
	push(m, a);
	push(m, b);
}

static void swap(struct machine *m)
{
	uint64_t b = pop(m), a = pop(m);

	push(m, b);
	push(m, a);
}

static void one(struct machine *m, uint8_t atom)
{
	uint64_t a = pop(m);

	if (atom == DW_OP_abs)
		push(m, as_signed(m, a) < 0 ? -a : a);
	else
		push(m, atom == DW_OP_neg ? -a : ~a);
}

/* Values that stand in the expression or the frame. False: it is something else. */
static bool step_value(struct machine *m, const struct expr_op *op)
{
	uint8_t a = op->atom;
	struct expr_world *w = m->world;

	if (a >= DW_OP_lit0 && a <= DW_OP_lit31)
		push(m, a - (unsigned)DW_OP_lit0);
	else if (a >= DW_OP_breg0 && a <= DW_OP_breg31)
		push_register(m, a - (unsigned)DW_OP_breg0, op->number);
	else if (a == DW_OP_bregx)
		push_register(m, op->number, op->number2);
	else if (a >= DW_OP_const1u && a <= DW_OP_consts)
		push(m, op->number);
	else if (a == DW_OP_addr)
		push(m, op->number + w->bias);
	else if (a == DW_OP_call_frame_cfa && w->have_cfa)
		push(m, w->cfa);
	else if (a == DW_OP_fbreg && w->have_frame_base)
		push(m, w->frame_base + op->number);
	else
		return false;
	return true;
}

static void step(struct machine *m, const struct expr_op *op)
{
	if (step_value(m, op))
		return;
	switch (op->atom) {
	case DW_OP_deref: push_memory(m, m->world->regs->machine == REGS_X86_64 ? 8 : 4); break;
	case DW_OP_deref_size: push_memory(m, op->number); break;
	case DW_OP_dup: push_at(m, 0); break;
	case DW_OP_over: push_at(m, 1); break;
	case DW_OP_pick: push_at(m, op->number); break;
	case DW_OP_drop: (void)pop(m); break;
	case DW_OP_swap: swap(m); break;
	case DW_OP_rot: rotate(m); break;
	case DW_OP_abs:
	case DW_OP_neg:
	case DW_OP_not: one(m, op->atom); break;
	case DW_OP_div:
	case DW_OP_mod: divide(m, op->atom); break;
	case DW_OP_and:
	case DW_OP_minus:
	case DW_OP_mul:
	case DW_OP_or:
	case DW_OP_plus:
	case DW_OP_shl:
	case DW_OP_shr:
	case DW_OP_shra:
	case DW_OP_xor: calculate(m, op->atom); break;
	case DW_OP_plus_uconst: push(m, pop(m) + op->number); break;
	case DW_OP_eq:
	case DW_OP_ge:
	case DW_OP_gt:
	case DW_OP_le:
	case DW_OP_lt:
	case DW_OP_ne: compare(m, op->atom); break;
	case DW_OP_nop: break;
	default: m->bad = true;
	}
}

/* The operation that a branch leads to; n: the end. Offsets count from behind the branch's two bytes. */
static size_t branch(struct machine *m, const struct expr_op *ops, size_t n, size_t at)
{
	uint64_t to = ops[at].offset + 3 + ops[at].number;

	for (size_t i = 0; i < n; i++) {
		if (ops[i].offset == to)
			return i;
	}
	/* Only to the very end, where there is nothing. */
	m->bad = to <= ops[n - 1].offset;
	return n;
}

bool expr_eval(
	struct expr_world *w, const struct expr_op *ops, size_t n, bool push_cfa, uint64_t *out)
{
	struct machine m = {.world = w};
	unsigned steps = 0;

	w->needed = 0;
	w->unreadable = 0;
	if (push_cfa)
		push(&m, w->cfa);
	for (size_t i = 0; i < n && !m.bad;) {
		uint8_t atom = ops[i].atom;

		if (++steps > EXPR_STEPS)
			return false;
		if (atom == DW_OP_skip || (atom == DW_OP_bra && pop(&m))) {
			i = branch(&m, ops, n, i);
			continue;
		}
		if (atom != DW_OP_bra)
			step(&m, &ops[i]);
		i++;
	}
	if (m.bad || !m.n || !n)
		return false;
	*out = m.v[m.n - 1];
	return true;
}
