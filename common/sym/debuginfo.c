/* SPDX-License-Identifier: MIT */
#include "sym/debuginfo.h"

#include <dwarf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "sym/reader.h"

/* Expanded sections of debugging information that we are ready to hold. */
#define EXPANDED_MOST ((uint64_t)2 << 30)

struct debuginfo {
	Elf *elf;
	Dwarf *dwarf;
	/* Units by address, for files without .debug_aranges (clang writes none). */
	struct unit {
		uint64_t start, end;
		Dwarf_Off die;
	} * units;
	size_t n;
	bool indexed;
};

void debuginfo_free(struct debuginfo *d)
{
	if (!d)
		return;
	dwarf_end(d->dwarf);
	elf_end(d->elf);
	free(d->units);
	free(d);
}

/* libdw expands all at once what is compressed; a file that says that it is endless is not opened. */
static bool is_bounded(const struct elffile *f)
{
	uint64_t sum = 0;

	for (size_t i = 1; i < f->nsections; i++) {
		const Elf64_Shdr *s = &f->sections[i];
		const unsigned char *at = elffile_bytes(f, s->sh_offset, s->sh_size);
		Elf64_Chdr wide;
		Elf32_Chdr narrow;

		if (!(s->sh_flags & SHF_COMPRESSED) || !at || s->sh_size < sizeof(wide))
			continue;
		memcpy(&wide, at, sizeof(wide));
		memcpy(&narrow, at, sizeof(narrow));
		if (__builtin_add_overflow(
			    sum, f->machine == REGS_X86_64 ? wide.ch_size : narrow.ch_size, &sum) ||
			sum > EXPANDED_MOST)
			return false;
	}
	return true;
}

static bool has_info(const struct elffile *f)
{
	return elffile_section(f, ".debug_info") || elffile_section(f, ".zdebug_info");
}

/* The file itself, or its debug file; NULL: none has any. */
static const struct elffile *file_with_info(struct space *s, struct mapped_file *f)
{
	const struct elffile *debug;

	if (has_info(&f->elf))
		return &f->elf;
	debug = debug_file(s, f);
	return debug && has_info(debug) ? debug : NULL;
}

bool debuginfo_is_there(struct space *s, struct mapped_file *f)
{
	return file_with_info(s, f);
}

static void begin(struct debuginfo *d, const struct elffile *from)
{
	Dwarf_Off next;
	size_t header;

	if (!is_bounded(from))
		reader_give_up();
	elf_version(EV_CURRENT);
	reader_allow(from->image.size);
	if (!image_may_write(&from->image))
		reader_give_up();
	d->elf = elf_memory((char *)(uintptr_t)from->image.data, from->image.size);
	if (d->elf)
		d->dwarf = dwarf_begin_elf(d->elf, DWARF_C_READ, NULL);
	/* Sections that libdw cannot expand it takes for none. */
	if (!d->dwarf || dwarf_nextcu(d->dwarf, 0, &next, &header, NULL, NULL, NULL) != 0)
		reader_give_up();
}

static struct debuginfo *open_info(struct space *s, struct mapped_file *f)
{
	const struct elffile *from = file_with_info(s, f);
	struct debuginfo *d = calloc(1, sizeof(*d));

	if (d && from)
		begin(d, from);
	return d;
}

bool debuginfo_next(Dwarf_Die *die, unsigned *steps)
{
	Dwarf_Die next;

	if (++*steps > DEBUGINFO_STEPS || dwarf_siblingof(die, &next) != 0)
		return false;
	*die = next;
	return true;
}

static bool add_unit(struct debuginfo *d, size_t *cap, const struct unit *u)
{
	if (d->n == *cap) {
		size_t more = *cap ? 2 * *cap : 256;
		struct unit *v = reallocarray(d->units, more, sizeof(*v));

		if (!v)
			return false;
		d->units = v;
		*cap = more;
	}
	d->units[d->n++] = *u;
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct unit *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void index_units(struct debuginfo *d)
{
	Dwarf_Off at = 0, next;
	size_t header, cap = 0;
	unsigned steps = 0;

	d->indexed = true;
	while (++steps < DEBUGINFO_STEPS &&
		dwarf_nextcu(d->dwarf, at, &next, &header, NULL, NULL, NULL) == 0 && next > at) {
		Dwarf_Die die;
		Dwarf_Addr base, start, end;
		ptrdiff_t range = 0;

		if (dwarf_offdie(d->dwarf, at + header, &die)) {
			while (++steps < DEBUGINFO_STEPS &&
				(range = dwarf_ranges(&die, range, &base, &start, &end)) > 0) {
				struct unit u = {start, end, at + header};

				if (end > start && !add_unit(d, &cap, &u))
					return;
			}
		}
		at = next;
	}
	if (d->n)
		qsort(d->units, d->n, sizeof(*d->units), by_start);
}

static bool unit_by_index(struct debuginfo *d, uint64_t vaddr, Dwarf_Die *out)
{
	size_t low = 0, high;

	if (!d->indexed)
		index_units(d);
	for (high = d->n; low < high;) {
		size_t mid = low + (high - low) / 2;

		if (d->units[mid].start <= vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && vaddr < d->units[low - 1].end &&
		dwarf_offdie(d->dwarf, d->units[low - 1].die, out);
}

/* Entries that may have functions within them although they have no addresses themselves. */
static bool is_open(int tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_structure_type ||
		tag == DW_TAG_class_type;
}

static bool is_scope(int tag)
{
	return tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine ||
		tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
}

/* Goes down from `parent` to the entry that has the address. True: found on this level, or below. */
static bool descend(Dwarf_Die *parent, struct debuginfo_place *p, unsigned depth, unsigned *steps)
{
	Dwarf_Die die;

	if (depth == DEBUGINFO_DEPTH || dwarf_child(parent, &die) != 0)
		return false;
	do {
		int tag = dwarf_tag(&die);

		if (is_scope(tag) && dwarf_haspc(&die, p->vaddr) > 0) {
			p->inside[p->n++] = die;
			(void)(p->n < DEBUGINFO_DEPTH && descend(&die, p, depth + 1, steps));
			return true;
		}
		if (is_open(tag) && descend(&die, p, depth + 1, steps))
			return true;
	} while (debuginfo_next(&die, steps));
	return false;
}

bool debuginfo_find(
	struct space *s, struct mapped_file *f, uint64_t vaddr, struct debuginfo_place *out)
{
	struct debuginfo *d = f->debuginfo;
	unsigned steps = 0;

	if (!d)
		d = f->debuginfo = open_info(s, f);
	if (!d || !d->dwarf)
		return false;
	*out = (struct debuginfo_place){.vaddr = vaddr};
	if (!dwarf_addrdie(d->dwarf, vaddr, &out->unit) && !unit_by_index(d, vaddr, &out->unit))
		return false;
	(void)descend(&out->unit, out, 0, &steps);
	return true;
}
