/* SPDX-License-Identifier: MIT */
#ifndef PFILES_NOTES_H
#define PFILES_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Facts that only some kinds of descriptors have: lines of `name key:value key:value ...`. They are taken
 * down once, in order, and read by those who print them, as text or as JSON: there the first word is the
 * name of an object, or, where a descriptor has several such lines, of an array.
 *
 * Names and keys are static strings. Notes that were taken down in different buffers can be put together:
 * nothing in them depends on where they are.
 */
enum note_kind {
	NOTE_LINE,    /* begins a line: key is its name */
	NOTE_ITEM,    /* the same, one of several of that name */
	NOTE_WORD,    /* a key without value: it is so */
	NOTE_NUM,     /* num, unsigned */
	NOTE_INT,     /* num, as a signed number */
	NOTE_HEX,     /* num */
	NOTE_OCTAL,   /* num */
	NOTE_BITS,    /* num, in the names of the group (sys/group.h) in text */
	NOTE_NAME,    /* the same, but a value and no set of bits */
	NOTE_SET,     /* num, a set of signals */
	NOTE_TIME,    /* num seconds (signed) and nsec nanoseconds */
	NOTE_DEV,     /* num major and nsec minor */
	NOTE_TEXT,    /* len bytes of text, chosen by anybody */
	NOTE_TEXTS,   /* the same, of which a line may have several with the same key */
	NOTE_FDS,     /* len bytes of int: descriptors */
	NOTE_PROCESS, /* num is the pid, the text its name */
};

struct note {
	enum note_kind kind;
	const char *key;
	uint64_t num;
	uint32_t nsec, len;
	const char *text;
};

/* Each appends one. The memory behind n->text is copied. */
void note(struct buf *b, const struct note *n);

void note_line(struct buf *b, const char *name);
void note_item(struct buf *b, const char *name);
void note_word(struct buf *b, const char *key);
void note_num(struct buf *b, const char *key, uint64_t v);
void note_int(struct buf *b, const char *key, int64_t v);
void note_hex(struct buf *b, const char *key, uint64_t v);
void note_bits(struct buf *b, const char *key, const char *group, uint64_t v);
void note_name(struct buf *b, const char *key, const char *group, uint64_t v);
void note_text(struct buf *b, const char *key, const char *text, size_t n);
void note_one_text(struct buf *b, const char *key, const char *text, size_t n); /* NOTE_TEXTS */

/* Reads the note at *at and moves on; false at `end`. Its text is inside b. */
bool note_next(const struct buf *b, size_t *at, size_t end, struct note *out);

#endif
