/* SPDX-License-Identifier: MIT */
#include "sys/bytes.h"

#include <string.h>

#include "base/escape.h"

/* One byte in its two columns. */
static void two_columns(char *to, unsigned char c)
{
	static const char hex[] = "0123456789ABCDEF";

	if (c >= 0x20 && c < 0x7f) {
		to[0] = ' ';
		to[1] = (char)c;
	} else if (c == 0 || (c >= '\b' && c <= '\r')) {
		to[0] = '\\';
		to[1] = c ? "btnvfr"[c - '\b'] : '0';
	} else {
		to[0] = hex[c >> 4];
		to[1] = hex[c & 15];
	}
}

void bytes_add(struct buf *out, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	char text[2 * BYTES_DUMP];

	while (n) {
		size_t some = n < BYTES_DUMP ? n : BYTES_DUMP;

		for (size_t i = 0; i < some; i++)
			two_columns(text + 2 * i, p[i]);
		buf_add(out, text, 2 * some);
		p += some;
		n -= some;
	}
}

void bytes_add_line(struct buf *out, const void *bytes, size_t n)
{
	bytes_add(out, bytes, n < BYTES_DUMP ? n : BYTES_DUMP);
}

void bytes_add_peek(struct buf *out, const struct memory *m, uint64_t addr, uint64_t n)
{
	unsigned char peek[BYTES_PEEK];
	size_t got = n ? memory_read(m, addr, peek, n < BYTES_PEEK ? (size_t)n : BYTES_PEEK) : 0;

	if (!got) {
		bytes_add_address(out, addr);
		return;
	}
	buf_chr(out, '"');
	bytes_add(out, peek, got);
	buf_str(out, got < n ? "\".." : "\"");
}

void bytes_add_quoted(struct buf *out, const void *bytes, size_t n)
{
	const char *p = bytes, *end = p + n;

	buf_chr(out, '"');
	while (p < end) {
		const char *quote = memchr(p, '"', (size_t)(end - p));

		escape_add(out, p, (size_t)((quote ? quote : end) - p));
		if (!quote)
			break;
		buf_add(out, "\\\"", 2);
		p = quote + 1;
	}
	buf_chr(out, '"');
}

void bytes_add_string(struct buf *out, const struct memory *m, uint64_t addr)
{
	char text[MEMORY_STRING];
	bool ended;
	size_t len = memory_string(m, addr, text, sizeof(text), &ended);

	if (!len && !ended) {
		bytes_add_address(out, addr);
		return;
	}
	bytes_add_quoted(out, text, len);
	if (!ended)
		buf_str(out, "..");
}

void bytes_add_address(struct buf *out, uint64_t addr)
{
	static const char digits[] = "0123456789ABCDEF";
	char text[18];
	unsigned at = sizeof(text);

	do {
		text[--at] = digits[addr & 15];
		addr >>= 4;
	} while (addr || sizeof(text) - at < 8);
	text[--at] = 'x';
	text[--at] = '0';
	buf_add(out, text + at, sizeof(text) - at);
}

void bytes_add_decimal(struct buf *out, int64_t v)
{
	if (v < 0)
		buf_chr(out, '-');
	buf_dec(out, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void bytes_add_small(struct buf *out, uint64_t v, unsigned bytes)
{
	unsigned top = bytes ? 8 * bytes - 8 : 0;

	if (bytes < 8)
		v &= (1ull << (8 * bytes)) - 1;
	if (v >> top)
		bytes_add_address(out, v);
	else
		buf_dec(out, v);
}
