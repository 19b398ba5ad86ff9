/* SPDX-License-Identifier: MIT */
/*
 * Lines of `word key:value key:value`, all numbers in hex but where the table says so:
 *   tfd:        4 events: 80000019 data:             1234  pos:0 ino:40e sdev:10
 *   inotify wd:2 ino:3c51a sdev:fe00000 mask:80000200 ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:1ac5...
 *   fanotify flags:1 event-flags:8000
 *   fanotify ino:6400b sdev:fe00000 mflags:0 mask:20 ignored_mask:0 fhandle-bytes:8 ...
 */
#include "info_watch.h"

#include <stdlib.h>
#include <string.h>

#include "notes.h"

enum form { FORM_HEX, FORM_DECIMAL, FORM_NUM, FORM_BITS, FORM_DEV, FORM_ZERO, FORM_TEXT };

struct column {
	enum kind kind;
	const char *name; /* the kernel's */
	const char *key;  /* ours */
	enum form form;   /* NUM: hex in the text, decimal for people; ZERO: left out where 0 */
	const char *group;
};

static const struct column columns[] = {
	{KIND_EPOLL, "tfd", "fd", FORM_DECIMAL, NULL},
	{KIND_EPOLL, "events", "events", FORM_BITS, "epoll_events"},
	{KIND_EPOLL, "data", "data", FORM_HEX, NULL},
	{KIND_EPOLL, "pos", "pos", FORM_ZERO, NULL},
	{KIND_EPOLL, "ino", "ino", FORM_NUM, NULL},
	{KIND_EPOLL, "sdev", "dev", FORM_DEV, NULL},
	{KIND_INOTIFY, "wd", "wd", FORM_NUM, NULL},
	{KIND_INOTIFY, "ino", "ino", FORM_NUM, NULL},
	{KIND_INOTIFY, "sdev", "dev", FORM_DEV, NULL},
	{KIND_INOTIFY, "mask", "mask", FORM_BITS, "inotify_mask"},
	{KIND_INOTIFY, "ignored_mask", "ignored-mask", FORM_ZERO, NULL},
	{KIND_FANOTIFY, "flags", "flags", FORM_BITS, "fanotify_init"},
	{KIND_FANOTIFY, "event-flags", "event-flags", FORM_BITS, "open_flags"},
	{KIND_FANOTIFY, "mnt_id", "mount", FORM_NUM, NULL},
	{KIND_FANOTIFY, "ino", "ino", FORM_NUM, NULL},
	{KIND_FANOTIFY, "sdev", "dev", FORM_DEV, NULL},
	{KIND_FANOTIFY, "mflags", "mark-flags", FORM_BITS, "fanotify_mark"},
	{KIND_FANOTIFY, "mask", "mask", FORM_BITS, "fanotify_mask"},
	{KIND_FANOTIFY, "ignored_mask", "ignored-mask", FORM_BITS, "fanotify_mask"},
	{KIND_INOTIFY, "fhandle-bytes", "handle-bytes", FORM_HEX, NULL},
	{KIND_INOTIFY, "fhandle-type", "handle-type", FORM_HEX, NULL},
	{KIND_INOTIFY, "f_handle", "handle", FORM_TEXT, NULL},
	{KIND_FANOTIFY, "fhandle-bytes", "handle-bytes", FORM_HEX, NULL},
	{KIND_FANOTIFY, "fhandle-type", "handle-type", FORM_HEX, NULL},
	{KIND_FANOTIFY, "f_handle", "handle", FORM_TEXT, NULL},
};

static const struct {
	enum kind kind;
	const char *head; /* how such a line begins */
	size_t skip;      /* so much of it is no column */
} heads[] = {
	{KIND_EPOLL, "tfd:", 0},
	{KIND_INOTIFY, "inotify ", 8},
	{KIND_FANOTIFY, "fanotify ", 9},
};

bool info_watch_is(enum kind k)
{
	return k == KIND_EPOLL || k == KIND_INOTIFY || k == KIND_FANOTIFY;
}

static const struct column *find(enum kind k, const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		if (columns[i].kind == k && strlen(columns[i].name) == len &&
			memcmp(columns[i].name, name, len) == 0)
			return &columns[i];
	}
	return NULL;
}

/*
 * The kernel's own device numbers (linux/kdev_t.h): 12 bits major, 20 bits minor, whatever the user's dev_t
 * looks like.
 */
static void take_dev(const struct column *c, uint64_t v, struct buf *notes)
{
	note(notes,
		&(struct note){
			.kind = NOTE_DEV,
			.key = c->key,
			.num = v >> 20,
			.nsec = (uint32_t)(v & 0xfffff),
		});
}

static void take_column(const struct column *c, const char *value, size_t len, struct buf *notes)
{
	char *end;
	uint64_t v = strtoull(value, &end, c->form == FORM_DECIMAL ? 10 : 16);

	if (c->form == FORM_TEXT || end != value + len || !len) {
		note_text(notes, c->key, value, len);
		return;
	}
	switch (c->form) {
	case FORM_HEX: note_hex(notes, c->key, v); break;
	case FORM_BITS:
		if (v || strcmp(c->key, "mark-flags") != 0)
			note_bits(notes, c->key, c->group, v);
		break;
	case FORM_DEV: take_dev(c, v, notes); break;
	case FORM_ZERO:
		if (v)
			note_hex(notes, c->key, v);
		break;
	default: note_num(notes, c->key, v);
	}
}

/* `name:value`, the value after any blanks; a word that is none of the columns is kept as it is. */
static void take_line(enum kind k, const char *line, const char *end, struct buf *notes)
{
	note_item(notes, kind_word(k));
	while (line < end) {
		const char *name = line, *colon, *value;
		const struct column *c;

		while (name < end && *name == ' ')
			name++;
		colon = memchr(name, ':', (size_t)(end - name));
		value = colon ? colon + 1 : end;
		while (value < end && *value == ' ')
			value++;
		line = memchr(value, ' ', (size_t)(end - value));
		line = line ? line : end;
		c = colon ? find(k, name, (size_t)(colon - name)) : NULL;
		if (c)
			take_column(c, value, (size_t)(line - value), notes);
		else if (name < end)
			note_text(notes, "fdinfo", name, (size_t)(line - name));
	}
}

void info_watch_take(enum kind k, const char *text, struct buf *notes)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
			if (heads[i].kind == k &&
				strncmp(text, heads[i].head, strlen(heads[i].head)) == 0)
				take_line(k, text + heads[i].skip, text + len, notes);
		}
		text += len + (text[len] == '\n');
	}
}
