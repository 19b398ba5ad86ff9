/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_TABLE_H
#define PTOOLS_SYM_TABLE_H

#include "sym/elffile.h"

/* Inside common/sym: symbol tables and relocations of one file, bounds checked. */

/* A table of symbols and the names they are called by. */
struct symbol_table {
	const struct elffile *file;
	const unsigned char *at;
	size_t count, entry; /* entry: bytes of one */
	struct elffile_str names;
};

/* SHT_SYMTAB or SHT_DYNSYM. False: the file has none. */
bool table_of_section(struct elffile *f, uint32_t type, struct symbol_table *out);

/* The dynamic one, found as the run-time linker does; for images without section headers. bias: PT_DYNAMIC's addresses may
 * have it added, in memory. */
bool table_of_dynamic(const struct elffile *f, uint64_t bias, struct symbol_table *out);

/* One symbol in the form of the 64-bit class; i below count. */
Elf64_Sym table_symbol(const struct symbol_table *t, size_t i);

/* NULL: none, or no end. */
const char *table_name(const struct symbol_table *t, const Elf64_Sym *sym);

/* What is patched at a slot of the global offset table: symbol index and addend. False: nothing is known. */
struct table_reloc {
	uint32_t symbol; /* in the dynamic table; 0: none */
	uint64_t addend; /* of an IRELATIVE one: the function that chooses the function */
	bool irelative;
};
bool table_reloc_at(struct elffile *f, uint64_t slot, struct table_reloc *out);

#endif
