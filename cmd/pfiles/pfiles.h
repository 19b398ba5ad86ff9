/* SPDX-License-Identifier: MIT */
#ifndef PFILES_PFILES_H
#define PFILES_PFILES_H

#include <stdbool.h>

#include "base/cli.h"
#include "mounts.h"
#include "settle.h"

struct opts {
	bool first_line;      /* -n */
	bool borrow;          /* -b: no agent */
	bool hold;            /* -H: all threads stopped meanwhile */
	bool report;          /* -s */
	struct mounts mounts; /* of the whole run, as is settle */
	struct settle settle;
};

/* Looks at what the operand names, shows it or says why not. */
void pfiles_one(struct cli *c, const char *operand, struct opts *o);

#endif
