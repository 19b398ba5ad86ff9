/* SPDX-License-Identifier: MIT */
#include "notes.h"

#include <string.h>

/* What is kept of a note: its text follows, unaligned. */
struct stored {
	const char *key;
	uint64_t num;
	uint32_t nsec, len;
	enum note_kind kind;
};

void note(struct buf *b, const struct note *n)
{
	struct stored s = {
		.key = n->key,
		.num = n->num,
		.nsec = n->nsec,
		.len = n->len,
		.kind = n->kind,
	};

	buf_add(b, &s, sizeof(s));
	buf_add(b, n->text ? n->text : "", n->len);
}

bool note_next(const struct buf *b, size_t *at, size_t end, struct note *out)
{
	struct stored s;

	if (*at >= end)
		return false;
	memcpy(&s, b->data + *at, sizeof(s));
	*out = (struct note){
		.kind = s.kind,
		.key = s.key,
		.num = s.num,
		.nsec = s.nsec,
		.len = s.len,
		.text = b->data + *at + sizeof(s),
	};
	*at += sizeof(s) + s.len;
	return true;
}

void note_line(struct buf *b, const char *name)
{
	note(b, &(struct note){.kind = NOTE_LINE, .key = name});
}

void note_item(struct buf *b, const char *name)
{
	note(b, &(struct note){.kind = NOTE_ITEM, .key = name});
}

void note_word(struct buf *b, const char *key)
{
	note(b, &(struct note){.kind = NOTE_WORD, .key = key});
}

void note_num(struct buf *b, const char *key, uint64_t v)
{
	note(b, &(struct note){.kind = NOTE_NUM, .key = key, .num = v});
}

void note_int(struct buf *b, const char *key, int64_t v)
{
	note(b, &(struct note){.kind = NOTE_INT, .key = key, .num = (uint64_t)v});
}

void note_hex(struct buf *b, const char *key, uint64_t v)
{
	note(b, &(struct note){.kind = NOTE_HEX, .key = key, .num = v});
}

static void in_group(struct buf *b, const struct note *n, const char *group)
{
	struct note all = *n;

	all.text = group;
	all.len = (uint32_t)strlen(group) + 1;
	note(b, &all);
}

void note_bits(struct buf *b, const char *key, const char *group, uint64_t v)
{
	in_group(b, &(struct note){.kind = NOTE_BITS, .key = key, .num = v}, group);
}

void note_name(struct buf *b, const char *key, const char *group, uint64_t v)
{
	in_group(b, &(struct note){.kind = NOTE_NAME, .key = key, .num = v}, group);
}

void note_one_text(struct buf *b, const char *key, const char *text, size_t n)
{
	note(b, &(struct note){.kind = NOTE_TEXTS, .key = key, .text = text, .len = (uint32_t)n});
}

void note_text(struct buf *b, const char *key, const char *text, size_t n)
{
	note(b, &(struct note){.kind = NOTE_TEXT, .key = key, .text = text, .len = (uint32_t)n});
}
