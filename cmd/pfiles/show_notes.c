/* SPDX-License-Identifier: MIT */
#include "show_notes.h"

#include <string.h>

#include "base/escape.h"
#include "sys/group.h"
#include "sys/signame.h"

#define INDENT "      "

static void add_int(struct buf *out, int64_t v)
{
	if (v < 0)
		buf_chr(out, '-');
	buf_dec(out, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

/* Seconds and nanoseconds as one number: 99.999981222 */
static void add_time(struct buf *out, const struct note *n)
{
	add_int(out, (int64_t)n->num);
	buf_fmt(out, ".%09u", n->nsec);
}

static void add_set(struct buf *out, uint64_t set)
{
	bool any = false;

	for (int s = 1; s <= 64; s++) {
		if (!(set >> (s - 1) & 1))
			continue;
		if (any)
			buf_chr(out, '|');
		signame_add(out, s);
		any = true;
	}
	if (!any)
		buf_chr(out, '0');
}

void show_note_value(struct buf *out, const struct note *n)
{
	switch (n->kind) {
	case NOTE_NUM: buf_dec(out, n->num); break;
	case NOTE_INT: add_int(out, (int64_t)n->num); break;
	case NOTE_HEX:
		buf_str(out, "0x");
		buf_hex(out, n->num);
		break;
	case NOTE_OCTAL: buf_fmt(out, "0%llo", (unsigned long long)n->num); break;
	case NOTE_BITS:
	case NOTE_NAME: group_add(out, group_find(n->text), n->num); break;
	case NOTE_SET: add_set(out, n->num); break;
	case NOTE_TIME: add_time(out, n); break;
	case NOTE_DEV:
		buf_dec(out, n->num);
		buf_chr(out, ',');
		buf_dec(out, n->nsec);
		break;
	case NOTE_TEXT:
	case NOTE_TEXTS: escape_add(out, n->text, n->len); break;
	default: break;
	}
}

/*
 * Text that has a blank or a quote in it is put into quotes, and quotes in it are escaped: nobody's text can
 * look like another key.
 */
static void add_text(struct buf *out, const char *text, size_t len)
{
	struct buf plain = {0};
	bool quotes;

	escape_add(&plain, text, len);
	quotes = plain.len == 0 || strpbrk(buf_cstr(&plain), " \"") != NULL;
	if (quotes)
		buf_chr(out, '"');
	for (size_t i = 0; i < plain.len; i++) {
		if (plain.data[i] == '"')
			buf_str(out, "\\x22");
		else
			buf_chr(out, plain.data[i]);
	}
	if (quotes)
		buf_chr(out, '"');
	out->failed |= plain.failed;
	buf_free(&plain);
}

static void add_fds(struct buf *out, const struct note *n)
{
	for (uint32_t i = 0; i < n->len; i += sizeof(int)) {
		int fd;

		memcpy(&fd, n->text + i, sizeof(fd));
		if (i)
			buf_chr(out, ',');
		buf_dec(out, (unsigned)fd);
	}
}

static void add_pair(struct buf *out, const struct note *n)
{
	buf_chr(out, ' ');
	buf_str(out, n->key);
	if (n->kind == NOTE_WORD)
		return;
	buf_chr(out, ':');
	switch (n->kind) {
	case NOTE_TEXT:
	case NOTE_TEXTS: add_text(out, n->text, n->len); break;
	case NOTE_FDS: add_fds(out, n); break;
	case NOTE_PROCESS:
		escape_add(out, n->text, n->len);
		buf_fmt(out, "[%llu]", (unsigned long long)n->num);
		break;
	default: show_note_value(out, n);
	}
}

void show_notes(struct buf *out, const struct facts *f, struct span notes)
{
	size_t at = notes.at;
	bool line = false;
	struct note n;

	while (note_next(&f->notes, &at, notes.at + notes.len, &n)) {
		if (n.kind == NOTE_LINE || n.kind == NOTE_ITEM) {
			buf_str(out, line ? "\n" INDENT : INDENT);
			buf_str(out, n.key);
			line = true;
		} else {
			add_pair(out, &n);
		}
	}
	if (line)
		buf_chr(out, '\n');
}
