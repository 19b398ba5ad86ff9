/* SPDX-License-Identifier: MIT */
/*
 * Where a file has its tables. A loaded file names .eh_frame in a program header (PT_GNU_EH_FRAME: .eh_frame_hdr, which has
 * the address of .eh_frame and a sorted table, Linux Standard Base 10.6.2); one linked without that has sections.
 *
 * libdw reads the same tables, but takes their word for numbers of registers and depths of saved states, and memory
 * accordingly, up to gigabytes for a file made to that end; so they are read here, with bounds, and libdw is what
 * the tests compare with.
 */
#include "sym/cfi.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

enum { TABLES = 3 };

struct cfi {
	struct cfi_table eh, debug, separate;
	bool debug_tried, separate_tried;
};

/* The segment around an address, as a table. */
static bool around(const struct elffile *f, uint64_t vaddr, struct cfi_table *t)
{
	size_t n;
	const unsigned char *at = elffile_at(f, vaddr, &n);

	if (!at)
		return false;
	/* From .eh_frame on: entries name only what is before them, in the same section. */
	t->bytes = at;
	t->size = n;
	t->vaddr = vaddr;
	return true;
}

/* DW_EH_PE_datarel | DW_EH_PE_sdata4 is what linkers write; where it is anything else the entries are sorted here. */
static bool from_header(const struct elffile *f, struct cfi_table *t)
{
	const Elf64_Phdr *p = elffile_first(f, PT_GNU_EH_FRAME);
	struct cfi_table head = *t;
	uint64_t frame, count;
	struct cursor c;
	uint8_t version, frame_how, count_how, table_how;

	if (!p || !around(f, p->p_vaddr, &head))
		return false;
	head.data_base = t->data_base = p->p_vaddr;
	c = cursor_of(head.bytes, head.size);
	version = cursor_u8(&c);
	frame_how = cursor_u8(&c);
	count_how = cursor_u8(&c);
	table_how = cursor_u8(&c);
	if (version != 1 || !cfi_pointer(&head, &c, frame_how, &frame) || !around(f, frame, t))
		return false;
	if (table_how != (DW_EH_PE_datarel | DW_EH_PE_sdata4) ||
		!cfi_pointer(&head, &c, count_how, &count) || count > cursor_left(&c) / 8)
		return true;
	t->sorted = c.at;
	t->nsorted = (size_t)count;
	return true;
}

static bool from_section(struct elffile *f, const char *name, struct cfi_table *t)
{
	const Elf64_Shdr *s = elffile_section(f, name);
	size_t n;
	const void *bytes = s ? elffile_section_bytes(f, s, &n) : NULL;

	if (!bytes)
		return false;
	t->bytes = bytes;
	t->size = n;
	t->vaddr = s->sh_addr;
	return true;
}

static struct cfi *cfi_of(struct mapped_file *f)
{
	struct cfi *c = f->cfi;

	if (c)
		return c;
	c = f->cfi = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->eh.machine = c->debug.machine = c->separate.machine = f->elf.machine;
	c->eh.eh = true;
	if (!from_header(&f->elf, &c->eh))
		(void)from_section(&f->elf, ".eh_frame", &c->eh);
	return c;
}

/* The table that is to be tried after eh: read from the file only if nothing else was found. */
static struct cfi_table *table(struct space *s, struct mapped_file *f, unsigned which)
{
	struct cfi *c = f->cfi;
	struct elffile *debug;

	if (which == 0)
		return &c->eh;
	if (which == 1) {
		if (!c->debug_tried)
			(void)from_section(&f->elf, ".debug_frame", &c->debug);
		c->debug_tried = true;
		return &c->debug;
	}
	if (!c->separate_tried && (debug = debug_file(s, f)))
		(void)from_section(debug, ".debug_frame", &c->separate);
	c->separate_tried = true;
	return &c->separate;
}

enum cfi_found cfi_find(struct space *s, struct mapped_file *f, uint64_t vaddr, struct cfi_row *out)
{
	enum cfi_found worst = CFI_NONE;

	if (!cfi_of(f))
		return CFI_NONE;
	for (unsigned i = 0; i < TABLES; i++) {
		struct cfi_table *t = table(s, f, i);
		struct cfi_entry e;
		enum cfi_found found = cfi_table_find(t, vaddr, &e);

		if (found == CFI_FOUND && cfi_run(t, &e, vaddr, out))
			return CFI_FOUND;
		if (found != CFI_NONE)
			worst = CFI_DAMAGED;
	}
	return worst;
}

void cfi_free(struct cfi *c)
{
	if (!c)
		return;
	free(c->eh.spans);
	free(c->debug.spans);
	free(c->separate.spans);
	free(c);
}
