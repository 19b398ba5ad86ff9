/* SPDX-License-Identifier: MIT */
#ifndef PFILES_DIFFERENCE_H
#define PFILES_DIFFERENCE_H

#include "facts.h"

/* A descriptor that differs between two looks, and in whose facts it is to be found. */
struct difference {
	struct facts *facts;
	struct desc *desc;
};

/*
 * What differs between two looks at a process: descriptors that were opened or closed, or both (another file
 * under the number), whose offset moved, or whose flags changed. Adds to the notes of each which of these it is. In
 * ascending order, of a number that has another file the old one first. *out: free(3). 0 or -ENOMEM.
 */
int difference_find(struct facts *before, struct facts *after, struct difference **out, size_t *n)
	__attribute__((warn_unused_result));

#endif
