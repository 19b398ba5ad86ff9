/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "sym/walk.h"

static struct place *new_place(struct unwind *u)
{
	if (!u->blocks || u->blocks->used == PLACE_BLOCK) {
		struct place_block *b = malloc(sizeof(*b));

		if (!b)
			return NULL;
		b->used = 0;
		b->next = u->blocks;
		u->blocks = b;
	}
	return &u->blocks->v[u->blocks->used++];
}

void places_forget(struct unwind *u)
{
	while (u->blocks) {
		struct place_block *b = u->blocks;

		u->blocks = b->next;
		free(b);
	}
	for (size_t i = 0; i < PLACE_BUCKETS; i++)
		u->bucket[i] = NULL;
}

/* The first code of a program has no caller; _start is short wherever it is written. */
static bool is_entry(const struct module *m, uint64_t vaddr)
{
	enum { START_SIZE = 64 };

	return vaddr >= m->file->elf.entry && vaddr - m->file->elf.entry < START_SIZE;
}

/* What the file that pc is in knows of it. */
static void by_module(struct unwind *u, struct module *m, uint64_t lookup, struct place *p)
{
	p->kind = PLACE_NOTABLE;
	if (!m)
		return;
	p->bias = m->bias;
	switch (cfi_find(u->space, m->file, lookup - m->bias, &p->row)) {
	case CFI_FOUND: p->kind = PLACE_CFI; break;
	case CFI_DAMAGED: p->kind = PLACE_BADTABLE; break;
	default:
		if (is_entry(m, lookup - m->bias))
			p->kind = PLACE_ENTRY;
	}
}

static void look(struct unwind *u, enum regs_machine machine, struct place *p)
{
	uint64_t lookup = p->exact || !p->pc ? p->pc : p->pc - 1;
	unsigned char code[MACHINE_TRAMPOLINE];
	struct space_map map;
	struct module *m;

	p->kind = PLACE_NOWHERE;
	if (!space_map_at(u->space, lookup, &map) || !map.exec)
		return;
	/* A 32-bit thread of a 64-bit program, or the other way round: no file's tables fit. */
	m = space_module(u->space, lookup);
	if (m && m->file->elf.machine != machine)
		m = NULL;
	if (!p->exact && space_read(u->space, p->pc, code, sizeof(code)) == 0 &&
		(p->trampoline = (uint8_t)machine_trampoline(machine, code))) {
		p->kind = PLACE_TRAMPOLINE;
		return;
	}
	by_module(u, m, lookup, p);
}

struct place *place_of(struct unwind *u, enum regs_machine machine, uint64_t pc, bool exact)
{
	uint64_t hash = (pc * 2 + exact) * 0x9e3779b97f4a7c15u;
	struct place **bucket = &u->bucket[hash >> 32 & (PLACE_BUCKETS - 1)], *p;

	for (p = *bucket; p; p = p->next) {
		if (p->pc == pc && p->exact == exact)
			return p;
	}
	p = new_place(u);
	if (!p)
		return NULL;
	*p = (struct place){.pc = pc, .exact = exact, .after_call = -1, .next = *bucket};
	*bucket = p;
	look(u, machine, p);
	return p;
}

bool place_is_return(struct unwind *u, enum regs_machine machine, uint64_t pc)
{
	struct place *p = place_of(u, machine, pc, false);
	unsigned char before[MACHINE_CALL];

	if (!p || p->kind == PLACE_NOWHERE)
		return false;
	if (p->after_call < 0)
		p->after_call = pc > MACHINE_CALL &&
			space_read(u->space, pc - MACHINE_CALL, before, sizeof(before)) == 0 &&
			machine_after_call(machine, before);
	return p->after_call > 0 || p->kind == PLACE_TRAMPOLINE;
}
