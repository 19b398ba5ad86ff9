/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_SOURCE_READ_H
#define PTOOLS_SYM_SOURCE_READ_H

#include "sym/source.h"

/*
 * Inside common/sym: source_each() and source_add_args() where the work is done. By libdw, in this very process: what
 * damaged debugging information does to it, it does to us. Only the reader (reader.h) and its tests call them.
 */
int source_read_each(struct space *s, uint64_t addr, source_fn *fn, void *arg)
	__attribute__((warn_unused_result));
bool source_read_args(struct space *s, uint64_t addr, const struct regs *regs,
	const struct source_memory *memory, struct buf *out);

#endif
