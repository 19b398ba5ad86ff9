/* SPDX-License-Identifier: MIT */
/*
 * Entries of a procedure linkage table have no symbols. They jump to where a slot of the global offset table leads, and the
 * relocation of that slot names the function; no need to know which of the linkers' many tables it is.
 */
#include <string.h>

#include "sym/lookup.h"

enum { ENTRY = 16, SMALL = 8 };

/* The slot that the jump in an entry goes through. False: it is no such entry. */
static bool slot_of(const struct elffile *f, uint64_t vaddr, uint64_t *slot)
{
	static const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa},
				   endbr32[] = {0xf3, 0x0f, 0x1e, 0xfb};
	const Elf64_Shdr *got;
	size_t n, at = 0;
	const unsigned char *p = elffile_at(f, vaddr, &n);
	int32_t disp;

	if (!p || n < ENTRY)
		return false;
	if (memcmp(p, endbr64, 4) == 0 || memcmp(p, endbr32, 4) == 0)
		at = 4;
	if (p[at] == 0xf2) /* bnd */
		at++;
	if (p[at] != 0xff || (p[at + 1] != 0x25 && p[at + 1] != 0xa3))
		return false;
	memcpy(&disp, p + at + 2, sizeof(disp));
	if (f->machine == REGS_X86_64) {
		*slot = vaddr + at + 6 + (uint64_t)(int64_t)disp;
		return p[at + 1] == 0x25;
	}
	if (p[at + 1] == 0x25) {
		*slot = (uint32_t)disp;
		return true;
	}
	/* From ebx, which points to the table. */
	got = elffile_section(f, ".got.plt");
	got = got ? got : elffile_section(f, ".got");
	*slot = got ? (uint32_t)(got->sh_addr + (uint64_t)(int64_t)disp) : 0;
	return got;
}

/* The name of the function that an IRELATIVE relocation calls, which is in the file itself. */
static const char *chooser(struct elffile *f, uint64_t vaddr)
{
	struct symbol_table t;
	struct lookup l = {.vaddr = vaddr};

	if (table_of_section(f, SHT_SYMTAB, &t) || table_of_section(f, SHT_DYNSYM, &t))
		lookup_in_table(&t, &l, 1);
	return l.start == vaddr ? l.name : NULL;
}

static bool entry_at(struct elffile *f, uint64_t vaddr, struct lookup *l)
{
	struct table_reloc reloc;
	struct symbol_table t;
	uint64_t slot;

	if (!slot_of(f, vaddr, &slot) || !table_reloc_at(f, slot, &reloc))
		return false;
	if (reloc.irelative)
		l->name = chooser(f, reloc.addend);
	else if (table_of_section(f, SHT_DYNSYM, &t) && reloc.symbol < t.count) {
		Elf64_Sym sym = table_symbol(&t, reloc.symbol);

		l->name = table_name(&t, &sym);
	}
	l->start = vaddr;
	l->plt = l->name;
	return l->name;
}

void lookup_plt(struct elffile *f, struct lookup *l)
{
	if (entry_at(f, l->vaddr & -(uint64_t)ENTRY, l))
		l->size = ENTRY;
	else if (entry_at(f, l->vaddr & -(uint64_t)SMALL, l))
		l->size = SMALL;
}
