/* SPDX-License-Identifier: MIT */
/*
 * One pass over a table answers all addresses that are looked for in it: there are few of them and many symbols, so the
 * table is not sorted, and each symbol finds by halving which of the addresses it has.
 */
#include "sym/lookup.h"

#include <string.h>

/* The first of v that is at or above vaddr. */
static size_t first_from(const struct lookup *v, size_t n, uint64_t vaddr)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (v[mid].vaddr < vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool is_code(const struct symbol_table *t, const Elf64_Sym *sym)
{
	unsigned type = ELF64_ST_TYPE(sym->st_info);

	if (sym->st_shndx == SHN_UNDEF ||
		(sym->st_shndx >= SHN_LORESERVE && sym->st_shndx != SHN_XINDEX))
		return false;
	if (type == STT_FUNC || type == STT_GNU_IFUNC)
		return true;
	/* Labels of assembler, but not those of data. */
	return type == STT_NOTYPE &&
		(sym->st_shndx >= t->file->nsections ||
			t->file->sections[sym->st_shndx].sh_flags & SHF_EXECINSTR);
}

/* The lower, the better. */
static unsigned rank_of(const Elf64_Sym *sym, const char *name)
{
	unsigned bind = ELF64_ST_BIND(sym->st_info), underscores = (unsigned)strspn(name, "_");

	if (underscores > 15)
		underscores = 15;
	return (ELF64_ST_TYPE(sym->st_info) == STT_NOTYPE) << 6 | (bind == STB_LOCAL) << 5 |
		underscores << 1 | (bind == STB_WEAK);
}

static bool better_name(const char *name, const char *than)
{
	size_t a = strlen(name), b = strlen(than);

	return a != b ? a < b : strcmp(name, than) < 0;
}

/* A symbol whose range has the address: the innermost one, then the best named. */
static void offer(struct lookup *l, const struct symbol_table *t, const Elf64_Sym *sym)
{
	const char *name;
	unsigned rank;

	if (l->name && sym->st_value < l->start)
		return;
	name = table_name(t, sym);
	if (!name)
		return;
	rank = rank_of(sym, name);
	if (l->name && sym->st_value == l->start &&
		(rank > l->rank || (rank == l->rank && !better_name(name, l->name))))
		return;
	l->name = name;
	l->start = sym->st_value;
	l->size = sym->st_size;
	l->rank = rank;
}

static void offer_label(struct lookup *l, const struct symbol_table *t, const Elf64_Sym *sym)
{
	const char *name;

	if (l->label_name && sym->st_value < l->label)
		return;
	name = table_name(t, sym);
	if (!name ||
		(l->label_name && sym->st_value == l->label && !better_name(name, l->label_name)))
		return;
	l->label = sym->st_value;
	l->label_name = name;
}

static void take(const struct symbol_table *t, const Elf64_Sym *sym, struct lookup *v, size_t n)
{
	uint64_t end = sym->st_value + sym->st_size;
	size_t i = first_from(v, n, sym->st_value);

	if (i == n || end < sym->st_value)
		return;
	if (sym->st_value > v[i].below)
		v[i].below = sym->st_value;
	if (!sym->st_size)
		offer_label(&v[i], t, sym);
	for (; i < n && v[i].vaddr < end; i++) {
		if (!v[i].done)
			offer(&v[i], t, sym);
	}
}

static bool same_section(const struct elffile *f, uint64_t a, uint64_t b)
{
	for (size_t i = 1; i < f->nsections; i++) {
		const Elf64_Shdr *s = &f->sections[i];

		if ((s->sh_flags & SHF_ALLOC) && a >= s->sh_addr && a - s->sh_addr < s->sh_size)
			return b >= s->sh_addr && b - s->sh_addr < s->sh_size;
	}
	return !f->nsections && elffile_segment(f, a) == elffile_segment(f, b);
}

/* Labels go on until the next symbol, whatever it is. */
static void spread_labels(const struct symbol_table *t, struct lookup *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct lookup *l = &v[i], *before = i ? &v[i - 1] : l;

		if (before->below > l->below)
			l->below = before->below;
		if (before->label_name && (!l->label_name || before->label > l->label)) {
			l->label = before->label;
			l->label_name = before->label_name;
		}
		if (!l->name && l->label_name && l->label == l->below &&
			same_section(t->file, l->label, l->vaddr)) {
			l->name = l->label_name;
			l->start = l->label;
			l->size = 0;
		}
	}
}

void lookup_in_table(const struct symbol_table *t, struct lookup *v, size_t n)
{
	uint64_t last = n ? v[n - 1].vaddr : 0;

	for (size_t i = 0; i < n; i++) {
		v[i].label_name = NULL;
		v[i].below = 0;
		v[i].done = v[i].name;
	}
	for (size_t i = 0; n && i < t->count; i++) {
		Elf64_Sym sym = table_symbol(t, i);

		if (sym.st_value <= last && sym.st_value && is_code(t, &sym))
			take(t, &sym, v, n);
	}
	spread_labels(t, v, n);
}
