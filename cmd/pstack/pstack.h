/* SPDX-License-Identifier: MIT */
#ifndef PSTACK_PSTACK_H
#define PSTACK_PSTACK_H

#include <stdbool.h>

#include "base/cli.h"

struct opts {
	bool args;           /* -a: arguments of functions */
	bool flame;          /* -f: folded lines for a flame graph */
	bool hold;           /* -H: all threads in one instant */
	bool json;           /* -j */
	bool kernel;         /* -k: the kernel's part of each stack */
	bool raw;            /* -r: names as the linker has them */
	bool report;         /* -s */
	bool same;           /* -u: threads with the same stack together */
	bool verbose;        /* -v: files, lines, inlined functions */
	unsigned long limit; /* -n: frames of a thread, 0: all */
};

/* Looks at what the operand names, shows it or says why not. */
void pstack_one(struct cli *c, const char *operand, const struct opts *o);

#endif
