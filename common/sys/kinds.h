/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_KINDS_H
#define PTOOLS_SYS_KINDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "sys/args.h"

/* What args.c, kinds.c and structs.c share: arguments as values, and the words that several of them want. */

/* The argument's description, NULL where the prototype is not known. */
const struct sysent_arg *kinds_arg(const struct args_call *c, unsigned i);

/* Argument i as its C type has it: sign- or zero-extended to 64 bits. */
uint64_t kinds_value(const struct args_call *c, unsigned i);

/* Argument i with argument i + 1 as its upper half, where the ABI's registers are too narrow. */
uint64_t kinds_halves(const struct args_call *c, unsigned i);

/* How many elements or bytes belong to argument i: by another argument, or by the result; 0 before there is one. */
uint64_t kinds_length(const struct args_call *c, unsigned i);

/* By name, -1 when there is none. */
int kinds_index(const struct args_call *c, const char *name);

/* Whether what argument i shows is known only when the call has returned. */
bool kinds_late(const struct args_call *c, unsigned i, unsigned options);

/* Argument i in words. */
void kinds_add(const struct args_call *c, unsigned i, unsigned options, struct buf *out);

/* A descriptor, and what the caller has to say of it. */
void kinds_add_fd(const struct args_call *c, int fd, struct buf *out);

/* open(2)'s flags: the access mode, then the rest. */
void kinds_add_open(struct buf *out, uint64_t flags);

/* SIG_DFL, SIG_IGN or an address. */
void kinds_add_handler(struct buf *out, uint64_t handler);

/* The names of socket options of a level. */
const struct group *kinds_sockopts(uint64_t level);

#endif
