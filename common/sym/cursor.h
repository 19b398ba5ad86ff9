/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_CURSOR_H
#define PTOOLS_SYM_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Inside common/sym: reads bytes one after the other and never beyond their end; what would be there is 0, and `bad` is
 * set for good, so that a reader checks once.
 */
struct cursor {
	const unsigned char *at, *end;
	bool bad;
};

static inline struct cursor cursor_of(const void *bytes, size_t n)
{
	return (struct cursor){bytes, (const unsigned char *)bytes + n, false};
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

static inline void cursor_take(struct cursor *c, void *to, size_t n)
{
	if (cursor_left(c) < n) {
		c->bad = true;
		c->at = c->end;
		memset(to, 0, n);
		return;
	}
	memcpy(to, c->at, n);
	c->at += n;
}

static inline void cursor_skip(struct cursor *c, uint64_t n)
{
	if (cursor_left(c) < n) {
		c->bad = true;
		c->at = c->end;
	} else
		c->at += n;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	uint8_t v;

	cursor_take(c, &v, sizeof(v));
	return v;
}

static inline uint16_t cursor_u16(struct cursor *c)
{
	uint16_t v;

	cursor_take(c, &v, sizeof(v));
	return v;
}

static inline uint32_t cursor_u32(struct cursor *c)
{
	uint32_t v;

	cursor_take(c, &v, sizeof(v));
	return v;
}

static inline uint64_t cursor_u64(struct cursor *c)
{
	uint64_t v;

	cursor_take(c, &v, sizeof(v));
	return v;
}

/* LEB128 (DWARF 5, 7.6); bits beyond 64 are lost. */
static inline uint64_t cursor_uleb(struct cursor *c)
{
	uint64_t v = 0;
	unsigned shift = 0;
	uint8_t b;

	do {
		b = cursor_u8(c);
		if (shift < 64)
			v |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	} while ((b & 0x80) && !c->bad);
	return v;
}

static inline int64_t cursor_sleb(struct cursor *c)
{
	uint64_t v = 0;
	unsigned shift = 0;
	uint8_t b;

	do {
		b = cursor_u8(c);
		if (shift < 64)
			v |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	} while ((b & 0x80) && !c->bad);
	if (shift < 64 && (b & 0x40))
		v |= -((uint64_t)1 << shift);
	return (int64_t)v;
}

#endif
