/* SPDX-License-Identifier: MIT */
#include "sym/elffile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* More than any linker makes. */
#define SECTIONS_MAX (1u << 20)

const void *elffile_bytes(const struct elffile *f, uint64_t offset, uint64_t n)
{
	if (offset > f->image.size || n > f->image.size - offset)
		return NULL;
	return f->image.data + offset;
}

/* Where the tables of headers are, in the form of the 64-bit class. */
static bool take_header(struct elffile *f, Elf64_Ehdr *out)
{
	const Elf64_Ehdr *wide = elffile_bytes(f, 0, sizeof(*wide));
	const Elf32_Ehdr *narrow = elffile_bytes(f, 0, sizeof(*narrow));

	if (!narrow || memcmp(narrow->e_ident, ELFMAG, SELFMAG) != 0 ||
		narrow->e_ident[EI_DATA] != ELFDATA2LSB)
		return false;
	if (narrow->e_ident[EI_CLASS] == ELFCLASS64 && wide && wide->e_machine == EM_X86_64) {
		f->machine = REGS_X86_64;
		memcpy(out, wide, sizeof(*out));
		return true;
	}
	/* x32 programs are of the 32-bit class and the 64-bit machine: not known. */
	if (narrow->e_ident[EI_CLASS] != ELFCLASS32 || narrow->e_machine != EM_386)
		return false;
	f->machine = REGS_I386;
	*out = (Elf64_Ehdr){.e_type = narrow->e_type,
		.e_entry = narrow->e_entry,
		.e_phoff = narrow->e_phoff,
		.e_shoff = narrow->e_shoff,
		.e_phentsize = narrow->e_phentsize,
		.e_phnum = narrow->e_phnum,
		.e_shentsize = narrow->e_shentsize,
		.e_shnum = narrow->e_shnum,
		.e_shstrndx = narrow->e_shstrndx};
	return true;
}

static Elf64_Phdr segment(const struct elffile *f, const unsigned char *at)
{
	Elf64_Phdr wide;
	Elf32_Phdr p;

	if (f->machine == REGS_X86_64) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&p, at, sizeof(p));
	return (Elf64_Phdr){.p_type = p.p_type,
		.p_flags = p.p_flags,
		.p_offset = p.p_offset,
		.p_vaddr = p.p_vaddr,
		.p_filesz = p.p_filesz,
		.p_memsz = p.p_memsz,
		.p_align = p.p_align};
}

static Elf64_Shdr section(const struct elffile *f, const unsigned char *at)
{
	Elf64_Shdr wide;
	Elf32_Shdr s;

	if (f->machine == REGS_X86_64) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&s, at, sizeof(s));
	return (Elf64_Shdr){.sh_name = s.sh_name,
		.sh_type = s.sh_type,
		.sh_flags = s.sh_flags,
		.sh_addr = s.sh_addr,
		.sh_offset = s.sh_offset,
		.sh_size = s.sh_size,
		.sh_link = s.sh_link,
		.sh_info = s.sh_info,
		.sh_addralign = s.sh_addralign,
		.sh_entsize = s.sh_entsize};
}

static int take_segments(struct elffile *f, const Elf64_Ehdr *h)
{
	size_t size = f->machine == REGS_X86_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	const unsigned char *at;

	if (!h->e_phnum)
		return 0; /* a debug file may do without */
	at = elffile_bytes(f, h->e_phoff, (uint64_t)h->e_phnum * size);
	if (!at || h->e_phentsize != size)
		return ERR_FORMAT;
	f->segments = calloc(h->e_phnum, sizeof(*f->segments));
	if (!f->segments)
		return -ENOMEM;
	for (; f->nsegments < h->e_phnum; f->nsegments++)
		f->segments[f->nsegments] = segment(f, at + f->nsegments * size);
	return 0;
}

/* Numbers that do not fit into the header are in section 0. */
static int take_sections(struct elffile *f, const Elf64_Ehdr *h)
{
	size_t size = f->machine == REGS_X86_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	const unsigned char *at = elffile_bytes(f, h->e_shoff, size);
	uint64_t n = h->e_shnum, names = h->e_shstrndx;
	Elf64_Shdr first;

	if (!h->e_shoff || h->e_shentsize != size || !at)
		return 0;
	first = section(f, at);
	if (!n)
		n = first.sh_size;
	if (names == SHN_XINDEX)
		names = first.sh_link;
	if (!n || n > SECTIONS_MAX || !elffile_bytes(f, h->e_shoff, n * size))
		return 0;
	f->sections = calloc(n, sizeof(*f->sections));
	if (!f->sections)
		return -ENOMEM;
	for (; f->nsections < n; f->nsections++)
		f->sections[f->nsections] = section(f, at + f->nsections * size);
	if (names < n && f->sections[names].sh_type == SHT_STRTAB) {
		const Elf64_Shdr *s = &f->sections[names];

		f->section_names.s = elffile_bytes(f, s->sh_offset, s->sh_size);
		f->section_names.size = f->section_names.s ? s->sh_size : 0;
	}
	return 0;
}

int elffile_open(struct image image, struct elffile *out)
{
	Elf64_Ehdr header = {0};
	int err;

	*out = (struct elffile){.image = image};
	err = take_header(out, &header) ? take_segments(out, &header) : ERR_FORMAT;
	out->type = header.e_type;
	out->entry = header.e_entry;
	if (!err)
		err = take_sections(out, &header);
	if (err)
		elffile_free(out);
	return err;
}

const Elf64_Phdr *elffile_segment(const struct elffile *f, uint64_t vaddr)
{
	for (size_t i = 0; i < f->nsegments; i++) {
		const Elf64_Phdr *p = &f->segments[i];

		if (p->p_type == PT_LOAD && vaddr >= p->p_vaddr && vaddr - p->p_vaddr < p->p_memsz)
			return p;
	}
	return NULL;
}

const void *elffile_at(const struct elffile *f, uint64_t vaddr, size_t *n)
{
	const Elf64_Phdr *p = elffile_segment(f, vaddr);
	uint64_t into, left;

	*n = 0;
	if (!p || vaddr - p->p_vaddr >= p->p_filesz)
		return NULL;
	into = vaddr - p->p_vaddr;
	left = p->p_filesz - into;
	if (p->p_offset > f->image.size || into >= f->image.size - p->p_offset)
		return NULL;
	if (left > f->image.size - p->p_offset - into)
		left = f->image.size - p->p_offset - into;
	*n = left;
	return f->image.data + p->p_offset + into;
}

const Elf64_Phdr *elffile_first(const struct elffile *f, uint32_t type)
{
	for (size_t i = 0; i < f->nsegments; i++) {
		if (f->segments[i].p_type == type)
			return &f->segments[i];
	}
	return NULL;
}

const char *elffile_string(const struct elffile_str *table, uint64_t at)
{
	if (!table->s || at >= table->size || !memchr(table->s + at, '\0', table->size - at))
		return NULL;
	return table->s + at;
}

const Elf64_Shdr *elffile_section(const struct elffile *f, const char *name)
{
	size_t n = strlen(name) + 1;

	for (size_t i = 1; i < f->nsections; i++) {
		const Elf64_Shdr *s = &f->sections[i];

		if (s->sh_type != SHT_NOBITS && s->sh_name < f->section_names.size &&
			f->section_names.size - s->sh_name >= n &&
			memcmp(f->section_names.s + s->sh_name, name, n) == 0)
			return s;
	}
	return NULL;
}

const Elf64_Shdr *elffile_section_of(const struct elffile *f, uint32_t type)
{
	for (size_t i = 1; i < f->nsections; i++) {
		if (f->sections[i].sh_type == type)
			return &f->sections[i];
	}
	return NULL;
}

#define ALIGN4(n) (((size_t)(n) + 3) & ~(size_t)3)

const unsigned char *elffile_build_id_in(const unsigned char *p, size_t size, size_t *n)
{
	while (size >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr h; /* the same in both classes */
		size_t name, desc;

		memcpy(&h, p, sizeof(h));
		name = ALIGN4(h.n_namesz);
		desc = ALIGN4(h.n_descsz);
		if (name > size || desc > size || sizeof(h) + name + h.n_descsz > size)
			return NULL;
		if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 && h.n_descsz &&
			memcmp(p + sizeof(h), "GNU", 4) == 0) {
			*n = h.n_descsz;
			return p + sizeof(h) + name;
		}
		if (sizeof(h) + name + desc > size)
			return NULL;
		p += sizeof(h) + name + desc;
		size -= sizeof(h) + name + desc;
	}
	return NULL;
}

const unsigned char *elffile_build_id(const struct elffile *f, size_t *n)
{
	for (size_t i = 0; i < f->nsegments; i++) {
		const Elf64_Phdr *p = &f->segments[i];
		const void *at = elffile_bytes(f, p->p_offset, p->p_filesz);
		const unsigned char *id;

		if (p->p_type == PT_NOTE && at && (id = elffile_build_id_in(at, p->p_filesz, n)))
			return id;
	}
	for (size_t i = 1; i < f->nsections; i++) {
		const Elf64_Shdr *s = &f->sections[i];
		const void *at = elffile_bytes(f, s->sh_offset, s->sh_size);
		const unsigned char *id;

		if (s->sh_type == SHT_NOTE && at && (id = elffile_build_id_in(at, s->sh_size, n)))
			return id;
	}
	return NULL;
}
