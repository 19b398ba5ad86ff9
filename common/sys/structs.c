/* SPDX-License-Identifier: MIT */
#include "sys/structs.h"

#include <errno.h>
#include <string.h>

#include "sys/bytes.h"
#include "sys/fields.h"
#include "sys/kinds.h"
#include "sys/kinds_by.h"
#include "sys/structs_by.h"
#include "sys/tables.h"

/* Larger than any structure of the tables; what is beyond of a sized one is looked at so far. */
enum { LARGEST = 1024 };

void structs_label(const struct structs_item *it, int64_t index)
{
	if (!it->label)
		return;
	buf_str(it->out, it->label);
	if (index >= 0)
		buf_fmt(it->out, "[%lld]", (long long)index);
	buf_str(it->out, ": ");
}

void structs_unreadable(const struct structs_item *it)
{
	structs_label(it, -1);
	bytes_add_address(it->out, it->addr);
	buf_str(it->out, " (cannot be read)\n");
}

static const struct layout_fields *known_fields(const struct structs_item *it)
{
	const struct layout_fields *f = fields_of(it->layout, it->call->abi);

	if (f)
		return f;
	structs_label(it, -1);
	buf_fmt(it->out, "struct %s is not known for %s programs\n", it->layout->name,
		abi_name(it->call->abi));
	return NULL;
}

static void element(const struct structs_item *it, const struct layout_fields *f, const void *p,
	size_t n, int64_t index)
{
	if (!it->layout->bare)
		structs_label(it, index);
	fields_add(it->out, NULL, f, p, n);
}

void structs_plain(const struct structs_item *it, uint64_t n)
{
	const struct layout_fields *f = known_fields(it);
	unsigned char raw[LARGEST];

	if (!f || f->size > sizeof(raw))
		return;
	for (uint64_t i = 0; i < n && i < STRUCTS_MANY; i++) {
		if (!memory_whole(it->call->mem, it->addr + i * f->size, raw, f->size)) {
			structs_unreadable(it);
			return;
		}
		element(it, f, raw, f->size, n > 1 ? (int64_t)i : -1);
		buf_chr(it->out, '\n');
	}
	if (n > STRUCTS_MANY)
		buf_fmt(it->out, "(%llu more)\n", (unsigned long long)(n - STRUCTS_MANY));
}

/* What a newer kernel knows more of, as bytes, unless it is all zero. */
static void add_tail(struct buf *out, const unsigned char *p, size_t n)
{
	size_t i = 0;

	while (i < n && !p[i])
		i++;
	if (i == n)
		return;
	buf_str(out, " tail=");
	fields_add_bytes(out, p, n);
}

/*
 * A structure that has grown over the years. How long the program's is, the call says, or the structure itself:
 * struct perf_event_attr after its first word, struct sched_attr at its start.
 */
void structs_sized(const struct structs_item *it)
{
	const struct layout_fields *f = known_fields(it);
	unsigned char raw[LARGEST] = {0};
	uint64_t size = it->n;
	size_t got;

	if (!f || f->size > sizeof(raw))
		return;
	if (!size &&
		!memory_number(it->call->mem,
			it->addr + (strcmp(it->layout->name, "perf_event_attr") ? 0 : 4), 4,
			&size)) {
		structs_unreadable(it);
		return;
	}
	if (!size)
		size = f->size;
	got = memory_read(
		it->call->mem, it->addr, raw, size < sizeof(raw) ? (size_t)size : LARGEST);
	if (!got) {
		structs_unreadable(it);
		return;
	}
	element(it, f, raw, got < f->size ? got : f->size, -1);
	if (got > f->size)
		add_tail(it->out, raw + f->size, got - f->size);
	if (size > LARGEST)
		buf_fmt(it->out, " (%llu bytes more)", (unsigned long long)(size - LARGEST));
	buf_chr(it->out, '\n');
}

typedef void item_fn(const struct structs_item *it);

static item_fn *const specials[] = {
	[SPECIAL_SOCKADDR] = structs_sockaddr,
	[SPECIAL_MSGHDR] = structs_message,
	[SPECIAL_MMSGHDR] = structs_messages,
	[SPECIAL_IOVEC] = structs_iovec,
	[SPECIAL_SIGINFO] = structs_siginfo,
	[SPECIAL_FD_SET] = structs_fd_set,
	[SPECIAL_BITMAP] = structs_bitmap,
	[SPECIAL_DIRENT] = structs_dirents,
	[SPECIAL_DIRENT64] = structs_dirents,
	[SPECIAL_SIGSET] = structs_sigset,
	[SPECIAL_SIGSET_ARG] = structs_sigset_arg,
	[SPECIAL_NUMBER] = structs_numbers,
	[SPECIAL_LONG] = structs_numbers,
	[SPECIAL_BYTES] = structs_bytes,
	[SPECIAL_SIZED] = structs_sized,
};

/* Whether memory that a call uses so is wanted now. */
static bool wanted(const struct args_call *c, unsigned way, unsigned which)
{
	if (way == ARG_IN)
		return which & STRUCTS_IN;
	if (way == (ARG_IN | ARG_OUT))
		return which & STRUCTS_INOUT;
	/* A sleep that a signal cut short says how much was left: EINTR, ERESTART_RESTARTBLOCK. */
	if (way == ARG_EINTR)
		return (which & STRUCTS_OUT) && c->done && (c->error == EINTR || c->error == 516);
	return (which & STRUCTS_OUT) && c->done && !c->error;
}

/*
 * The time in an old call of a 32-bit program is 32 bits wide (from 403 on it never is). The table says so of those that
 * have a number of their own; futex(2), and what ipc(2) stands for, have none.
 */
static const struct layout *time_layout(const struct args_call *c)
{
	return fields_layout(c->abi == ABI_I386 && c->nr < 403 ? "timespec" : "__kernel_timespec");
}

static const struct layout *layout_of(const struct args_call *c, const struct sysent_arg *a)
{
	const struct layout *l = sys_layouts + a->group;

	return c->abi == ABI_I386 && !strcmp(l->name, "__kernel_timespec") ? time_layout(c) : l;
}

static void pointer(const struct args_call *c, unsigned i, struct buf *out)
{
	const struct sysent_arg *a = kinds_arg(c, i);
	struct structs_item it = {
		.call = c, .label = a->name, .addr = kinds_value(c, i), .out = out};

	if (!it.addr || a->group >= sys_layouts_count)
		return;
	it.layout = layout_of(c, a);
	it.n = a->length == SYSENT_NONE && it.layout->special != SPECIAL_SIZED ? 1
									       : kinds_length(c, i);
	if (it.layout->special)
		specials[it.layout->special](&it);
	else
		structs_plain(&it, it.n);
}

static void futex_time(const struct args_call *c, unsigned i, struct buf *out)
{
	struct structs_item it = {.call = c,
		.layout = time_layout(c),
		.label = kinds_arg(c, i)->name,
		.addr = kinds_value(c, i),
		.out = out};

	if (it.layout && it.addr && kinds_futex_count(kinds_value(c, 1)) > i &&
		kinds_futex_timed(kinds_value(c, 1)))
		structs_plain(&it, 1);
}

static void wait_status(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t status;

	if (c->result > 0 && kinds_value(c, i) &&
		memory_number(c->mem, kinds_value(c, i), 4, &status))
		buf_fmt(out, "%s: 0x%.4X\n", kinds_arg(c, i)->name, (unsigned)status);
}

void structs_add(const struct args_call *call, unsigned which, struct buf *out)
{
	unsigned count = args_count(call);
	const struct sysent_arg *a;

	for (unsigned i = 0; i < count && (a = kinds_arg(call, i)); i++)
		switch (a->kind) {
		case ARG_PTR:
			if (wanted(call, a->way, which))
				pointer(call, i, out);
			break;
		case ARG_FUTEXTIME:
			if (which & STRUCTS_IN)
				futex_time(call, i, out);
			break;
		case ARG_WAITSTAT:
			if (wanted(call, ARG_OUT, which))
				wait_status(call, i, out);
			break;
		case ARG_SOCKVAL:
			if (wanted(call, a->way, which))
				structs_sockopt(call, i, which, out);
			break;
		case ARG_IOCTLARG: structs_ioctl(call, i, which, out); break;
		case ARG_FCNTLARG: structs_fcntl(call, i, which, out); break;
		default: break;
		}
	/* What a fcntl(2) without a third argument gives back. */
	if (count == 2 && call->ent && call->ent->nargs == 3 &&
		kinds_arg(call, 2)->kind == ARG_FCNTLARG)
		structs_fcntl(call, 2, which, out);
}

int structs_add_named(struct buf *out, enum abi abi, const char *name, const void *p, size_t n)
{
	const struct layout *layout = fields_layout(name);
	const struct layout_fields *f = layout ? fields_of(layout, abi) : NULL;

	if (!f || !f->count)
		return -1;
	fields_add(out, NULL, f, p, n);
	buf_chr(out, '\n');
	return 0;
}
