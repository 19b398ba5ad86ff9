/* SPDX-License-Identifier: MIT */
#ifndef PSTACK_SOURCES_H
#define PSTACK_SOURCES_H

#include "picture.h"

/*
 * What debugging information says of a frame, asked for once for each address. At most SOURCES_MOST functions that
 * are inlined into one another, the innermost first; the last one is the frame's own.
 */
enum { SOURCES_MOST = 16 };
struct sources {
	struct source v[SOURCES_MOST];
	size_t n;
};
void sources_of(struct picture *pic, uint64_t addr, struct sources *out);

/* Appends the arguments of frame i of a thread, if they are known; whether. */
bool sources_args(struct picture *pic, const struct thread *t, size_t i, struct buf *out);

#endif
