/* SPDX-License-Identifier: MIT */
/*
 * An ELF file out of a process's memory: the vDSO, which is in no file, and files that cannot be reached. Memory has what
 * the program headers say is loaded: text, unwind tables, dynamic symbols. Each segment is put where the file had it, so
 * that what comes out is read like a file; what was not loaded (section headers, .symtab) is missing.
 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "sym/module.h"

/* A file of this size has a megabyte of symbols at most; beyond, it would have to be read for nothing. */
#define IMAGE_MOST ((uint64_t)512 << 20)
#define BLOCK      ((size_t)1 << 20)
enum { HEADERS = 4096, LOOK_BACK = 4096 };

/* The mapping with the file's first byte, at or below m. */
static const struct mapping *first_of(const struct space *s, const struct mapping *m)
{
	for (const struct mapping *at = m; m - at < LOOK_BACK; at--) {
		if (at->file == m->file && at->offset == 0)
			return at;
		if (at == s->maps)
			break;
	}
	return NULL;
}

/* Unreadable pages stay zero. */
static void copy(const struct space *s, uint64_t addr, unsigned char *to, uint64_t n)
{
	while (n) {
		size_t piece = n < BLOCK ? (size_t)n : BLOCK;
		size_t got = space_peek(s, addr, to, piece);

		if (got < piece) {
			/* To the next page that may be readable. */
			got += HEADERS - (size_t)((addr + got) % HEADERS);
			if (got > n)
				return;
		}
		addr += got;
		to += got;
		n -= got;
	}
}

static uint64_t file_size(const struct elffile *f)
{
	uint64_t size = HEADERS, end;

	for (size_t i = 0; i < f->nsegments; i++) {
		const Elf64_Phdr *p = &f->segments[i];

		if (p->p_type != PT_LOAD)
			continue;
		if (__builtin_add_overflow(p->p_offset, p->p_filesz, &end))
			return UINT64_MAX;
		if (end > size)
			size = end;
	}
	return size;
}

/* The headers alone, read as if they were the whole file. */
static int read_headers(const struct space *s, uint64_t start, struct elffile *out)
{
	unsigned char *bytes;
	struct image image;
	int err = image_make(HEADERS, &image, &bytes);

	if (err)
		return err;
	if (space_peek(s, start, bytes, HEADERS) < sizeof(Elf64_Ehdr)) {
		image_free(&image);
		return -EFAULT;
	}
	return elffile_open(image, out);
}

/* The kernel maps its vDSO as it is, section headers included. */
static int whole_mapping(const struct space *s, const struct mapping *m, struct elffile *out)
{
	uint64_t size = m->map.end - m->map.start;
	unsigned char *bytes;
	struct image image;
	int err = size > BLOCK ? ERR_TOOBIG : image_make(size, &image, &bytes);

	if (err)
		return err;
	copy(s, m->map.start, bytes, size);
	return elffile_open(image, out);
}

static int whole_file(
	const struct space *s, const struct elffile *headers, uint64_t bias, struct elffile *out)
{
	uint64_t size = file_size(headers), read = 0;
	unsigned char *bytes;
	struct image image;
	int err = size > IMAGE_MOST ? ERR_TOOBIG : image_make(size, &image, &bytes);

	if (err)
		return err;
	for (size_t i = 0; i < headers->nsegments; i++) {
		const Elf64_Phdr *p = &headers->segments[i];

		if (p->p_type != PT_LOAD || read > IMAGE_MOST)
			continue;
		copy(s, bias + p->p_vaddr, bytes + p->p_offset, p->p_filesz);
		read += p->p_filesz;
	}
	/* What the header says of sections is not in memory: something else is. */
	if (headers->machine == REGS_X86_64)
		((Elf64_Ehdr *)bytes)->e_shoff = 0;
	else
		((Elf32_Ehdr *)bytes)->e_shoff = 0;
	return elffile_open(image, out);
}

int memory_image(const struct space *s, const struct mapping *m, struct elffile *out)
{
	const struct mapping *first = first_of(s, m);
	struct elffile headers;
	uint64_t bias;
	int err;

	if (!first)
		return -ENOENT;
	if (strcmp(m->file->name, "[vdso]") == 0)
		return whole_mapping(s, first, out);
	err = read_headers(s, first->map.start, &headers);
	if (err)
		return err;
	err = where_bias(&headers, first, &bias) ? whole_file(s, &headers, bias, out) : ERR_FORMAT;
	elffile_free(&headers);
	return err;
}
