/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_LOOKUP_H
#define PTOOLS_SYM_LOOKUP_H

#include "sym/module.h"
#include "sym/symbols.h"
#include "sym/table.h"

/* Inside common/sym: one address that is looked for, among others of the same file, which ascend. */
struct lookup {
	uint64_t vaddr;   /* in the file */
	const char *name; /* of the file, or the space's; NULL: not found */
	uint64_t start, size;
	bool plt;
	bool done; /* by a table that was asked before */

	/* While tables are read: what has been seen so far. */
	uint64_t label; /* start of the nearest symbol without a size */
	const char *label_name;
	uint64_t below; /* the highest start of any symbol at or below */
	unsigned rank;
};

/* Fills in those that are not found yet, from one table. */
void lookup_in_table(const struct symbol_table *t, struct lookup *v, size_t n);

/* From the code of an entry of the procedure linkage table (plt.c). */
void lookup_plt(struct elffile *f, struct lookup *l);

/* From the table that Go's programs carry even when they are stripped (gotab.c). */
void lookup_go(struct elffile *f, struct lookup *v, size_t n);

/* From the perf map: symbols that no module has (perfmap.c). */
void lookup_perfmap(struct space *s, struct symbol **v, size_t n);

#endif
