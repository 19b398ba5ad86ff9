/* SPDX-License-Identifier: MIT */
/* The arguments of a function, out of where the compiler says that it kept them at an address. */
#include <dwarf.h>
#include <string.h>

#include "base/escape.h"
#include "sym/cfi.h"
#include "sym/expr.h"
#include "sym/source_read.h"
#include "sym/value.h"

struct frame_world {
	struct space *space;
	struct mapped_file *file;
	uint64_t vaddr;
	struct expr_world world;
	const struct source_memory *memory;
};

static bool read_word(void *ctx, uint64_t addr, unsigned size, uint64_t *out)
{
	const struct source_memory *m = ctx;

	*out = 0;
	return m->read(m->ctx, addr, out, size) == size;
}

static size_t convert(const Dwarf_Op *from, size_t n, struct expr_op *to)
{
	if (n > EXPR_OPS)
		return 0;
	for (size_t i = 0; i < n; i++)
		to[i] = (struct expr_op){
			from[i].atom, from[i].number, from[i].number2, from[i].offset};
	return n;
}

static bool evaluate(struct frame_world *f, const Dwarf_Op *from, size_t n, uint64_t *out)
{
	struct expr_op ops[EXPR_OPS];
	size_t count = convert(from, n, ops);

	return count && expr_eval(&f->world, ops, count, false, out);
}

/* The canonical frame address, which most places count from. */
static void find_cfa(struct frame_world *f)
{
	struct cfi_row row;
	struct expr_op ops[EXPR_OPS];
	size_t n;

	if (cfi_find(f->space, f->file, f->vaddr, &row) != CFI_FOUND)
		return;
	if (!row.cfa_expr) {
		f->world.have_cfa = regs_has(f->world.regs, row.cfa_reg);
		if (f->world.have_cfa)
			f->world.cfa = f->world.regs->v[row.cfa_reg] + (uint64_t)row.cfa_offset;
		return;
	}
	n = expr_parse(f->world.regs->machine, row.cfa_expr, (size_t)row.cfa_offset, ops);
	f->world.have_cfa = n && expr_eval(&f->world, ops, n, false, &f->world.cfa);
}

/* A register's value, where the whole place is one. */
static bool is_register(const Dwarf_Op *op, size_t n, unsigned *reg)
{
	if (n != 1)
		return false;
	if (op->atom >= DW_OP_reg0 && op->atom <= DW_OP_reg31)
		*reg = op->atom - (unsigned)DW_OP_reg0;
	else if (op->atom == DW_OP_regx && op->number < REGS_COUNT)
		*reg = (unsigned)op->number;
	else
		return false;
	return true;
}

static void find_frame_base(struct frame_world *f, Dwarf_Die *function)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t n;
	unsigned reg;

	if (dwarf_getlocation_addr(dwarf_attr_integrate(function, DW_AT_frame_base, &attr),
		    f->vaddr, &ops, &n, 1) <= 0)
		return;
	if (is_register(ops, n, &reg)) {
		f->world.have_frame_base = regs_has(f->world.regs, reg);
		if (f->world.have_frame_base)
			f->world.frame_base = f->world.regs->v[reg];
	} else
		f->world.have_frame_base = evaluate(f, ops, n, &f->world.frame_base);
}

/* Where it is, or what it is. False: nobody knows any more. */
static bool place_value(struct frame_world *f, Dwarf_Die *var, struct value *v)
{
	Dwarf_Attribute attr;
	Dwarf_Sword constant;
	Dwarf_Op *ops;
	size_t n;
	unsigned reg;

	if (dwarf_formsdata(dwarf_attr_integrate(var, DW_AT_const_value, &attr), &constant) == 0) {
		v->word = (uint64_t)constant;
		return true;
	}
	if (dwarf_getlocation_addr(
		    dwarf_attr_integrate(var, DW_AT_location, &attr), f->vaddr, &ops, &n, 1) <= 0 ||
		!n)
		return false;
	if (is_register(ops, n, &reg)) {
		v->word = reg < REGS_COUNT ? f->world.regs->v[reg] : 0;
		return regs_has(f->world.regs, reg);
	}
	v->in_memory = ops[n - 1].atom != DW_OP_stack_value;
	return evaluate(f, ops, v->in_memory ? n : n - 1, v->in_memory ? &v->addr : &v->word);
}

static void add_one(struct frame_world *f, Dwarf_Die *var, struct buf *out)
{
	struct value v = {.memory = f->memory, .machine = f->world.regs->machine};
	const char *name = dwarf_diename(var);

	if (name)
		escape_add(out, name, strnlen(name, SOURCE_STRING));
	buf_chr(out, '=');
	if (place_value(f, var, &v))
		value_add(out, var, &v);
	else
		buf_chr(out, '?');
}

static void add_all(struct frame_world *f, Dwarf_Die *function, struct buf *out)
{
	unsigned steps = 0, n = 0;
	Dwarf_Die die;

	if (dwarf_child(function, &die) != 0)
		return;
	do {
		if (dwarf_tag(&die) != DW_TAG_formal_parameter)
			continue;
		if (n == SOURCE_ARGS) {
			buf_str(out, ", ...");
			return;
		}
		if (n++)
			buf_str(out, ", ");
		add_one(f, &die, out);
	} while (debuginfo_next(&die, &steps));
}

bool source_read_args(struct space *s, uint64_t addr, const struct regs *regs,
	const struct source_memory *memory, struct buf *out)
{
	struct module *m = space_module(s, addr);
	struct debuginfo_place place;
	struct frame_world f;

	if (!m || !debuginfo_find(s, m->file, addr - m->bias, &place) || !place.n)
		return false;
	f = (struct frame_world){.space = s,
		.file = m->file,
		.vaddr = place.vaddr,
		.memory = memory,
		.world = {.regs = regs,
			.bias = m->bias,
			.read = read_word,
			.ctx = (void *)(uintptr_t)memory}};
	find_cfa(&f);
	find_frame_base(&f, &place.inside[0]);
	add_all(&f, &place.inside[0], out);
	return true;
}
