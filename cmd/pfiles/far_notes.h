/* SPDX-License-Identifier: MIT */
#ifndef PFILES_FAR_NOTES_H
#define PFILES_FAR_NOTES_H

#include <stdbool.h>

#include "ends.h"
#include "facts.h"
#include "far_numbers.h"
#include "proc/proc.h"

/* Whether anybody else can be at the far end of such a descriptor: a pipe, FIFO, terminal or eventfd. */
bool far_notes_has(const struct desc *d);

/* Who has the far ends, while the descriptors of one process are gone through. */
struct far_notes {
	struct ends *ends;
	const struct proc *p;
	struct facts *f;
	const struct desc **own; /* those of the process, by inode; NULL until needed */
	size_t nown;
	bool begun;
	struct far_numbers eventfds, masters;
};
void far_notes_begin(struct far_notes *n, struct ends *e, const struct proc *p, struct facts *f);
void far_notes_end(struct far_notes *n);

/*
 * Takes down in `notes` an item for each descriptor, of any process, that has the same pipe, FIFO or
 * eventfd, or the other side of the same terminal, but for d itself and for ours. Of an eventfd, others of the same
 * process are left out if it has many descriptors: they are among those that share the open file. Sets
 * d->err_far where nobody at the other end was found who may well be there. 0 or -ENOMEM.
 */
int far_notes(struct far_notes *n, struct desc *d, struct buf *notes)
	__attribute__((warn_unused_result));

#endif
