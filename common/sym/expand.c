/* SPDX-License-Identifier: MIT */
/* Sections, plain or compressed; libelf knows the ways of compressing. */
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "sym/elffile.h"

struct elffile_expanded {
	struct elffile_expanded *next;
	size_t index;
	Elf *elf; /* owns the bytes */
	const void *bytes;
	size_t size;
};

/* How large it says that it is: checked before anything is taken for it. */
static bool fits(const struct elffile *f, const void *bytes, size_t n)
{
	Elf64_Chdr wide;
	Elf32_Chdr narrow;

	if (f->machine == REGS_X86_64) {
		if (n < sizeof(wide))
			return false;
		memcpy(&wide, bytes, sizeof(wide));
		return wide.ch_size && wide.ch_size <= ELFFILE_EXPAND;
	}
	if (n < sizeof(narrow))
		return false;
	memcpy(&narrow, bytes, sizeof(narrow));
	return narrow.ch_size && narrow.ch_size <= ELFFILE_EXPAND;
}

static void expand(const struct elffile *f, struct elffile_expanded *e)
{
	Elf_Scn *scn;
	Elf_Data *data;

	elf_version(EV_CURRENT);
	/* libelf wants a writable image in its prototype; it writes only where elf_update() is called. */
	e->elf = elf_memory((char *)(uintptr_t)f->image.data, f->image.size);
	scn = e->elf ? elf_getscn(e->elf, e->index) : NULL;
	if (!scn || elf_compress(scn, 0, 0) < 0)
		return;
	data = elf_rawdata(scn, NULL);
	if (data && data->d_buf && data->d_size <= ELFFILE_EXPAND) {
		e->bytes = data->d_buf;
		e->size = data->d_size;
	}
}

static const void *expanded(struct elffile *f, size_t index, size_t *n)
{
	struct elffile_expanded *e;

	for (e = f->expanded; e && e->index != index; e = e->next)
		;
	if (!e) {
		e = calloc(1, sizeof(*e));
		if (!e)
			return NULL;
		*e = (struct elffile_expanded){.next = f->expanded, .index = index};
		f->expanded = e;
		expand(f, e);
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
		return fits(f, bytes, s->sh_size) ? expanded(f, (size_t)(s - f->sections), n)
						  : NULL;
	*n = bytes ? s->sh_size : 0;
	return bytes;
}

void elffile_free(struct elffile *f)
{
	while (f->expanded) {
		struct elffile_expanded *e = f->expanded;

		f->expanded = e->next;
		elf_end(e->elf);
		free(e);
	}
	free(f->segments);
	free(f->sections);
	image_free(&f->image);
	*f = (struct elffile){0};
}
