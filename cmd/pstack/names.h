/* SPDX-License-Identifier: MIT */
#ifndef PSTACK_NAMES_H
#define PSTACK_NAMES_H

#include "sym/symbols.h"

/* The functions of all frames, each address once. Zero-initialise; names_free. */
struct name {
	char *text;      /* for people, made when first asked for */
	bool has_params; /* text ends with a list of parameters: C++ turned back */
};
struct names {
	struct symbol *symbol;
	struct name *name; /* beside each symbol */
	size_t n, cap;
	uint32_t *slot; /* index + 1, by hash of the address */
	size_t slots;
};

/* Takes note of an address (frame_lookup()). 0, -ENOMEM. */
int names_add(struct names *n, uint64_t addr) __attribute__((warn_unused_result));
/* Finds the symbols of all of them. */
int names_resolve(struct names *n, struct space *s) __attribute__((warn_unused_result));
void names_free(struct names *n);

/* Of an address that was added. */
const struct symbol *names_symbol(const struct names *n, uint64_t addr);
/* What to call it: "????????" where nobody knows. NULL when out of memory. */
const struct name *names_text(struct names *n, uint64_t addr, bool raw);

#endif
