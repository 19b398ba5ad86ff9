/* SPDX-License-Identifier: MIT */
#include "sys/sysent.h"

#include <stdlib.h>
#include <string.h>

#include "sys/tables.h"

enum { X32_BIT = 0x40000000 };

const struct sysent *sysent_table(enum abi abi, unsigned *count)
{
	if ((unsigned)abi >= ABI_COUNT) {
		*count = 0;
		return NULL;
	}
	*count = sys_calls_count[abi];
	return sys_calls[abi];
}

const struct sysent *sysent_find(enum abi abi, uint64_t number)
{
	unsigned count;
	const struct sysent *table = sysent_table(abi, &count);
	size_t low = 0, high = count;

	if (abi == ABI_X32)
		number &= ~(uint64_t)X32_BIT;
	/* Most tables have no gaps at their start: the call is at its number, or not far below. */
	if (number < count && table[number].number == number)
		return table + number;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (table[mid].number == number)
			return table + mid;
		if (number < table[mid].number)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

static int id_of(const char *name)
{
	size_t low = 0, high = sys_ids_count;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = strcmp(name, sys_ids[mid]);

		if (!order)
			return (int)mid;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return -1;
}

const struct sysent *sysent_named(enum abi abi, const char *name)
{
	unsigned count;
	const struct sysent *table = sysent_table(abi, &count);
	int id = id_of(name);

	for (unsigned i = 0; i < count && id >= 0; i++)
		if (table[i].id == id)
			return table + i;
	return NULL;
}

unsigned sysent_ids(void)
{
	return sys_ids_count;
}

const char *sysent_name(unsigned id)
{
	return id < sys_ids_count ? sys_ids[id] : NULL;
}

/* All of a family; each only once, even where an alias brings several of its members. */
static unsigned select_family(
	unsigned family, void (*each)(void *ctx, unsigned id), void *ctx, unsigned char *seen)
{
	unsigned n = 0;

	for (unsigned id = 0; id < sys_ids_count; id++) {
		if (sys_families[id] != family || (seen[id / 8] & 1u << id % 8))
			continue;
		seen[id / 8] |= (unsigned char)(1u << id % 8);
		each(ctx, id);
		n++;
	}
	return n;
}

unsigned sysent_select(
	enum abi abi, const char *word, void (*each)(void *ctx, unsigned id), void *ctx)
{
	unsigned char seen[8192] = {0}; /* a bit for any id that fits in 16 bits */
	unsigned long long number;
	unsigned n = 0;
	char *end;
	int id = id_of(word);

	if (id >= 0)
		return select_family(sys_families[id], each, ctx, seen);
	for (unsigned i = 0; i < sys_aliases_count; i++)
		if (!strcmp(sys_aliases[i].name, word))
			n += select_family(sys_families[sys_aliases[i].id], each, ctx, seen);
	if (n || *word < '0' || *word > '9')
		return n;
	number = strtoull(word, &end, 0);
	if (!*end) {
		const struct sysent *e = sysent_find(abi, number);

		if (e) {
			each(ctx, e->id);
			n = 1;
		}
	}
	return n;
}
