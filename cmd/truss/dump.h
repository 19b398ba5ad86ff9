/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_DUMP_H
#define PTOOLS_TRUSS_DUMP_H

#include <stdint.h>

#include "base/buf.h"
#include "sys/args.h"

/* How many bytes a call reads or writes by its buffers: args_each_buffer(). */
uint64_t dump_total(const struct args_call *call);
/*
 * All of them for -r and -w, as lines of BYTES_DUMP bytes. More than DUMP_MAX of one call are not shown, a last line
 * says how many.
 */
enum { DUMP_MAX = 16 << 20 };
void dump_add(const struct args_call *call, struct buf *out);

#endif
