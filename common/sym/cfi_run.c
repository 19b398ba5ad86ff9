/* SPDX-License-Identifier: MIT */
/* The call frame instructions of DWARF 5, 6.4.2, with GNU's. */
#include <dwarf.h>
#include <string.h>

#include "sym/cfi.h"

enum { REMEMBERED_MAX = 32 };

struct run {
	const struct cfi_table *table;
	const struct cfi_entry *entry;
	uint64_t target, location;
	struct cfi_row row, initial;
	struct cfi_row remembered[REMEMBERED_MAX];
	unsigned depth;
	bool bad;
};

static bool is_column(const struct run *r, uint64_t reg)
{
	return reg < regs_count(r->table->machine);
}

/* Registers that we do not follow (floating point, vectors) are none of our business. */
static void set(struct run *r, uint64_t reg, enum cfi_rule_kind kind, int64_t offset)
{
	if (is_column(r, reg))
		r->row.rules[reg] = (struct cfi_rule){.kind = kind, .offset = offset};
}

static void set_factored(struct run *r, uint64_t reg, enum cfi_rule_kind kind, int64_t n)
{
	int64_t offset;

	if (__builtin_mul_overflow(n, r->entry->data_factor, &offset))
		r->bad = true;
	else
		set(r, reg, kind, offset);
}

static void restore(struct run *r, uint64_t reg)
{
	if (is_column(r, reg))
		r->row.rules[reg] = r->initial.rules[reg];
}

/* An expression: its length, then its bytes. */
static const unsigned char *expression(struct run *r, struct cursor *c, int64_t *n)
{
	uint64_t size = cursor_uleb(c);
	const unsigned char *at = c->at;

	cursor_skip(c, size);
	*n = (int64_t)size;
	if (c->bad)
		r->bad = true;
	return at;
}

static void set_expression(struct run *r, struct cursor *c, enum cfi_rule_kind kind)
{
	uint64_t reg = cursor_uleb(c);
	int64_t n;
	const unsigned char *at = expression(r, c, &n);

	if (is_column(r, reg))
		r->row.rules[reg] = (struct cfi_rule){.kind = kind, .offset = n, .expr = at};
}

static void set_cfa(struct run *r, uint64_t reg, int64_t offset)
{
	if (!is_column(r, reg))
		r->bad = true;
	r->row.cfa_reg = (uint8_t)reg;
	r->row.cfa_offset = offset;
	r->row.cfa_expr = NULL;
}

static void set_cfa_offset(struct run *r, int64_t offset)
{
	if (r->row.cfa_expr)
		r->bad = true; /* there is no register to count from */
	r->row.cfa_offset = offset;
}

static int64_t factored(struct run *r, int64_t n)
{
	int64_t out = 0;

	if (__builtin_mul_overflow(n, r->entry->data_factor, &out))
		r->bad = true;
	return out;
}

static void remember(struct run *r)
{
	if (r->depth < REMEMBERED_MAX)
		r->remembered[r->depth++] = r->row;
	else
		r->bad = true;
}

static void recall(struct run *r)
{
	if (r->depth)
		r->row = r->remembered[--r->depth];
	else
		r->bad = true;
}

static void advance(struct run *r, uint64_t n)
{
	r->location += n * r->entry->code_factor;
}

static void set_location(struct run *r, struct cursor *c)
{
	uint64_t to;

	if (!cfi_pointer(r->table, c, r->entry->pointer, &to))
		r->bad = true;
	else
		r->location = to;
}

/* Instructions about the canonical frame address. False: it is not one. */
static bool step_cfa(struct run *r, struct cursor *c, uint8_t op)
{
	uint64_t reg;

	switch (op) {
	case DW_CFA_def_cfa:
		reg = cursor_uleb(c);
		set_cfa(r, reg, (int64_t)cursor_uleb(c));
		return true;
	case DW_CFA_def_cfa_sf:
		reg = cursor_uleb(c);
		set_cfa(r, reg, factored(r, cursor_sleb(c)));
		return true;
	case DW_CFA_def_cfa_register: set_cfa(r, cursor_uleb(c), r->row.cfa_offset); return true;
	case DW_CFA_def_cfa_offset: set_cfa_offset(r, (int64_t)cursor_uleb(c)); return true;
	case DW_CFA_def_cfa_offset_sf: set_cfa_offset(r, factored(r, cursor_sleb(c))); return true;
	case DW_CFA_def_cfa_expression:
		r->row.cfa_expr = expression(r, c, &r->row.cfa_offset);
		return true;
	default: return false;
	}
}

static bool step_register(struct run *r, struct cursor *c, uint8_t op)
{
	uint64_t reg;

	switch (op) {
	case DW_CFA_offset_extended:
		reg = cursor_uleb(c);
		set_factored(r, reg, CFI_AT_CFA, (int64_t)cursor_uleb(c));
		return true;
	case DW_CFA_offset_extended_sf:
		reg = cursor_uleb(c);
		set_factored(r, reg, CFI_AT_CFA, cursor_sleb(c));
		return true;
	case DW_CFA_GNU_negative_offset_extended:
		reg = cursor_uleb(c);
		set_factored(r, reg, CFI_AT_CFA, -(int64_t)cursor_uleb(c));
		return true;
	case DW_CFA_val_offset:
		reg = cursor_uleb(c);
		set_factored(r, reg, CFI_CFA_PLUS, (int64_t)cursor_uleb(c));
		return true;
	case DW_CFA_val_offset_sf:
		reg = cursor_uleb(c);
		set_factored(r, reg, CFI_CFA_PLUS, cursor_sleb(c));
		return true;
	case DW_CFA_register:
		reg = cursor_uleb(c);
		set(r, reg, CFI_REGISTER, (int64_t)cursor_uleb(c));
		return true;
	case DW_CFA_restore_extended: restore(r, cursor_uleb(c)); return true;
	case DW_CFA_undefined: set(r, cursor_uleb(c), CFI_UNDEFINED, 0); return true;
	case DW_CFA_same_value: set(r, cursor_uleb(c), CFI_SAME, 0); return true;
	case DW_CFA_expression: set_expression(r, c, CFI_AT_EXPR); return true;
	case DW_CFA_val_expression: set_expression(r, c, CFI_IS_EXPR); return true;
	default: return false;
	}
}

static void step_other(struct run *r, struct cursor *c, uint8_t op)
{
	switch (op) {
	case DW_CFA_nop: break;
	case DW_CFA_set_loc: set_location(r, c); break;
	case DW_CFA_advance_loc1: advance(r, cursor_u8(c)); break;
	case DW_CFA_advance_loc2: advance(r, cursor_u16(c)); break;
	case DW_CFA_advance_loc4: advance(r, cursor_u32(c)); break;
	case DW_CFA_remember_state: remember(r); break;
	case DW_CFA_restore_state: recall(r); break;
	case DW_CFA_GNU_args_size: (void)cursor_uleb(c); break;
	default: r->bad = true;
	}
}

/* One instruction. */
static void step(struct run *r, struct cursor *c)
{
	uint8_t op = cursor_u8(c), low = op & 0x3f;

	switch (op & 0xc0) {
	case DW_CFA_advance_loc: advance(r, low); return;
	case DW_CFA_offset: set_factored(r, low, CFI_AT_CFA, (int64_t)cursor_uleb(c)); return;
	case DW_CFA_restore: restore(r, low); return;
	default: break;
	}
	if (!step_cfa(r, c, op) && !step_register(r, c, op))
		step_other(r, c, op);
}

/* Each instruction takes at least a byte, so this ends. */
static bool run(struct run *r, const unsigned char *from, const unsigned char *to)
{
	struct cursor c = cursor_of(from, (size_t)(to - from));

	while (cursor_left(&c) && !r->bad && !c.bad) {
		/* No instruction that moves on changes the row: it is the one of up to there. */
		step(r, &c);
		if (r->location > r->target)
			break;
	}
	return !r->bad && !c.bad;
}

/*
 * Without a word from the table: what a called function has to leave as it was (System V ABI, 3.2.1 and i386 3.2) is the same,
 * the rest is lost, and the stack pointer is what it was before the call, the CFA.
 */
static void by_convention(struct cfi_row *row, enum regs_machine machine)
{
	static const uint32_t kept[] = {
		[REGS_X86_64] = 1u << REGS64_RBX | 1u << REGS64_RBP | 0xfu << 12 | 1u << REGS64_PC,
		[REGS_I386] = 1u << REGS32_EBX | 1u << REGS32_EBP | 1u << REGS32_ESI |
			1u << REGS32_EDI | 1u << REGS32_PC,
	};

	for (unsigned i = 0; i < regs_count(machine); i++)
		row->rules[i].kind = kept[machine] >> i & 1 ? CFI_SAME : CFI_UNDEFINED;
	row->rules[regs_sp(machine)].kind = CFI_CFA_PLUS;
	row->cfa_reg = (uint8_t)regs_sp(machine);
}

bool cfi_run(
	const struct cfi_table *t, const struct cfi_entry *e, uint64_t vaddr, struct cfi_row *out)
{
	struct run r = {.table = t, .entry = e, .target = vaddr, .location = e->start};

	r.row.ra = e->ra;
	r.row.signal = e->signal;
	by_convention(&r.row, t->machine);
	if (!is_column(&r, e->ra))
		return false;
	if (!run(&r, e->common, e->common_end))
		return false;
	r.initial = r.row;
	r.location = e->start;
	if (!run(&r, e->own, e->own_end))
		return false;
	*out = r.row;
	return true;
}
