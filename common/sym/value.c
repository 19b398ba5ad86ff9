/* SPDX-License-Identifier: MIT */
#include "sym/value.h"

#include <dwarf.h>
#include <inttypes.h>
#include <string.h>

#include "base/escape.h"

enum { STEPS_ENUM = 10000 };

/* The type of an entry without its names and qualifiers; false: none (void), or a chain without end. */
static bool type_of(Dwarf_Die *die, Dwarf_Die *out)
{
	Dwarf_Die at = *die;

	for (unsigned i = 0; i < DEBUGINFO_CHAIN; i++) {
		Dwarf_Attribute attr;

		if (!dwarf_attr_integrate(&at, DW_AT_type, &attr) || !dwarf_formref_die(&attr, out))
			return false;
		switch (dwarf_tag(out)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type: at = *out; break;
		default: return true;
		}
	}
	return false;
}

static Dwarf_Word attribute(Dwarf_Die *die, unsigned name, Dwarf_Word otherwise)
{
	Dwarf_Attribute attr;
	Dwarf_Word v;

	return dwarf_formudata(dwarf_attr_integrate(die, name, &attr), &v) == 0 ? v : otherwise;
}

/* `size` bytes of the value, at most 8, little end first. */
static bool fetch(const struct value *v, uint64_t size, uint64_t *out)
{
	*out = 0;
	if (!size || size > sizeof(*out))
		return false;
	if (v->in_memory)
		return v->memory->read(v->memory->ctx, v->addr, out, size) == size;
	memcpy(out, &v->word, size);
	return true;
}

static int64_t extend(uint64_t v, uint64_t size)
{
	unsigned shift = 64 - 8 * (unsigned)size;

	return (int64_t)(v << shift) >> shift;
}

static void add_char(struct buf *out, uint64_t v)
{
	char c = (char)v;

	buf_fmt(out, "%d", c);
	if (c >= ' ' && c < 0x7f) {
		buf_str(out, " '");
		escape_add(out, &c, 1);
		buf_chr(out, '\'');
	}
}

static void add_float(struct buf *out, uint64_t v, uint64_t size)
{
	double d = 0;
	float f;

	if (size == sizeof(f)) {
		memcpy(&f, &v, sizeof(f));
		d = (double)f;
	} else if (size == sizeof(d))
		memcpy(&d, &v, sizeof(d));
	else {
		buf_str(out, "?");
		return;
	}
	buf_fmt(out, "%.*g", size == sizeof(f) ? 9 : 17, d);
}

static void add_base(struct buf *out, Dwarf_Die *type, const struct value *v)
{
	Dwarf_Word size = attribute(type, DW_AT_byte_size, 0);
	uint64_t bits;

	if (!fetch(v, size, &bits)) {
		buf_str(out, "?");
		return;
	}
	switch (attribute(type, DW_AT_encoding, 0)) {
	case DW_ATE_boolean: buf_str(out, bits ? "true" : "false"); break;
	case DW_ATE_signed_char:
	case DW_ATE_unsigned_char: add_char(out, bits); break;
	case DW_ATE_signed: buf_fmt(out, "%" PRId64, extend(bits, size)); break;
	case DW_ATE_unsigned: buf_fmt(out, "%" PRIu64, bits); break;
	case DW_ATE_float: add_float(out, bits, size); break;
	default: buf_fmt(out, "0x%" PRIx64, bits);
	}
}

static void add_enum(struct buf *out, Dwarf_Die *type, const struct value *v)
{
	Dwarf_Word size = attribute(type, DW_AT_byte_size, 4);
	unsigned steps = DEBUGINFO_STEPS - STEPS_ENUM;
	Dwarf_Die one;
	uint64_t bits;

	if (!fetch(v, size, &bits)) {
		buf_str(out, "?");
		return;
	}
	if (dwarf_child(type, &one) == 0) {
		do {
			Dwarf_Attribute attr;
			Dwarf_Sword n;
			const char *name = dwarf_diename(&one);

			if (!name ||
				dwarf_formsdata(dwarf_attr(&one, DW_AT_const_value, &attr), &n) ||
				memcmp(&n, &bits, size) != 0)
				continue;
			escape_add(out, name, strnlen(name, SOURCE_STRING));
			return;
		} while (debuginfo_next(&one, &steps));
	}
	buf_fmt(out, "%" PRId64, extend(bits, size));
}

static bool is_text(Dwarf_Die *pointer)
{
	Dwarf_Die to;
	Dwarf_Word encoding;

	if (!type_of(pointer, &to) || dwarf_tag(&to) != DW_TAG_base_type)
		return false;
	encoding = attribute(&to, DW_AT_encoding, 0);
	return attribute(&to, DW_AT_byte_size, 0) == 1 &&
		(encoding == DW_ATE_signed_char || encoding == DW_ATE_unsigned_char);
}

static void add_pointer(struct buf *out, Dwarf_Die *type, const struct value *v)
{
	char text[SOURCE_STRING + 1];
	uint64_t addr;
	size_t got, n;

	if (!fetch(v, v->machine == REGS_X86_64 ? 8 : 4, &addr)) {
		buf_str(out, "?");
		return;
	}
	buf_fmt(out, "0x%" PRIx64, addr);
	if (!addr || !is_text(type))
		return;
	got = v->memory->read(v->memory->ctx, addr, text, sizeof(text));
	n = strnlen(text, got);
	if (!got)
		return;
	buf_str(out, " \"");
	escape_add(out, text, n < SOURCE_STRING ? n : SOURCE_STRING);
	buf_str(out, n > SOURCE_STRING ? "\"..." : "\"");
}

void value_add(struct buf *out, Dwarf_Die *var, const struct value *v)
{
	Dwarf_Die type;

	if (!type_of(var, &type)) {
		buf_str(out, "?");
		return;
	}
	switch (dwarf_tag(&type)) {
	case DW_TAG_base_type: add_base(out, &type, v); break;
	case DW_TAG_enumeration_type: add_enum(out, &type, v); break;
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type: add_pointer(out, &type, v); break;
	default: buf_str(out, "{...}");
	}
}
