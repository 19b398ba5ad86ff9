/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_CALL_H
#define PTOOLS_CTL_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A system call to be run in, or on behalf of, a target: numbers of the x86_64 table and 64-bit
 * structures whatever the target's own mode is. The memory behind IN, OUT and INOUT arguments is
 * the caller's, stays the caller's, and is copied to and from the target; at most CALL_BYTES_MAX
 * bytes for one call in all.
 */
enum call_how { CALL_VALUE, CALL_IN, CALL_OUT, CALL_INOUT };

struct call_arg {
	enum call_how how;
	uint32_t len; /* bytes behind ptr */
	union {
		uint64_t value;
		void *ptr;
		const void *cptr;
	};
};

#define CALL_BYTES_MAX 16384

struct call {
	long nr;
	struct call_arg arg[6];
	int64_t ret; /* the call's own result, -errno included; valid when the batch returned 0 */
};

#define ARG_VAL(v)                                                                                 \
	((struct call_arg){                                                                        \
		.how = CALL_VALUE,                                                                 \
		.value = (uint64_t)(v),                                                            \
	})
#define ARG_IN(p, n)    ((struct call_arg){.how = CALL_IN, .len = (n), .cptr = (p)})
#define ARG_OUT(p, n)   ((struct call_arg){.how = CALL_OUT, .len = (n), .ptr = (p)})
#define ARG_INOUT(p, n) ((struct call_arg){.how = CALL_INOUT, .len = (n), .ptr = (p)})

/*
 * 0 if the call is one of those that neither block nor change the process (call.c holds the table:
 * statx, fcntl(F_GET*), getsockopt, getsockname, getpeername, getpid and its like, ...), else
 * ERR_REFUSED. Everything that runs calls asks here first.
 */
int call_allowed(const struct call *c) __attribute__((warn_unused_result));

/*
 * Whether it may wait for a moment after all: lseek(2) by 0, behind a read of the same open file by
 * another thread (Linux guards the position by a mutex). Only an agent with a thread of its own runs
 * these; a diverted thread, or the tool itself, must not be made to wait.
 */
bool call_may_wait(const struct call *c);

/* Whether it is a call of that table whose first argument is a descriptor. */
bool call_on_descriptor(const struct call *c);

#endif
