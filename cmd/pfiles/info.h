/* SPDX-License-Identifier: MIT */
#ifndef PFILES_INFO_H
#define PFILES_INFO_H

#include "base/buf.h"
#include "kind.h"

/* Whether the fdinfo of such a descriptor says more than position, flags, mount and inode. */
bool info_has_more(enum kind k);

/*
 * Whether a text of fdinfo can be that of such a descriptor: anonymous files have one inode in common, and only
 * this tells one sort of them from another.
 */
bool info_is_of(enum kind k, const char *text);

/*
 * Takes down what a text of fdinfo says beyond that, whatever it holds; lines that this program does not
 * know are taken down as they are. Nothing for a kind that has no more. Either keys and values without a line,
 * or as many items as there are.
 */
void info_take(enum kind k, const char *text, struct buf *notes);

#endif
