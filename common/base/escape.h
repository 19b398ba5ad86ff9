/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_BASE_ESCAPE_H
#define PTOOLS_BASE_ESCAPE_H

#include <stddef.h>

#include "base/buf.h"

/*
 * Everything that another process chose (command lines, paths, thread and socket names) goes to the
 * terminal only through here. Valid UTF-8 that is printable stays; control characters (C0, DEL, C1),
 * bidirectional and other invisible format characters (so that no text can reorder a line), line and
 * paragraph separators, lone or overlong bytes, surrogates and the backslash itself become a C-like
 * escape: \n \t \\ or \xHH per byte. The result can be turned back and holds no byte below 0x20.
 */
void escape_add(struct buf *out, const void *bytes, size_t n);

/*
 * The same, cut so that at most `columns` columns are used (wide characters count two, combining ones
 * none); an escape is never cut in two.
 */
void escape_add_columns(struct buf *out, const void *bytes, size_t n, unsigned columns);

#endif
