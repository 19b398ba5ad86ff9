/* SPDX-License-Identifier: MIT */
#include "base/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/width.h"

/* One step through the text: a character that stays, or a byte that does not. */
struct unit {
	size_t n;  /* bytes taken from the text */
	bool keep; /* as it is, else each byte escaped */
	unsigned columns;
};

static bool plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '\\';
}

/* How many bytes at the start need no thought: nearly every path and name is nothing else. */
static size_t plain_prefix(const unsigned char *s, size_t n)
{
	size_t i = 0;

	while (i < n && plain(s[i]))
		i++;
	return i;
}

/* The length of the well-formed UTF-8 sequence at s and its character, or 0. */
static size_t decode(const unsigned char *s, size_t n, uint32_t *out)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
	uint32_t c;

	if (s[0] < 0x80) {
		*out = s[0];
		return 1;
	}
	if (!len || len > n)
		return 0;
	c = s[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*out = c;
	return len;
}

static unsigned escape_columns(unsigned char c)
{
	return c == '\n' || c == '\t' || c == '\\' ? 2 : 4;
}

static struct unit next_unit(const unsigned char *s, size_t n, bool after_ours)
{
	struct unit u = {.n = 1};
	uint32_t c = 0;
	int width;

	if (plain(*s))
		return (struct unit){.n = 1, .keep = true, .columns = 1};
	u.n = decode(s, n, &c);
	width = u.n > 1 ? width_of(c) : -1;
	/* A mark there would combine with a character that the target did not choose. */
	if (width < 0 || (width == 0 && after_ours)) {
		if (!u.n)
			u.n = 1;
		for (size_t i = 0; i < u.n; i++)
			u.columns += escape_columns(s[i]);
		return u;
	}
	u.keep = true;
	u.columns = (unsigned)width;
	return u;
}

static void escape_byte(struct buf *out, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	switch (c) {
	case '\n': buf_add(out, "\\n", 2); break;
	case '\t': buf_add(out, "\\t", 2); break;
	case '\\': buf_add(out, "\\\\", 2); break;
	default: buf_add(out, (char[]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4); break;
	}
}

static void add_unit(struct buf *out, const unsigned char *s, struct unit u)
{
	if (u.keep) {
		buf_add(out, s, u.n);
		return;
	}
	for (size_t i = 0; i < u.n; i++)
		escape_byte(out, s[i]);
}

void escape_add(struct buf *out, const void *bytes, size_t n)
{
	const unsigned char *s = bytes, *end = s + n;
	bool after_ours = true;

	while (s < end) {
		size_t run = plain_prefix(s, (size_t)(end - s));
		struct unit u;

		buf_add(out, s, run);
		s += run;
		if (s == end)
			break;
		u = next_unit(s, (size_t)(end - s), after_ours && !run);
		add_unit(out, s, u);
		s += u.n;
		after_ours = !u.keep;
	}
}

void escape_add_columns(struct buf *out, const void *bytes, size_t n, unsigned columns)
{
	const unsigned char *s = bytes, *end = s + n;
	unsigned used = 0, marks = 0;
	bool after_ours = true;

	while (s < end) {
		struct unit u = next_unit(s, (size_t)(end - s), after_ours);

		/* Marks use no column, so they get a bound of their own. */
		if (u.keep && u.columns == 0 && marks++ >= columns)
			break;
		if (u.columns > columns - used)
			break;
		used += u.columns;
		add_unit(out, s, u);
		s += u.n;
		after_ours = !u.keep;
	}
}
