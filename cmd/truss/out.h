/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_OUT_H
#define PTOOLS_TRUSS_OUT_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Where lines go: gathered up to 64 KiB, so that a busy target costs one write(2) for hundreds of them, and
 * written at the latest some milliseconds after they were made (event.h: the tick), at once on a terminal.
 */
struct out {
	struct buf page;
	int fd;
	bool terminal;
	int err; /* the first -errno of a write: nothing is written any more */
};

/* path NULL: standard error. 0 or -errno. */
int out_open(struct out *o, const char *path);
/* Takes over what is in b (whole lines) and empties it. */
void out_add(struct out *o, struct buf *b);
/* Writes what has gathered. A signal that ends truss ends a write that blocks, too. */
void out_flush(struct out *o);
void out_close(struct out *o);

#endif
