/* SPDX-License-Identifier: MIT */
#include "json_notes.h"

#include <string.h>

#include "base/json.h"
#include "notes.h"
#include "show_notes.h"

#define KEY_MOST 64

json_t *json_words(const char *text)
{
	json_t *list = json_array();

	if (strcmp(text, "0") == 0 || strcmp(text, "0x0") == 0)
		return list;
	while (*text) {
		size_t n = strcspn(text, "|");

		json_array_append_new(list, json_stringn(text, n));
		text += n + (text[n] == '|');
	}
	return list;
}

/* "same-open-file" is same_open_file, so that jq takes it without quotes. */
static const char *name_of(const char *key, char *name)
{
	size_t i = 0;

	for (; key[i] && i < KEY_MOST - 1; i++)
		name[i] = key[i] == '-' ? '_' : key[i];
	name[i] = '\0';
	return name;
}

static json_t *in_words(const struct note *n)
{
	struct buf text = {0};
	json_t *v;

	show_note_value(&text, n);
	v = n->kind == NOTE_BITS || n->kind == NOTE_SET ? json_words(buf_cstr(&text))
							: json_string(buf_cstr(&text));
	buf_free(&text);
	return v;
}

static json_t *fds(const struct note *n)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < n->len; i += sizeof(int)) {
		int fd;

		memcpy(&fd, n->text + i, sizeof(fd));
		json_array_append_new(list, json_integer(fd));
	}
	return list;
}

static json_t *value_of(const struct note *n)
{
	switch (n->kind) {
	case NOTE_WORD: return json_true();
	case NOTE_NUM:
		/* jansson's integers have a sign; what does not fit is text. */
		return n->num <= INT64_MAX ? json_integer((json_int_t)n->num) : in_words(n);
	case NOTE_INT: return json_integer((json_int_t)n->num);
	case NOTE_TIME: return json_real((double)(int64_t)n->num + n->nsec / 1e9);
	case NOTE_DEV:
		return json_pack(
			"{s:I, s:I}", "major", (json_int_t)n->num, "minor", (json_int_t)n->nsec);
	case NOTE_TEXT:
	case NOTE_TEXTS: return json_bytes(n->text, n->len);
	case NOTE_FDS: return fds(n);
	default: return in_words(n);
	}
}

/* The array of that name, which is made if there is none. */
static json_t *list_in(json_t *o, const char *name)
{
	json_t *list = json_object_get(o, name);

	if (!list) {
		list = json_array();
		json_object_set_new(o, name, list);
	}
	return list;
}

static void set_pair(json_t *line, const struct note *n)
{
	char name[KEY_MOST];

	if (n->kind == NOTE_PROCESS) {
		json_object_set_new(line, "pid", json_integer((json_int_t)n->num));
		json_object_set_new(line, "command", json_bytes(n->text, n->len));
	} else if (n->kind == NOTE_TEXTS) {
		json_array_append_new(list_in(line, name_of(n->key, name)), value_of(n));
	} else {
		json_object_set_new(line, name_of(n->key, name), value_of(n));
	}
}

static json_t *begin(json_t *o, const struct note *n)
{
	json_t *line = json_object();
	char name[KEY_MOST];

	name_of(n->key, name);
	if (n->kind == NOTE_LINE) {
		json_object_set_new(o, name, line);
		return line;
	}
	json_array_append_new(list_in(o, name), line);
	return line;
}

void json_notes(json_t *o, const struct facts *f, struct span notes)
{
	size_t at = notes.at;
	json_t *line = NULL;
	struct note n;

	while (note_next(&f->notes, &at, notes.at + notes.len, &n)) {
		if (n.kind == NOTE_LINE || n.kind == NOTE_ITEM)
			line = begin(o, &n);
		else
			set_pair(line, &n);
	}
}
