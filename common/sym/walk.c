/* SPDX-License-Identifier: MIT */
/* Steps from a frame to its caller. */
#include "sym/walk.h"

#include <string.h>

#include "sym/expr.h"

bool walk_end(struct walk *w, enum unwind_end end, uint64_t where)
{
	w->result->end = end;
	w->result->where = where;
	return false;
}

bool walk_read(void *walk, uint64_t addr, unsigned size, uint64_t *out)
{
	struct walk *w = walk;
	const struct unwind_stack *s = w->stack;

	*out = 0;
	if (addr >= s->start && addr - s->start < s->size && s->size - (addr - s->start) >= size) {
		memcpy(out, (const char *)s->bytes + (addr - s->start), size);
		return true;
	}
	return space_read(w->u->space, addr, out, size) == 0;
}

static unsigned word(const struct walk *w)
{
	return w->regs.machine == REGS_X86_64 ? 8 : 4;
}

static uint64_t wrap(const struct walk *w, uint64_t addr)
{
	return w->regs.machine == REGS_X86_64 ? addr : (uint32_t)addr;
}

/* A register is missing: with all of them at hand to begin with it is the table that makes no sense. */
static bool missing(struct walk *w, uint32_t needed)
{
	if (w->stack->regs.have == regs_all(w->regs.machine))
		return walk_end(w, UNWIND_BADTABLE, w->regs.v[regs_pc(w->regs.machine)]);
	w->result->needed = needed;
	return walk_end(w, UNWIND_NEEDS, w->regs.v[regs_pc(w->regs.machine)]);
}

static bool evaluate(struct walk *w, const struct place *p, const unsigned char *expr, uint64_t n,
	const uint64_t *cfa, uint64_t *out)
{
	struct expr_op ops[EXPR_OPS];
	struct expr_world world = {.regs = &w->regs, .bias = p->bias, .read = walk_read, .ctx = w};
	size_t count = expr_parse(w->regs.machine, expr, n, ops);

	if (cfa)
		world.cfa = *cfa;
	if (count && expr_eval(&world, ops, count, cfa, out)) {
		*out = wrap(w, *out);
		return true;
	}
	if (world.needed)
		return missing(w, world.needed);
	if (world.unreadable)
		return walk_end(w, UNWIND_UNREADABLE, world.unreadable);
	return walk_end(w, UNWIND_BADTABLE, p->pc);
}

static bool canonical_frame(struct walk *w, const struct place *p, uint64_t *cfa)
{
	const struct cfi_row *r = &p->row;

	if (r->cfa_expr)
		return evaluate(w, p, r->cfa_expr, (uint64_t)r->cfa_offset, NULL, cfa);
	if (!regs_has(&w->regs, r->cfa_reg))
		return missing(w, 1u << r->cfa_reg);
	*cfa = wrap(w, w->regs.v[r->cfa_reg] + (uint64_t)r->cfa_offset);
	return true;
}

/* One register of the caller. False: the walk has ended. */
static bool restore(
	struct walk *w, const struct place *p, unsigned reg, uint64_t cfa, struct regs *next)
{
	const struct cfi_rule *rule = &p->row.rules[reg];
	uint64_t addr = wrap(w, cfa + (uint64_t)rule->offset);

	next->have |= 1u << reg;
	switch (rule->kind) {
	case CFI_CFA_PLUS: next->v[reg] = addr; return true;
	case CFI_IS_EXPR:
		return evaluate(w, p, rule->expr, (uint64_t)rule->offset, &cfa, &next->v[reg]);
	case CFI_AT_EXPR:
		if (!evaluate(w, p, rule->expr, (uint64_t)rule->offset, &cfa, &addr))
			return false;
		break;
	case CFI_AT_CFA: break;
	case CFI_REGISTER:
		if (regs_has(&w->regs, (unsigned)rule->offset)) {
			next->v[reg] = w->regs.v[rule->offset];
			return true;
		}
		next->have &= ~(1u << reg);
		return reg != p->row.ra || missing(w, 1u << rule->offset);
	case CFI_SAME:
		next->have = (next->have & ~(1u << reg)) | (w->regs.have & 1u << reg);
		return true;
	default: next->have &= ~(1u << reg); return true;
	}
	if (walk_read(w, addr, word(w), &next->v[reg]))
		return true;
	/* Only where it leads nowhere without: a register may be saved where nobody looks for it. */
	next->have &= ~(1u << reg);
	return reg != p->row.ra || walk_end(w, UNWIND_UNREADABLE, addr);
}

bool walk_by_row(struct walk *w, const struct place *p)
{
	unsigned pc = regs_pc(w->regs.machine), ra = p->row.ra;
	struct regs next = w->regs;
	uint64_t cfa;

	if (p->row.rules[ra].kind == CFI_UNDEFINED)
		return walk_end(w, UNWIND_BOTTOM, 0);
	if (!canonical_frame(w, p, &cfa))
		return false;
	for (unsigned i = 0; i < regs_count(w->regs.machine); i++) {
		if (!restore(w, p, i, cfa, &next))
			return false;
	}
	if (!regs_has(&next, ra))
		return walk_end(w, UNWIND_BADTABLE, p->pc);
	next.v[pc] = next.v[ra];
	next.have |= 1u << pc;
	/* A return address that never changes leads nowhere. */
	if (p->row.rules[ra].kind == CFI_SAME && ra == pc)
		return walk_end(w, UNWIND_BADTABLE, p->pc);
	w->regs = next;
	return true;
}

bool walk_by_signal(struct walk *w, const struct place *p)
{
	uint64_t where = 0;

	if (!machine_interrupted(
		    &w->regs, (enum machine_trampoline)p->trampoline, walk_read, w, &where))
		return walk_end(w, UNWIND_UNREADABLE, where);
	return true;
}
