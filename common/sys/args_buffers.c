/* SPDX-License-Identifier: MIT */
/* Part of args.h: where the data of a read or a write lies. */
#include <string.h>

#include "sys/args.h"
#include "sys/bytes.h"
#include "sys/kinds.h"
#include "sys/tables.h"

/* What is left to be shown, and whom it goes to. */
struct walk {
	const struct args_call *call;
	void (*each)(void *ctx, uint64_t addr, uint64_t n);
	void *ctx;
	uint64_t left;
	unsigned vectors;
};

static void one(struct walk *w, uint64_t addr, uint64_t n)
{
	if (n > w->left)
		n = w->left;
	w->left -= n;
	if (n)
		w->each(w->ctx, addr, n);
}

/* An array of struct iovec: two words each. */
static void vectors(struct walk *w, uint64_t addr, uint64_t count)
{
	unsigned size = abi_pointer(w->call->abi);

	for (uint64_t i = 0; i < count && w->vectors < BYTES_VECTORS && w->left; i++) {
		uint64_t base, len;

		if (!memory_number(w->call->mem, addr + i * 2 * size, size, &base) ||
			!memory_number(w->call->mem, addr + i * 2 * size + size, size, &len))
			return;
		w->vectors++;
		one(w, base, len);
	}
}

/* A struct user_msghdr: name, its length, then the vectors and their number, each aligned to a word. */
static void message(struct walk *w, uint64_t addr)
{
	unsigned size = abi_pointer(w->call->abi);
	uint64_t at, count;

	if (memory_number(w->call->mem, addr + 2 * size, size, &at) &&
		memory_number(w->call->mem, addr + 3 * size, size, &count))
		vectors(w, at, count);
}

/* Headers, each followed by how much came or went. */
static void messages(struct walk *w, uint64_t addr, uint64_t count, bool reads)
{
	unsigned size = abi_pointer(w->call->abi), step = size == 8 ? 64 : 32;
	unsigned len_at = size == 8 ? 56 : 28;

	for (uint64_t i = 0; i < count && i < BYTES_VECTORS && w->vectors < BYTES_VECTORS; i++) {
		uint64_t len = UINT64_MAX;

		if (reads && !memory_number(w->call->mem, addr + i * step + len_at, 4, &len))
			return;
		w->left = len;
		message(w, addr + i * step);
	}
}

void args_each_buffer(
	const struct args_call *call, void (*each)(void *ctx, uint64_t addr, uint64_t n), void *ctx)
{
	struct walk w = {.call = call, .each = each, .ctx = ctx, .left = UINT64_MAX};
	bool reads = call->ent && (call->ent->flags & SYSENT_READ);
	const struct sysent_arg *a;

	if (!call->ent || !(call->ent->flags & (SYSENT_READ | SYSENT_WRITE)))
		return;
	if (reads) {
		if (!call->done || call->error || call->result <= 0)
			return;
		w.left = (uint64_t)call->result;
	}
	for (unsigned i = 0; (a = kinds_arg(call, i)); i++) {
		uint64_t addr = kinds_value(call, i);

		if (a->kind == ARG_DATA) {
			one(&w, addr, kinds_length(call, i));
			return;
		}
		if (a->kind != ARG_PTR)
			continue;
		if (call->ent->flags & SYSENT_VECTORS)
			vectors(&w, addr, kinds_length(call, i));
		else if (a->length == SYSENT_NONE)
			message(&w, addr);
		else
			messages(&w, addr, reads ? (uint64_t)call->result : kinds_length(call, i),
				reads);
		return;
	}
}
