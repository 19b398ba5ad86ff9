/* SPDX-License-Identifier: MIT */
/* Sections, plain or compressed by zlib (ELFCOMPRESS_ZLIB, elf(5)). */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "sym/elffile.h"

struct elffile_expanded {
	struct elffile_expanded *next;
	size_t index;
	unsigned char *bytes; /* NULL: damaged, or packed in another way */
	size_t size;
};

/* How it is packed, and how large it says that it is: checked before anything is taken for it. */
static bool header(const struct elffile *f, const void *bytes, size_t n, size_t *skip, size_t *size)
{
	Elf64_Chdr wide;
	Elf32_Chdr narrow;

	if (f->machine == REGS_X86_64) {
		if (n < sizeof(wide))
			return false;
		memcpy(&wide, bytes, sizeof(wide));
	} else {
		if (n < sizeof(narrow))
			return false;
		memcpy(&narrow, bytes, sizeof(narrow));
		wide = (Elf64_Chdr){.ch_type = narrow.ch_type, .ch_size = narrow.ch_size};
	}
	*skip = f->machine == REGS_X86_64 ? sizeof(wide) : sizeof(narrow);
	*size = wide.ch_size;
	return wide.ch_type == ELFCOMPRESS_ZLIB && wide.ch_size && wide.ch_size <= ELFFILE_EXPAND;
}

static void expand(const struct elffile *f, const void *bytes, size_t n, struct elffile_expanded *e)
{
	size_t skip, size;
	uLongf got;

	if (!header(f, bytes, n, &skip, &size))
		return;
	e->bytes = malloc(size);
	got = size;
	if (e->bytes && uncompress(e->bytes, &got, (const Bytef *)bytes + skip, n - skip) == Z_OK) {
		e->size = got;
		return;
	}
	free(e->bytes);
	e->bytes = NULL;
}

static const void *expanded(struct elffile *f, const void *bytes, const Elf64_Shdr *s, size_t *n)
{
	size_t index = (size_t)(s - f->sections);
	struct elffile_expanded *e;

	for (e = f->expanded; e && e->index != index; e = e->next)
		;
	if (!e) {
		e = calloc(1, sizeof(*e));
		if (!e)
			return NULL;
		*e = (struct elffile_expanded){.next = f->expanded, .index = index};
		f->expanded = e;
		expand(f, bytes, s->sh_size, e);
	}
	*n = e->size;
	return e->bytes;
}

const void *elffile_section_bytes(struct elffile *f, const Elf64_Shdr *s, size_t *n)
{
	const void *bytes;

	*n = 0;
	if (!s || s->sh_type == SHT_NOBITS)
		return NULL;
	bytes = elffile_bytes(f, s->sh_offset, s->sh_size);
	if (bytes && (s->sh_flags & SHF_COMPRESSED))
		return expanded(f, bytes, s, n);
	*n = bytes ? s->sh_size : 0;
	return bytes;
}

void elffile_free(struct elffile *f)
{
	while (f->expanded) {
		struct elffile_expanded *e = f->expanded;

		f->expanded = e->next;
		free(e->bytes);
		free(e);
	}
	free(f->segments);
	free(f->sections);
	image_free(&f->image);
	*f = (struct elffile){0};
}
