/* SPDX-License-Identifier: MIT */
#include "sys/group.h"

#include <linux/ioctl.h>
#include <string.h>

#include "sys/tables.h"

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
				return g->names[i].name;
		return NULL;
	}
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (g->names[mid].value == value)
			return g->names[mid].name;
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
		buf_str(out, g->names[i].name);
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

/* As its parts, or false when they make no request that the macros could have written. */
static bool add_parts(struct buf *out, uint32_t request)
{
	static const char *const macros[] = {
		[_IOC_NONE] = "_IO",
		[_IOC_READ] = "_IOR",
		[_IOC_WRITE] = "_IOW",
		[_IOC_READ | _IOC_WRITE] = "_IOWR",
	};
	unsigned type = _IOC_TYPE(request), way = _IOC_DIR(request), size = _IOC_SIZE(request);

	if (!type || (way == _IOC_NONE && size))
		return false;
	buf_str(out, macros[way & 3]);
	if (type > 0x20 && type < 0x7f && type != '\'' && type != '\\')
		buf_fmt(out, "('%c', 0x%x", (char)type, _IOC_NR(request));
	else
		buf_fmt(out, "(0x%x, 0x%x", type, _IOC_NR(request));
	if (way == _IOC_NONE)
		buf_chr(out, ')');
	else
		buf_fmt(out, ", %u)", size);
	return true;
}

static const struct ioctl_name *first_request(
	const struct ioctl_name *table, unsigned count, uint32_t request)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (table[mid].request < request)
			low = mid + 1;
		else
			high = mid;
	}
	return low < count && table[low].request == request ? table + low : NULL;
}

void group_add_ioctl(struct buf *out, uint32_t request, bool narrow)
{
	const struct ioctl_name *table = sys_ioctls, *at = NULL;
	unsigned count = sys_ioctls_count;

	if (narrow && sys_ioctls32_count) {
		table = sys_ioctls32;
		count = sys_ioctls32_count;
	}
	at = first_request(table, count, request);
	if (!at) {
		if (!add_parts(out, request))
			buf_fmt(out, "0x%.4X", request);
		return;
	}
	buf_str(out, at->name);
	for (const struct ioctl_name *more = at + 1;
		more < table + count && more->request == request; more++)
		buf_fmt(out, " or %s", more->name);
}

size_t group_ioctls(void)
{
	return sys_ioctls_count;
}
