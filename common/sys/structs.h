/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_STRUCTS_H
#define PTOOLS_SYS_STRUCTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "sys/args.h"

/*
 * The structures behind a call's arguments (-v), in the layout that the calling program's ABI gives them.
 * Lines without prefix and without indentation, each with its newline: the caller puts its prefix
 * and a tab before each. Nothing is appended for a NULL pointer; one that cannot be read
 * gives a line `statbuf: 0x00000010 (cannot be read)`. Counts are bounded: STRUCTS_MANY elements, then
 * a line says how many more. A tail that the kernel added since the build, or that a field's name is
 * not known for, is shown in hex if it is not zero.
 */
enum {
	STRUCTS_IN = 1 << 0,    /* what the call reads; at entry, and while it sleeps */
	STRUCTS_INOUT = 1 << 1, /* what it reads and changes */
	STRUCTS_OUT = 1 << 2,   /* what it has written; nothing of it where it failed */
	STRUCTS_MANY = 64,
};

/*
 * Those of the given kinds. Usually STRUCTS_IN at entry, kept, and STRUCTS_INOUT|STRUCTS_OUT at exit;
 * for a sleeping call STRUCTS_IN|STRUCTS_INOUT.
 */
void structs_add(const struct args_call *call, unsigned which, struct buf *out);

/* By the name of its layout ("stat", "rusage"...), n bytes at p, as lines; for tests. -1 if unknown. */
int structs_add_named(struct buf *out, enum abi abi, const char *name, const void *p, size_t n);

/*
 * A socket address in one line: `AF_INET  name = 10.0.0.1  port = 80`, `AF_UNIX  name = /run/x`... n bytes.
 */
void structs_add_sockaddr(struct buf *out, const void *p, size_t n);

#endif
