/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_ARGS_H
#define PTOOLS_SYS_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "sys/abi.h"
#include "sys/memory.h"
#include "sys/sysent.h"

/*
 * A call in words. The tracer fills a struct args_call at entry, completes it at exit, and
 * hands it in at both: what a call reads is looked at before it runs (a path may be gone
 * afterwards, and after an exec all memory is), what it writes when it has returned.
 */
struct args_call {
	const struct sysent *ent; /* NULL: unknown, shown as sys#nr(...) with all six arguments */
	enum abi abi;
	uint64_t nr;
	uint64_t arg
		[SYSENT_ARGS]; /* as at entry; upper halves are ignored where the type is narrower */
	const struct memory *mem; /* NULL: no memory; addresses are shown instead */

	bool done;      /* it has returned: the three below count */
	int error;      /* 0, or the positive error number */
	int64_t result; /* where error is 0 */

	/* If set, called after each descriptor that is shown (-y), to append `</etc/passwd>`. */
	void (*fd)(void *ctx, int fd, struct buf *out);
	void *fd_ctx;
};

/*
 * A 32-bit program's socketcall(2) or ipc(2) into the call that it stands for: ent and arg change, nr stays. At
 * entry, before all else; reads the arguments. Returns whether it did: not for other calls, nor where the
 * arguments cannot be read or nobody knows the call.
 */
bool args_unwrap(struct args_call *call);
/* At exit, with error and result set: a shmat(2) by way of ipc(2) has its result in memory. */
void args_unwrap_result(struct args_call *call);

/* How a line is made. */
enum {
	ARGS_RAW = 1 << 0,      /* -x: all arguments as hex numbers */
	ARGS_NOPEEK = 1 << 1,   /* data buffers as addresses: the dump follows (-r, -w) */
	ARGS_UNFOLDED = 1 << 2, /* openat(AT_FDCWD, ...) stays what it is, instead of open(...) */
};

/*
 * `name(arg, arg)`: made by args_enter with what is known at entry, completed by args_leave with what the
 * call has written. Zero-initialise once, reuse for every call of a thread, args_free at the end.
 */
struct args_line {
	struct buf text;
	unsigned options;
	unsigned shown, count;    /* bit i: argument i comes later; how many arguments are shown */
	uint32_t at[SYSENT_ARGS]; /* where in text */
};

void args_enter(struct args_line *line, const struct args_call *call, unsigned options);

/*
 * Appends the whole text to `out`. With call->done false: what can be said while it sleeps, output
 * buffers as addresses. May be called any number of times.
 */
void args_leave(const struct args_line *line, const struct args_call *call, struct buf *out);
/* Whether the line of a call that has returned, or its result, needs a look at what the call wrote. */
bool args_looks_back(const struct args_line *line, const struct args_call *call);
void args_free(struct args_line *line);

/* One argument alone, for JSON: as args_leave would show it. i < 6. */
void args_add(const struct args_call *call, unsigned i, unsigned options, struct buf *out);

/* How many arguments are worth showing: fcntl(F_GETFD) has two, open without O_CREAT two. */
unsigned args_count(const struct args_call *call);

/* The name it is shown by: "openat", or "open" where folded; "sys#999" is made in `out`. */
void args_add_name(const struct args_call *call, unsigned options, struct buf *out);

/* `= 3`, `= 0x7F0000001000` or `Err#2 ENOENT`, without anything before it. Needs call->done. */
void args_add_result(const struct args_call *call, struct buf *out);

/*
 * For -x: what the numbers point to, a line each with its newline: `     0x<address>: "<string>"`.
 * At entry (!call->done) the strings that the call reads, at exit those it wrote, and peeks of data.
 */
void args_add_strings(const struct args_call *call, struct buf *out);

/*
 * The data that a SYSENT_READ call has read or a SYSENT_WRITE call writes, buffer by buffer, vectors (at
 * most BYTES_VECTORS) expanded. A read's come to no more than its result, and none if it failed;
 * a write's are complete even if it failed. Addresses are the target's: nothing has been read from them.
 */
void args_each_buffer(const struct args_call *call,
	void (*each)(void *ctx, uint64_t addr, uint64_t n), void *ctx);

/*
 * Whether one of the strings that the call is given (paths, names) is what the caller looks for. At entry. Strings that
 * cannot be read to their end are not asked about.
 */
bool args_has_string(
	const struct args_call *call, bool (*fits)(void *ctx, const char *string), void *ctx);

/* The argument vector of an exec, for -a and -e: 0 argv, 1 envp. At entry. The address of the array. */
uint64_t args_vector(const struct args_call *call, unsigned which);

/* How many strings that array has (`argc`), at most `max`; -1 if it cannot be read. */
int args_vector_count(const struct args_call *call, uint64_t vector, int max);

#endif
