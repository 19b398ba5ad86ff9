/* SPDX-License-Identifier: MIT */
#ifndef PFILES_ENDS_H
#define PFILES_ENDS_H

#include <stdbool.h>

#include "facts.h"
#include "proc/holders.h"
#include "proc/proc.h"

/*
 * Who else has a pipe, FIFO, terminal or eventfd open. One pass over all processes for a whole run, and only
 * if something needs it. Zero-initialise; ends_free.
 */
struct ends {
	struct holders *holders;
	bool scanned;
	int err; /* of the pass */
};
void ends_free(struct ends *e);

/* Whether anybody else can be at the far end of such a descriptor. */
bool ends_has(const struct desc *d);

/*
 * Takes down in `notes` an item for each descriptor, of any process, that has the same pipe, FIFO or
 * eventfd, or the other side of the same terminal, but for d of p itself, and for us. 0 or -ENOMEM.
 */
int ends_note(struct ends *e, const struct proc *p, const struct facts *f, const struct desc *d,
	struct buf *notes) __attribute__((warn_unused_result));

#endif
