/* SPDX-License-Identifier: MIT */
#ifndef PFILES_PAGE_H
#define PFILES_PAGE_H

#include "difference.h"
#include "facts.h"
#include "pfiles.h"

/* What is written for one process, as text or as JSON, in pieces that fit into memory. */
void page_show(struct cli *c, const struct opts *o, pid_t pid, const struct facts *f);

/* The same with those descriptors alone that differ (-d); f: of the later look. */
void page_show_differences(struct cli *c, const struct opts *o, pid_t pid, const struct facts *f,
	const struct difference *list, size_t n);

/* A process of the kernel. */
void page_show_system_process(
	struct cli *c, const struct opts *o, pid_t pid, const struct buf *command);

#endif
