/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_ELFFILE_H
#define PTOOLS_SYM_ELFFILE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sym/image.h"
#include "sym/regs.h"

/*
 * Inside common/sym: an ELF file (elf(5)) whose every offset, size and index is checked before use, in either class, of
 * the machines that we know. Headers are kept in the form of the 64-bit class.
 */
struct elffile {
	struct image image; /* owned */
	enum regs_machine machine;
	unsigned type; /* ET_EXEC, ET_DYN... */
	uint64_t entry;
	Elf64_Phdr *segments;
	size_t nsegments;
	Elf64_Shdr *sections;
	size_t nsections;
	struct elffile_str {
		const char *s; /* `size` bytes and none behind them */
		size_t size;
	} section_names;
	struct elffile_expanded
		*expanded; /* sections that are kept compressed, once they were asked for */
};

/*
 * Takes the image over, in case of an error as well. ERR_FORMAT: no ELF file of a machine that is known; -ENOMEM. Damaged
 * section headers are as good as none, for they need not be there.
 */
int elffile_open(struct image image, struct elffile *out) __attribute__((warn_unused_result));
void elffile_free(struct elffile *f);

/* The n bytes at an offset, NULL if the file has not all of them. */
const void *elffile_bytes(const struct elffile *f, uint64_t offset, uint64_t n);

/* The bytes of a loaded segment from a virtual address on; *n how many there are. NULL: not in the file. */
const void *elffile_at(const struct elffile *f, uint64_t vaddr, size_t *n);

/* The segment that has vaddr in memory (also where the file has nothing). NULL: none. */
const Elf64_Phdr *elffile_segment(const struct elffile *f, uint64_t vaddr);

/* The first segment of a type, NULL: none. */
const Elf64_Phdr *elffile_first(const struct elffile *f, uint32_t type);

/* A section by name, or by type; NULL: none. Not one without bytes in the file (SHT_NOBITS). */
const Elf64_Shdr *elffile_section(const struct elffile *f, const char *name);
const Elf64_Shdr *elffile_section_of(const struct elffile *f, uint32_t type);

/*
 * The bytes of a section, *n of them; expanded if they are compressed (SHF_COMPRESSED), at most ELFFILE_EXPAND bytes.
 * NULL: not all in the file, damaged, or too large.
 */
#define ELFFILE_EXPAND ((size_t)256 << 20)
const void *elffile_section_bytes(struct elffile *f, const Elf64_Shdr *s, size_t *n);

/* A name in a string table; NULL if it does not end in there. */
const char *elffile_string(const struct elffile_str *table, uint64_t at);

/* NT_GNU_BUILD_ID, in the file; NULL: none. */
const unsigned char *elffile_build_id(const struct elffile *f, size_t *n);

/* The same among notes somewhere. */
const unsigned char *elffile_build_id_in(const unsigned char *notes, size_t size, size_t *n);

#endif
