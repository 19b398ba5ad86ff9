/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_STRUCTS_BY_H
#define PTOOLS_SYS_STRUCTS_BY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "sys/args.h"
#include "sys/tables.h"

/*
 * Structures that are more than a list of fields. Each is at `addr` in the target, is called `label`,
 * and has `n` elements, bytes or bits, as its kind has it; each writes lines.
 */
struct structs_item {
	const struct args_call *call;
	const struct layout *layout;
	const char *label;
	uint64_t addr, n;
	struct buf *out;
};

void structs_sockaddr(const struct structs_item *it);
void structs_message(const struct structs_item *it);
void structs_messages(const struct structs_item *it);
void structs_iovec(const struct structs_item *it);
void structs_siginfo(const struct structs_item *it);
void structs_fd_set(const struct structs_item *it);
void structs_bitmap(const struct structs_item *it);
void structs_dirents(const struct structs_item *it);
void structs_sigset(const struct structs_item *it);
void structs_sigset_arg(const struct structs_item *it);
void structs_numbers(const struct structs_item *it);
void structs_bytes(const struct structs_item *it);
void structs_sized(const struct structs_item *it);

/* One that is a list of fields; n elements of it, 1 where they are not counted. */
void structs_plain(const struct structs_item *it, uint64_t n);

/* `label: `, with an index where there are several. */
void structs_label(const struct structs_item *it, int64_t index);

/* The line that says that it cannot be read. */
void structs_unreadable(const struct structs_item *it);

/* What lies behind a fcntl(2)'s, ioctl(2)'s or socket option's argument i. */
void structs_fcntl(const struct args_call *c, unsigned i, unsigned which, struct buf *out);
void structs_ioctl(const struct args_call *c, unsigned i, unsigned which, struct buf *out);
void structs_sockopt(const struct args_call *c, unsigned i, unsigned which, struct buf *out);

#endif
