/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include "base/escape.h"

json_t *json_bytes(const void *bytes, size_t n)
{
	struct buf text = {0};
	json_t *s = NULL;

	escape_add(&text, bytes, n);
	if (!text.failed)
		s = json_stringn(buf_cstr(&text), text.len);
	buf_free(&text);
	return s;
}

static int append(const char *text, size_t n, void *arg)
{
	struct buf *out = arg;

	buf_add(out, text, n);
	return out->failed ? -1 : 0;
}

void json_put(struct buf *out, json_t *value)
{
	if (!value || json_dump_callback(value, append, out, JSON_COMPACT | JSON_ENCODE_ANY))
		out->failed = true;
	json_decref(value);
}
