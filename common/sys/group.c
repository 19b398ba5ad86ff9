/* SPDX-License-Identifier: MIT */
#include "sys/group.h"

#include <string.h>

#include "sys/tables.h"

const char *group_text(const struct group_name *n)
{
	return sys_group_texts + n->text;
}

size_t group_total(void)
{
	return sys_groups_count;
}

const struct group *group_at(size_t i)
{
	return i < sys_groups_count ? &sys_groups[i] : NULL;
}

const struct group *group_find(const char *name)
{
	size_t low = 0, high = sys_groups_count;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = strcmp(name, sys_groups[mid].name);

		if (!order)
			return &sys_groups[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

static const char *exact(const struct group *g, uint64_t value)
{
	size_t low = 0, high = g->count;

	if (g->bits) {
		for (size_t i = 0; i < g->count; i++)
			if (g->names[i].value == value)
				return group_text(&g->names[i]);
		return NULL;
	}
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (g->names[mid].value == value)
			return group_text(&g->names[mid]);
		if (value < g->names[mid].value)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

const char *group_word(const struct group *g, uint64_t value)
{
	const char *name = g ? exact(g, value) : NULL;

	/* A header may write the number as a negative int, or without a sign. */
	if (!name && g && value >> 32 == 0 && value >> 31)
		name = exact(g, value | 0xffffffff00000000u);
	if (!name && g && value >> 31 == 0x1ffffffff)
		name = exact(g, value & 0xffffffff);
	return name;
}

static void add_bits(struct buf *out, const struct group *g, uint64_t value)
{
	uint64_t left = value;
	bool any = false;

	for (size_t i = 0; i < g->count && left; i++) {
		uint64_t bits = g->names[i].value;

		if (!bits || (left & bits) != bits)
			continue;
		if (any)
			buf_chr(out, '|');
		buf_str(out, group_text(&g->names[i]));
		left &= ~bits;
		any = true;
	}
	if (left || !any)
		buf_fmt(out, "%s0x%llx", any ? "|" : "", (unsigned long long)left);
}

void group_add(struct buf *out, const struct group *g, uint64_t value)
{
	const char *name;

	if (!g) {
		buf_fmt(out, "0x%llx", (unsigned long long)value);
		return;
	}
	if (g->bits && value) {
		add_bits(out, g, value);
		return;
	}
	name = group_word(g, value);
	if (name)
		buf_str(out, name);
	else if (value < 0x10000)
		buf_dec(out, value);
	else if ((int64_t)value < 0 && (int64_t)value > -0x10000)
		buf_fmt(out, "%lld", (long long)value);
	else
		buf_fmt(out, "0x%llx", (unsigned long long)value);
}
