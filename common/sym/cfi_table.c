/* SPDX-License-Identifier: MIT */
/*
 * The entries of .eh_frame and .debug_frame. Both are a row of records of two kinds: common ones (CIE), and one for each
 * function (FDE) that names a common one. They differ in how: .eh_frame counts backwards from the field itself, marks
 * common ones by 0 and ends with a length of 0; .debug_frame counts from its start and marks them by all ones.
 */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "sym/cfi.h"

#ifndef DW_EH_PE_omit
#define DW_EH_PE_omit 0xff
#endif

/* One record: where its fields begin and end. */
struct record {
	struct cursor c; /* behind the id */
	size_t id_at;
	uint64_t id;
	unsigned offset_size;
	bool common;
};

static struct cursor cursor_at(const struct cfi_table *t, size_t offset)
{
	return offset <= t->size ? cursor_of(t->bytes + offset, t->size - offset)
				 : (struct cursor){.bad = true};
}

static size_t offset_of(const struct cfi_table *t, const unsigned char *at)
{
	return (size_t)(at - t->bytes);
}

/* False: no record there. *next even then, if the length can be believed. */
static bool record_read(const struct cfi_table *t, size_t offset, struct record *r, size_t *next)
{
	struct cursor c = cursor_at(t, offset);
	uint64_t length = cursor_u32(&c);

	*next = 0;
	*r = (struct record){.offset_size = 4};
	if (length == 0xffffffff) {
		length = cursor_u64(&c);
		r->offset_size = 8;
	}
	if (c.bad || !length || length > cursor_left(&c))
		return false;
	c.end = c.at + length;
	*next = offset_of(t, c.end);
	r->id_at = offset_of(t, c.at);
	/* In .eh_frame the field has four bytes whatever the length. */
	r->id = r->offset_size == 8 && !t->eh ? cursor_u64(&c) : cursor_u32(&c);
	r->common = t->eh ? r->id == 0 : r->id == (r->offset_size == 8 ? UINT64_MAX : UINT32_MAX);
	r->c = c;
	return !c.bad;
}

bool cfi_pointer(const struct cfi_table *t, struct cursor *c, uint8_t how, uint64_t *out)
{
	uint64_t here = t->vaddr + offset_of(t, c->at), v;
	bool wide = t->machine == REGS_X86_64;

	switch (how & 0x0f) {
	case DW_EH_PE_absptr: v = wide ? cursor_u64(c) : cursor_u32(c); break;
	case DW_EH_PE_uleb128: v = cursor_uleb(c); break;
	case DW_EH_PE_sleb128: v = (uint64_t)cursor_sleb(c); break;
	case DW_EH_PE_udata2: v = cursor_u16(c); break;
	case DW_EH_PE_sdata2: v = (uint64_t)(int16_t)cursor_u16(c); break;
	case DW_EH_PE_udata4: v = cursor_u32(c); break;
	case DW_EH_PE_sdata4: v = (uint64_t)(int32_t)cursor_u32(c); break;
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8: v = cursor_u64(c); break;
	default: return false;
	}
	switch (how & 0x70) {
	case DW_EH_PE_absptr: break;
	case DW_EH_PE_pcrel: v += here; break;
	case DW_EH_PE_datarel: v += t->data_base; break;
	default: return false;
	}
	*out = wide ? v : (uint32_t)v;
	return !c->bad;
}

/* What the letters of the augmentation say is in its data; unknown ones end the reading. */
static bool augmentation(
	const struct cfi_table *t, struct cursor *c, const char *letters, struct cfi_entry *e)
{
	for (; *letters && !c->bad; letters++) {
		uint64_t ignored;
		uint8_t how;

		switch (*letters) {
		case 'R': e->pointer = cursor_u8(c); break;
		case 'L': (void)cursor_u8(c); break;
		case 'S': e->signal = true; break;
		case 'B': break; /* arm64's */
		case 'P':
			how = cursor_u8(c);
			if (how != DW_EH_PE_omit && !cfi_pointer(t, c, how & 0x0f, &ignored))
				return false;
			break;
		default: return true; /* "z" has said where they end */
		}
	}
	return !c->bad;
}

static bool common_read(const struct cfi_table *t, size_t offset, struct cfi_entry *e, bool *sized)
{
	const char *letters;
	struct record r;
	size_t next;
	uint8_t version;

	if (!record_read(t, offset, &r, &next) || !r.common)
		return false;
	version = cursor_u8(&r.c);
	letters = (const char *)r.c.at;
	if ((version != 1 && version != 3 && version != 4) ||
		!memchr(letters, '\0', cursor_left(&r.c)))
		return false;
	cursor_skip(&r.c, strlen(letters) + 1);
	if (strcmp(letters, "eh") == 0) /* gcc 2's */
		cursor_skip(&r.c, e->address_size);
	if (version == 4) {
		e->address_size = cursor_u8(&r.c);
		if (cursor_u8(&r.c) != 0) /* segment selectors */
			return false;
	}
	e->code_factor = cursor_uleb(&r.c);
	e->data_factor = cursor_sleb(&r.c);
	e->ra = (uint8_t)(version == 1 ? cursor_u8(&r.c) : cursor_uleb(&r.c));
	*sized = *letters == 'z';
	if (*sized) {
		uint64_t n = cursor_uleb(&r.c);
		struct cursor data = r.c;

		cursor_skip(&r.c, n);
		if (r.c.bad)
			return false;
		data.end = r.c.at;
		if (!augmentation(t, &data, letters + 1, e))
			return false;
	}
	e->common = r.c.at;
	e->common_end = r.c.end;
	return !r.c.bad;
}

bool cfi_entry_read(const struct cfi_table *t, size_t offset, struct cfi_entry *e, size_t *next)
{
	bool wide = t->machine == REGS_X86_64, sized = false;
	uint64_t common, range;
	struct record r;

	*e = (struct cfi_entry){.address_size = wide ? 8 : 4};
	if (!record_read(t, offset, &r, next) || r.common)
		return false;
	common = t->eh ? r.id_at - r.id : r.id;
	if ((t->eh && r.id > r.id_at) || !common_read(t, (size_t)common, e, &sized))
		return false;
	if (!cfi_pointer(t, &r.c, e->pointer, &e->start) ||
		!cfi_pointer(t, &r.c, e->pointer & 0x0f, &range) ||
		__builtin_add_overflow(e->start, range, &e->end))
		return false;
	if (sized)
		cursor_skip(&r.c, cursor_uleb(&r.c));
	e->own = r.c.at;
	e->own_end = r.c.end;
	return !r.c.bad;
}

static int by_start(const void *a, const void *b)
{
	const struct cfi_span *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* All entries once, in the order of their functions; as much memory as the table has bytes at most. */
static void make_index(struct cfi_table *t)
{
	size_t cap = 0, offset = 0, next;

	t->indexed = true;
	do {
		struct cfi_entry e;
		bool good = cfi_entry_read(t, offset, &e, &next);

		if (good && e.end > e.start && e.start) {
			if (t->nspans == cap) {
				struct cfi_span *v;

				cap = cap ? 2 * cap : 256;
				v = reallocarray(t->spans, cap, sizeof(*v));
				if (!v)
					break;
				t->spans = v;
			}
			t->spans[t->nspans++] = (struct cfi_span){e.start, e.end, offset};
		}
		offset = next;
	} while (next && next < t->size);
	if (t->nspans)
		qsort(t->spans, t->nspans, sizeof(*t->spans), by_start);
}

/* The last one that begins at or below vaddr; false: none. */
static bool indexed(struct cfi_table *t, uint64_t vaddr, size_t *offset)
{
	size_t low = 0, high;

	if (!t->indexed)
		make_index(t);
	for (high = t->nspans; low < high;) {
		size_t mid = low + (high - low) / 2;

		if (t->spans[mid].start <= vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return false;
	*offset = t->spans[low - 1].offset;
	return true;
}

static bool sorted(const struct cfi_table *t, uint64_t vaddr, size_t *offset)
{
	size_t low = 0, high = t->nsorted;
	int32_t pair[2];
	uint64_t at;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		memcpy(pair, t->sorted + 8 * mid, sizeof(pair));
		if (t->data_base + (uint64_t)(int64_t)pair[0] <= vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return false;
	memcpy(pair, t->sorted + 8 * (low - 1), sizeof(pair));
	at = t->data_base + (uint64_t)(int64_t)pair[1] - t->vaddr;
	*offset = at;
	return at < t->size;
}

enum cfi_found cfi_table_find(struct cfi_table *t, uint64_t vaddr, struct cfi_entry *out)
{
	size_t offset, next;

	if (!t->bytes)
		return CFI_NONE;
	if (t->nsorted ? !sorted(t, vaddr, &offset) : !indexed(t, vaddr, &offset))
		return CFI_NONE;
	if (!cfi_entry_read(t, offset, out, &next))
		return CFI_DAMAGED;
	return vaddr >= out->start && vaddr < out->end ? CFI_FOUND : CFI_NONE;
}
