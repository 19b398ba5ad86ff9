/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SHOW_JSON_H
#define PFILES_SHOW_JSON_H

#include <sys/types.h>

#include "facts.h"
#include "show.h"

/*
 * The same facts as the page's, as one JSON object for each process in a line of its own; the names are in
 * pfiles(1), JSON. The three are called in this order, json_desc() for each descriptor.
 */
void json_begin(struct buf *out, pid_t pid, const struct facts *f);
void json_desc(struct buf *out, const struct facts *f, const struct desc *d,
	struct show_names *names, bool first_line);
void json_end(struct buf *out);

/* A system process: no descriptors. */
void json_system_process(struct buf *out, pid_t pid, const struct buf *command);

#endif
