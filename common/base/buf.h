/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_BASE_BUF_H
#define PTOOLS_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Growable bytes, always followed by a NUL that len does not count. Zero-initialise, append,
 * buf_free. Out of memory is remembered in `failed` and further appends do nothing, so that a
 * caller checks once, at the end.
 */
struct buf {
	char *data;
	size_t len, cap;
	bool failed;
};

void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_str(struct buf *b, const char *s);
void buf_chr(struct buf *b, char c);
void buf_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vfmt(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Fast paths for the numbers that fill most of a page: decimal, and 0-less lower-case hex. */
void buf_dec(struct buf *b, unsigned long long v);
void buf_hex(struct buf *b, unsigned long long v);

/* Room for n more bytes; returns where they go (NULL when out of memory). buf_grew() takes them. */
char *buf_room(struct buf *b, size_t n);
void buf_grew(struct buf *b, size_t n);

/* Empties without giving memory back. */
void buf_clear(struct buf *b);
void buf_free(struct buf *b);

/* The text so far, "" when nothing was ever added. Owned by b, valid until the next append. */
const char *buf_cstr(const struct buf *b);

#endif
