/* SPDX-License-Identifier: MIT */
/*
 * libiberty turns names back (the code of c++filt and gdb), piece by piece through a callback, without memory of its own
 * beyond the stack. A short name can stand for an endless one, so the callback leaves by longjmp when it has enough.
 */
#include <libiberty/demangle.h>
#include <setjmp.h>
#include <string.h>

#include "base/escape.h"
#include "sym/symbols.h"

struct output {
	struct buf text;
	jmp_buf enough;
};

static void take(const char *piece, size_t n, void *arg)
{
	struct output *o = arg;

	if (n > SYMBOLS_NAME - o->text.len)
		n = SYMBOLS_NAME - o->text.len;
	buf_add(&o->text, piece, n);
	if (o->text.failed || o->text.len == SYMBOLS_NAME)
		longjmp(o->enough, 1);
}

/* Fills in o->text; false: it is no such name. */
static bool turn_back(const char *name, struct output *o)
{
	const int options = DMGL_PARAMS | DMGL_ANSI;

	if (setjmp(o->enough))
		return true;
	if (strncmp(name, "_R", 2) == 0 || strncmp(name, "_ZN", 3) == 0) {
		if (rust_demangle_callback(name, options, take, o))
			return true;
		buf_clear(&o->text);
	}
	return strncmp(name, "_Z", 2) == 0 && cplus_demangle_v3_callback(name, options, take, o);
}

static void add_cut(struct buf *out, const char *s, size_t n)
{
	escape_add(out, s, n < SYMBOLS_NAME ? n : SYMBOLS_NAME);
	if (n >= SYMBOLS_NAME)
		buf_str(out, "...");
}

void symbols_add_name(struct buf *out, const char *name, bool raw)
{
	const char *version = raw ? NULL : strchr(name, '@');
	size_t n =
		version && version > name ? (size_t)(version - name) : strnlen(name, SYMBOLS_NAME);
	struct output o = {0};
	char copy[SYMBOLS_NAME];

	if (n > SYMBOLS_NAME)
		n = SYMBOLS_NAME;
	if (!raw && name[0] == '_' && n < sizeof(copy)) {
		memcpy(copy, name, n);
		copy[n] = '\0';
		if (turn_back(copy, &o)) {
			add_cut(out, buf_cstr(&o.text), o.text.len);
			buf_free(&o.text);
			return;
		}
	}
	buf_free(&o.text);
	add_cut(out, name, n);
}
