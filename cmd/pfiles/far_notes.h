/* SPDX-License-Identifier: MIT */
#ifndef PFILES_FAR_NOTES_H
#define PFILES_FAR_NOTES_H

#include <stdbool.h>

#include "ends.h"
#include "facts.h"
#include "proc/proc.h"

/* Whether anybody else can be at the far end of such a descriptor: a pipe, FIFO, terminal or eventfd. */
bool far_notes_has(const struct desc *d);

/*
 * Takes down in `notes` an item for each descriptor, of any process, that has the same pipe, FIFO or
 * eventfd, or the other side of the same terminal, but for d of p itself, and for us. 0 or -ENOMEM.
 */
int far_notes(struct ends *e, const struct proc *p, const struct facts *f, const struct desc *d,
	struct buf *notes) __attribute__((warn_unused_result));

#endif
