/* SPDX-License-Identifier: MIT */
#include "sym/table.h"

#include <string.h>

static size_t symbol_size(const struct elffile *f)
{
	return f->machine == REGS_X86_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
}

bool table_of_section(struct elffile *f, uint32_t type, struct symbol_table *out)
{
	const Elf64_Shdr *s = elffile_section_of(f, type);
	size_t n, names;

	*out = (struct symbol_table){.file = f, .entry = symbol_size(f)};
	if (!s || s->sh_type == SHT_NOBITS || s->sh_link >= f->nsections)
		return false;
	out->at = elffile_section_bytes(f, s, &n);
	out->count = out->at ? n / out->entry : 0;
	out->names.s = elffile_section_bytes(f, &f->sections[s->sh_link], &names);
	out->names.size = out->names.s ? names : 0;
	return out->count && out->names.s;
}

Elf64_Sym table_symbol(const struct symbol_table *t, size_t i)
{
	Elf64_Sym wide;
	Elf32_Sym s;

	if (t->entry == sizeof(wide)) {
		memcpy(&wide, t->at + i * sizeof(wide), sizeof(wide));
		return wide;
	}
	memcpy(&s, t->at + i * sizeof(s), sizeof(s));
	return (Elf64_Sym){.st_name = s.st_name,
		.st_info = s.st_info,
		.st_other = s.st_other,
		.st_shndx = s.st_shndx,
		.st_value = s.st_value,
		.st_size = s.st_size};
}

const char *table_name(const struct symbol_table *t, const Elf64_Sym *sym)
{
	return sym->st_name ? elffile_string(&t->names, sym->st_name) : NULL;
}

/* --- what PT_DYNAMIC says ------------------------------------------------------------------------ */

struct dynamic {
	uint64_t symtab, strtab, strsz, hash, gnu_hash;
};

static void take_dynamic(
	const struct elffile *f, const unsigned char *at, size_t n, struct dynamic *d)
{
	bool wide = f->machine == REGS_X86_64;
	size_t size = wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);

	for (; n >= size; at += size, n -= size) {
		Elf64_Dyn e;
		Elf32_Dyn e32;

		memcpy(&e32, at, sizeof(e32));
		e.d_tag = e32.d_tag;
		e.d_un.d_val = e32.d_un.d_val;
		if (wide)
			memcpy(&e, at, sizeof(e));
		switch (e.d_tag) {
		case DT_NULL: return;
		case DT_SYMTAB: d->symtab = e.d_un.d_val; break;
		case DT_STRTAB: d->strtab = e.d_un.d_val; break;
		case DT_STRSZ: d->strsz = e.d_un.d_val; break;
		case DT_HASH: d->hash = e.d_un.d_val; break;
		case DT_GNU_HASH: d->gnu_hash = e.d_un.d_val; break;
		default: break;
		}
	}
}

/* The run-time linker has added the bias in memory, but not for every object (the vDSO). */
static const unsigned char *bytes_at(
	const struct elffile *f, uint64_t addr, uint64_t bias, size_t *n)
{
	const unsigned char *p = addr ? elffile_at(f, addr, n) : NULL;

	return p || !addr ? p : elffile_at(f, addr - bias, n);
}

static uint32_t word_at(const unsigned char *p, size_t i)
{
	uint32_t v;

	memcpy(&v, p + 4 * i, sizeof(v));
	return v;
}

/* DT_HASH: buckets, chains; as many chains as symbols. */
static size_t count_by_hash(const struct elffile *f, uint64_t addr, uint64_t bias)
{
	size_t n;
	const unsigned char *p = bytes_at(f, addr, bias, &n);

	return p && n >= 8 ? word_at(p, 1) : 0;
}

/* DT_GNU_HASH: four words, a filter, buckets with first symbols, chains; a chain ends with bit 0. */
static size_t count_by_gnu_hash(const struct elffile *f, uint64_t addr, uint64_t bias)
{
	size_t n, word = f->machine == REGS_X86_64 ? 8 : 4, last = 0;
	const unsigned char *p = bytes_at(f, addr, bias, &n);
	uint64_t buckets, first, at;

	if (!p || n < 16)
		return 0;
	buckets = word_at(p, 0);
	first = word_at(p, 1);
	at = 16 + word_at(p, 2) * (uint64_t)word;
	if (at > n || buckets > (n - at) / 4)
		return 0;
	for (size_t i = 0; i < buckets; i++) {
		uint32_t v = word_at(p + at, i);

		if (v > last)
			last = v;
	}
	if (last < first)
		return (size_t)first;
	at += 4 * buckets;
	for (uint64_t i = last - first; (i + 1) * 4 <= n - at; i++, last++) {
		if (word_at(p + at, i) & 1)
			return last + 1;
	}
	return last;
}

bool table_of_dynamic(const struct elffile *f, uint64_t bias, struct symbol_table *out)
{
	const Elf64_Phdr *p = elffile_first(f, PT_DYNAMIC);
	struct dynamic d = {0};
	const unsigned char *at;
	size_t n = 0, names = 0;

	*out = (struct symbol_table){.file = f, .entry = symbol_size(f)};
	at = p ? elffile_at(f, p->p_vaddr, &n) : NULL;
	if (!at)
		return false;
	take_dynamic(f, at, n < p->p_filesz ? n : p->p_filesz, &d);
	out->at = bytes_at(f, d.symtab, bias, &n);
	out->names.s = (const char *)bytes_at(f, d.strtab, bias, &names);
	if (!out->at || !out->names.s)
		return false;
	out->names.size = names < d.strsz ? names : d.strsz;
	out->count =
		d.hash ? count_by_hash(f, d.hash, bias) : count_by_gnu_hash(f, d.gnu_hash, bias);
	if (out->count > n / out->entry)
		out->count = n / out->entry;
	return out->count;
}

/* --- relocations --------------------------------------------------------------------------------- */

static bool is_reloc(const Elf64_Shdr *s)
{
	return s->sh_type == SHT_RELA || s->sh_type == SHT_REL;
}

/* R_X86_64_IRELATIVE and R_386_IRELATIVE. */
static bool is_irelative(const struct elffile *f, uint32_t type)
{
	return type == (f->machine == REGS_X86_64 ? R_X86_64_IRELATIVE : R_386_IRELATIVE);
}

static bool one_reloc(
	const struct elffile *f, const unsigned char *at, uint64_t slot, struct table_reloc *out)
{
	Elf64_Rela wide;
	Elf32_Rel narrow;
	const unsigned char *there;
	uint32_t addend = 0;
	size_t n;

	if (f->machine == REGS_X86_64) {
		memcpy(&wide, at, sizeof(wide));
		if (wide.r_offset != slot)
			return false;
		*out = (struct table_reloc){(uint32_t)ELF64_R_SYM(wide.r_info),
			(uint64_t)wide.r_addend,
			is_irelative(f, (uint32_t)ELF64_R_TYPE(wide.r_info))};
		return true;
	}
	memcpy(&narrow, at, sizeof(narrow));
	if (narrow.r_offset != slot)
		return false;
	there = elffile_at(f, slot, &n); /* the addend is where it is added */
	if (there && n >= 4)
		addend = word_at(there, 0);
	*out = (struct table_reloc){
		ELF32_R_SYM(narrow.r_info), addend, is_irelative(f, ELF32_R_TYPE(narrow.r_info))};
	return true;
}

bool table_reloc_at(struct elffile *f, uint64_t slot, struct table_reloc *out)
{
	size_t size = f->machine == REGS_X86_64 ? sizeof(Elf64_Rela) : sizeof(Elf32_Rel);
	uint32_t kind = f->machine == REGS_X86_64 ? SHT_RELA : SHT_REL;

	for (size_t i = 1; i < f->nsections; i++) {
		const Elf64_Shdr *s = &f->sections[i];
		const unsigned char *at;
		size_t n;

		if (!is_reloc(s) || s->sh_type != kind || !(at = elffile_section_bytes(f, s, &n)))
			continue;
		for (; n >= size; at += size, n -= size) {
			if (one_reloc(f, at, slot, out))
				return true;
		}
	}
	return false;
}
