/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_BASE_JSON_H
#define PTOOLS_BASE_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * What all tools have in common when they write JSON, with jansson (json_t and its functions are the
 * library's). Values are put together, then written in one go; memory that runs out on the way is noticed there:
 * the library's functions take NULL, and pass it on.
 */

/*
 * A string of bytes that anybody may have chosen: as escape_add() writes them, so that it is valid UTF-8 and
 * can be turned back: a backslash in it always begins an escape. A new reference, NULL when out of memory.
 */
json_t *json_bytes(const void *bytes, size_t n);

/* Appends the text of the value in one line, without a newline, and gives the reference up. NULL: out->failed. */
void json_put(struct buf *out, json_t *value);

#endif
