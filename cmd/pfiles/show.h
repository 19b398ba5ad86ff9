/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SHOW_H
#define PFILES_SHOW_H

#include "facts.h"

/* Turns facts into text. Asks nothing of the target, only names of peer processes of /proc. */

/* "PID:<TAB>command" and the line end. command is raw, cut at 70 columns. colour: for a terminal. */
void show_header(struct buf *out, pid_t pid, const struct buf *command, bool colour);

/* The lines between the header and the first descriptor. */
void show_limit(struct buf *out, const struct facts *f);

/* Names of processes already looked up. Zero-initialise; show_names_free. */
struct show_names {
	bool colour; /* the page is for a terminal */
	struct show_name {
		pid_t pid;
		struct buf comm;
	} row[64];
};
void show_names_free(struct show_names *n);

/* The name of a process, escaped; "?" if it is gone. Valid until the next call. */
const struct buf *show_name_of(struct show_names *names, pid_t pid);

/* The block of one descriptor; first_line: only its first line. */
void show_desc(struct buf *out, const struct facts *f, const struct desc *d,
	struct show_names *names, bool first_line);

#endif
