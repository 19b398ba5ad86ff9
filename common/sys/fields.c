/* SPDX-License-Identifier: MIT */
#include "sys/fields.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "sys/bytes.h"
#include "sys/group.h"
#include "sys/kinds.h"
#include "sys/signame.h"

enum { BYTES_SHOWN = 64, ELEMENTS_SHOWN = 16 };

uint64_t fields_number(const void *p, size_t bytes)
{
	const unsigned char *b = p;
	uint64_t v = 0;

	for (size_t i = bytes < 8 ? bytes : 8; i-- > 0;)
		v = v << 8 | b[i];
	return v;
}

void fields_add_bytes(struct buf *out, const void *p, size_t n)
{
	const unsigned char *b = p;

	for (size_t i = 0; i < n && i < BYTES_SHOWN; i++)
		buf_fmt(out, "%.2X", b[i]);
	if (n > BYTES_SHOWN)
		buf_str(out, "..");
}

void fields_add_time(struct buf *out, long long sec, unsigned long long part, unsigned digits)
{
	unsigned long long whole = digits == 9 ? 1000000000 : 1000000;

	/* utimensat(2): in a field that holds less than a second otherwise. */
	if (digits == 9 && (part == (1ull << 30) - 1 || part == (1ull << 30) - 2))
		buf_str(out, part & 1 ? "UTIME_NOW" : "UTIME_OMIT");
	else if (part < whole)
		buf_fmt(out, "%lld.%.*llu sec", sec, (int)digits, part);
	else
		buf_fmt(out, "%lld sec + 0x%llx", sec, part);
}

static void add_date(struct buf *out, int64_t sec, uint64_t nsec)
{
	time_t t = (time_t)sec;
	char text[64];
	struct tm tm;

	if (localtime_r(&t, &tm) && strftime(text, sizeof(text), "%b %e %H:%M:%S %Z %Y", &tm))
		buf_fmt(out, "%s  ", text);
	buf_fmt(out, "[ %lld.%.9llu ]", (long long)sec, (unsigned long long)nsec);
}

static int64_t signed_of(uint64_t v, size_t bytes)
{
	unsigned unused = bytes < 8 ? 64 - 8 * (unsigned)bytes : 0;

	return (int64_t)(v << unused) >> unused;
}

static void add_cflag(struct buf *out, uint64_t v)
{
	const uint64_t speed = 0x100f, size = 0x30; /* CBAUD, CSIZE of asm-generic/termbits.h */
	uint64_t rest = v & ~(speed | size);

	group_add(out, group_find("tc_speed"), v & speed);
	buf_chr(out, '|');
	group_add(out, group_find("tc_csize"), v & size);
	if (!rest)
		return;
	buf_chr(out, '|');
	group_add(out, group_find("tc_cflag"), rest);
}

static void add_address(struct buf *out, int family, const void *p)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family, p, text, sizeof(text)))
		buf_str(out, text);
}

/* Times: two numbers beside each other. */
static void add_moment(struct buf *out, const struct field *f, const unsigned char *p)
{
	size_t half = f->how == FIELD_TIME || f->how == FIELD_UTIME ? f->size / 2 : f->size;
	int64_t sec = signed_of(fields_number(p, half), half);

	if (f->how == FIELD_XDATE)
		add_date(out, (int64_t)fields_number(p, 8), fields_number(p + 8, 4));
	else if (f->how == FIELD_DATE)
		add_date(out, sec, fields_number(p + half, half));
	else
		fields_add_time(
			out, sec, fields_number(p + half, half), f->how == FIELD_TIME ? 9 : 6);
}

static void add_word(struct buf *out, const struct field *f, uint64_t v)
{
	switch (f->how) {
	case FIELD_INT:
	case FIELD_FD: bytes_add_decimal(out, (int64_t)signed_of(v, f->size)); break;
	case FIELD_HEX:
	case FIELD_ADDR:
	case FIELD_DEV: bytes_add_address(out, v); break;
	case FIELD_OCT: buf_fmt(out, v ? "0%llo" : "%llo", (unsigned long long)v); break;
	case FIELD_MODE: buf_fmt(out, "%.7llo", (unsigned long long)v); break;
	case FIELD_BITS:
	case FIELD_ENUM: group_add(out, sys_group(f->group), v); break;
	case FIELD_SIGSET: signame_add_set(out, v); break;
	case FIELD_SIGNAL: v ? signame_add(out, (int64_t)v) : buf_chr(out, '0'); break;
	case FIELD_HANDLER: kinds_add_handler(out, v); break;
	case FIELD_PORT: buf_dec(out, ntohs((uint16_t)v)); break;
	case FIELD_CFLAG: add_cflag(out, v); break;
	case FIELD_RLIM:
		if (v == (f->size < 8 ? (1ull << 8 * f->size) - 1 : UINT64_MAX))
			buf_str(out, "RLIM_INFINITY");
		else
			buf_dec(out, v);
		break;
	default: buf_dec(out, v);
	}
}

static void add_one(struct buf *out, const struct field *f, const unsigned char *p)
{
	uint64_t v = fields_number(p, f->size);

	if (f->bits)
		v = v >> f->shift & ((1ull << f->bits) - 1);
	switch (f->how) {
	case FIELD_DATE:
	case FIELD_XDATE:
	case FIELD_TIME:
	case FIELD_UTIME: add_moment(out, f, p); break;
	case FIELD_IPV4: add_address(out, AF_INET, p); break;
	case FIELD_IPV6: add_address(out, AF_INET6, p); break;
	case FIELD_BYTES: fields_add_bytes(out, p, f->size); break;
	default: add_word(out, f, v);
	}
}

/* Bytes that a field needs, with what lies beside it. */
static size_t extent(const struct field *f)
{
	size_t one = f->size;

	if (f->how == FIELD_DATE)
		one *= 2;
	return f->count > 0 && f->how != FIELD_IPV6 ? one * (size_t)f->count : one;
}

static void add_value(struct buf *out, const struct field *f, const unsigned char *p)
{
	if (f->count < 0 || f->how == FIELD_IPV6) {
		add_one(out, f, p);
		return;
	}
	if (f->how == FIELD_STR) {
		bytes_add_quoted(out, p, strnlen((const char *)p, extent(f)));
		return;
	}
	if (f->how == FIELD_BYTES) {
		fields_add_bytes(out, p, extent(f));
		return;
	}
	buf_chr(out, '[');
	for (int i = 0; i < f->count && i < ELEMENTS_SHOWN; i++) {
		if (i)
			buf_chr(out, ' ');
		add_one(out, f, p + (size_t)i * f->size);
	}
	buf_str(out, f->count > ELEMENTS_SHOWN ? " ..]" : "]");
}

static bool all_zero(const unsigned char *p, const struct field *f)
{
	if (f->bits)
		return !(fields_number(p, f->size) >> f->shift & ((1ull << f->bits) - 1));
	for (size_t i = 0; i < extent(f); i++)
		if (p[i])
			return false;
	return true;
}

void fields_add(struct buf *out, const struct fields_style *style, const struct layout_fields *f,
	const void *p, size_t n)
{
	static const struct fields_style usual = {" ", "="};
	bool first = true;

	if (!style)
		style = &usual;
	for (unsigned i = 0; i < f->count; i++) {
		const struct field *field = f->fields + i;
		const unsigned char *at = (const unsigned char *)p + field->off;
		bool dated = field->how == FIELD_DATE || field->how == FIELD_XDATE;
		size_t from;

		if (field->off + extent(field) > n)
			continue;
		if ((field->flags & FIELD_NONZERO) && all_zero(at, field))
			continue;
		if (!first)
			buf_str(out, field->flags & FIELD_LINE ? "\n" : style->between);
		first = false;
		if (*field->label)
			buf_fmt(out, "%s%s", field->label, dated ? " = " : style->equals);
		from = out->len;
		add_value(out, field, at);
		/* Columns line up with the next line's, but nothing trails the last. */
		while (i + 1 < f->count && !(f->fields[i + 1].flags & FIELD_LINE) && !out->failed &&
			out->len - from < field->width)
			buf_chr(out, ' ');
	}
}

const struct layout *fields_layout(const char *name)
{
	for (unsigned i = 0; i < sys_layouts_count; i++)
		if (!strcmp(sys_layouts[i].name, name))
			return sys_layouts + i;
	return NULL;
}

const struct layout_fields *fields_of(const struct layout *layout, enum abi abi)
{
	const struct layout_fields *wide = &layout->wide, *narrow = &layout->narrow;

	if (abi == ABI_I386)
		return narrow->size ? narrow : NULL;
	if (abi == ABI_X32 && wide->size != narrow->size)
		return NULL;
	return wide->size ? wide : NULL;
}
