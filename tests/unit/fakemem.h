/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TESTS_FAKEMEM_H
#define PTOOLS_TESTS_FAKEMEM_H

#include <stdint.h>
#include <string.h>

#include "sys/args.h"
#include "sys/memory.h"
#include "sys/structs.h"

/*
 * A target that is nothing but a page and a bit of memory at FAKE_BASE. fake_put() places bytes and says where;
 * what lies beyond cannot be read.
 */
enum { FAKE_SIZE = 16384 };
#define FAKE_BASE 0x7f0000001000ull

struct fake {
	uint64_t base; /* FAKE_BASE unless set, so that 32-bit programs can have theirs low */
	size_t used;
	unsigned char bytes[FAKE_SIZE];
	struct memory memory;
};

static inline size_t fake_read(void *ctx, uint64_t addr, void *to, size_t n)
{
	struct fake *f = ctx;

	if (addr < f->base || addr >= f->base + f->used)
		return 0;
	if (n > f->base + f->used - addr)
		n = (size_t)(f->base + f->used - addr);
	memcpy(to, f->bytes + (addr - f->base), n);
	return n;
}

static inline void fake_start(struct fake *f, uint64_t base)
{
	memset(f, 0, sizeof(*f));
	f->base = base;
	f->memory = (struct memory){.read = fake_read, .ctx = f};
}

static inline uint64_t fake_put(struct fake *f, const void *p, size_t n)
{
	uint64_t addr = f->base + f->used;

	memcpy(f->bytes + f->used, p, n);
	f->used += n;
	return addr;
}

static inline uint64_t fake_text(struct fake *f, const char *s)
{
	return fake_put(f, s, strlen(s) + 1);
}

/* The line of a call, as it is at exit, with its result; the texts are b's. */
static inline const char *fake_line(
	struct buf *b, const struct args_call *entry, unsigned options, int error, int64_t result)
{
	struct args_call call = *entry;
	struct args_line line = {0};

	buf_clear(b);
	args_enter(&line, &call, options);
	call.done = true;
	call.error = error;
	call.result = result;
	args_leave(&line, &call, b);
	buf_chr(b, ' ');
	args_add_result(&call, b);
	args_free(&line);
	return buf_cstr(b);
}

/* The structures of a call: before it, then after it. */
static inline const char *fake_structs(
	struct buf *b, const struct args_call *entry, int error, int64_t result)
{
	struct args_call call = *entry;

	buf_clear(b);
	structs_add(&call, STRUCTS_IN, b);
	call.done = true;
	call.error = error;
	call.result = result;
	structs_add(&call, STRUCTS_INOUT | STRUCTS_OUT, b);
	return buf_cstr(b);
}

#endif
