/* SPDX-License-Identifier: MIT */
/*
 * facts OBJECT...: what the compiler made of a header, out of the debugging information of an object
 * file. A program of the build, which runs on the machine that builds; the objects are never run,
 * and may be for another machine. A line each:
 *
 *	O object                                a new object
 *	E name value                            an enumerator; value as 16 hex digits, sign-extended
 *	S name size                             the type of a variable VS__name
 *	F depth offset size kind name count bits shift
 *
 * An F line is a field of the S line before it, of a structure in it if its depth is not 0. `kind`
 * is int, uint, char, ptr, struct, union or other; count is the number of elements of an array, -1
 * when it is none, 0 when it is open-ended; bits and shift are of bit-fields, 0 otherwise. A field
 * without a name is `-`.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { DEEPEST = 5 };

static bool type_of(Dwarf_Die *die, Dwarf_Die *out)
{
	Dwarf_Attribute at;

	return dwarf_attr_integrate(die, DW_AT_type, &at) && dwarf_formref_die(&at, out);
}

/* The type below typedefs and qualifiers. */
static bool plain_type(Dwarf_Die *die, Dwarf_Die *out)
{
	if (!type_of(die, out))
		return false;
	for (;;) {
		switch (dwarf_tag(out)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
			if (!type_of(out, out))
				return false;
			break;
		default: return true;
		}
	}
}

static Dwarf_Word number(Dwarf_Die *die, unsigned name, Dwarf_Word otherwise)
{
	Dwarf_Attribute at;
	Dwarf_Word v;

	return dwarf_attr(die, name, &at) && !dwarf_formudata(&at, &v) ? v : otherwise;
}

/* Elements of an array in all its dimensions, 0 for an open-ended one. */
static Dwarf_Word elements(Dwarf_Die *array)
{
	Dwarf_Word n = 1, bound;
	Dwarf_Die dim;

	if (dwarf_child(array, &dim))
		return 0;
	do {
		if (dwarf_tag(&dim) != DW_TAG_subrange_type)
			continue;
		bound = number(&dim, DW_AT_upper_bound, (Dwarf_Word)-1) + 1;
		n *= number(&dim, DW_AT_count, bound);
	} while (!dwarf_siblingof(&dim, &dim));
	return n;
}

static const char *kind_of(Dwarf_Die *type)
{
	switch (dwarf_tag(type)) {
	case DW_TAG_pointer_type: return "ptr";
	case DW_TAG_structure_type: return "struct";
	case DW_TAG_union_type: return "union";
	case DW_TAG_enumeration_type: return "uint";
	case DW_TAG_base_type: break;
	default: return "other";
	}
	switch (number(type, DW_AT_encoding, 0)) {
	case DW_ATE_signed: return "int";
	case DW_ATE_unsigned:
	case DW_ATE_boolean: return "uint";
	case DW_ATE_signed_char:
	case DW_ATE_unsigned_char: return "char";
	default: return "other";
	}
}

static void each_field(Dwarf_Die *aggregate, unsigned depth, Dwarf_Word base);

/*
 * Where a bit-field begins, in bits from its member's location, or from the structure's start if it has none; little
 * endian. Compilers say it in two ways, the older one from the other end of the storage unit.
 */
static Dwarf_Word bit_shift(Dwarf_Die *member, Dwarf_Word size, Dwarf_Word bits)
{
	Dwarf_Attribute at;

	if (dwarf_attr(member, DW_AT_bit_offset, &at))
		return 8 * number(member, DW_AT_byte_size, size) - bits -
			number(member, DW_AT_bit_offset, 0);
	return number(member, DW_AT_data_bit_offset, 0);
}

static void one_field(Dwarf_Die *member, unsigned depth, Dwarf_Word base)
{
	Dwarf_Word size = 0, bits, shift = 0;
	Dwarf_Word off = base + number(member, DW_AT_data_member_location, 0);
	long long count = -1;
	const char *name = dwarf_diename(member), *kind;
	Dwarf_Die type;

	if (!plain_type(member, &type))
		return;
	if (dwarf_tag(&type) == DW_TAG_array_type) {
		count = (long long)elements(&type);
		if (!plain_type(&type, &type))
			return;
	}
	dwarf_aggregate_size(&type, &size);
	bits = number(member, DW_AT_bit_size, 0);
	if (bits) {
		shift = bit_shift(member, size, bits);
		off += shift / 8;
		shift %= 8;
		size = (shift + bits + 7) / 8;
	}
	kind = kind_of(&type);
	printf("F %u %llu %llu %s %s %lld %llu %llu\n", depth, (unsigned long long)off,
		(unsigned long long)size, kind, name ? name : "-", count, (unsigned long long)bits,
		(unsigned long long)shift);
	if (depth < DEEPEST && (!strcmp(kind, "struct") || !strcmp(kind, "union")))
		each_field(&type, depth + 1, off);
}

static void each_field(Dwarf_Die *aggregate, unsigned depth, Dwarf_Word base)
{
	Dwarf_Die member;

	if (dwarf_child(aggregate, &member))
		return;
	do {
		if (dwarf_tag(&member) == DW_TAG_member)
			one_field(&member, depth, base);
	} while (!dwarf_siblingof(&member, &member));
}

static void structure(Dwarf_Die *variable)
{
	const char *name = dwarf_diename(variable);
	Dwarf_Word size = 0;
	Dwarf_Die type;

	if (!name || strncmp(name, "VS__", 4) || !plain_type(variable, &type))
		return;
	if (dwarf_aggregate_size(&type, &size))
		return;
	printf("S %s %llu\n", name + 4, (unsigned long long)size);
	each_field(&type, 0, 0);
}

static void enumeration(Dwarf_Die *type)
{
	Dwarf_Die one;

	if (dwarf_child(type, &one))
		return;
	do {
		const char *name = dwarf_diename(&one);
		Dwarf_Attribute at;
		Dwarf_Sword low;
		Dwarf_Word v;

		if (dwarf_tag(&one) != DW_TAG_enumerator || !name ||
			!dwarf_attr(&one, DW_AT_const_value, &at))
			continue;
		if (dwarf_whatform(&at) == DW_FORM_sdata) {
			if (dwarf_formsdata(&at, &low))
				continue;
			v = (Dwarf_Word)low;
		} else if (dwarf_formudata(&at, &v))
			continue;
		printf("E %s %016llx\n", name, (unsigned long long)v);
	} while (!dwarf_siblingof(&one, &one));
}

static void unit(Dwarf_Die *cu)
{
	Dwarf_Die top;

	if (dwarf_child(cu, &top))
		return;
	do {
		if (dwarf_tag(&top) == DW_TAG_enumeration_type)
			enumeration(&top);
		else if (dwarf_tag(&top) == DW_TAG_variable)
			structure(&top);
	} while (!dwarf_siblingof(&top, &top));
}

/* libdwfl, and not libdw alone: object files are not linked yet, and it applies their relocations. */
static int object(const char *path)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	Dwfl *dwfl = dwfl_begin(&callbacks);
	Dwarf_Die *cu = NULL;
	Dwarf_Addr bias;

	if (!dwfl)
		return -1;
	dwfl_report_begin(dwfl);
	if (!dwfl_report_offline(dwfl, path, path, -1)) {
		fprintf(stderr, "facts: %s: %s\n", path, dwfl_errmsg(-1));
		dwfl_end(dwfl);
		return -1;
	}
	dwfl_report_end(dwfl, NULL, NULL);
	printf("O %s\n", path);
	while ((cu = dwfl_nextcu(dwfl, cu, &bias)))
		unit(cu);
	dwfl_end(dwfl);
	return 0;
}

int main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++)
		if (object(argv[i]))
			status = 1;
	return fflush(stdout) ? 1 : status;
}
