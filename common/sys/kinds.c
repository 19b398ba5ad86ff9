/* SPDX-License-Identifier: MIT */
/*
 * One function for each enum arg_kind. An argument is looked at through the table alone; what depends
 * on another argument (a fcntl's on its command, a protocol on its family) is in kinds_by.c.
 */
#include "sys/kinds.h"

#include <linux/fcntl.h>

#include "sys/bytes.h"
#include "sys/group.h"
#include "sys/kinds_by.h"
#include "sys/memory.h"
#include "sys/signame.h"
#include "sys/tables.h"

const struct sysent_arg *kinds_arg(const struct args_call *c, unsigned i)
{
	return c->ent && c->ent->nargs != SYSENT_NONE && i < c->ent->nargs ? c->ent->args + i
									   : NULL;
}

uint64_t kinds_value(const struct args_call *c, unsigned i)
{
	const struct sysent_arg *a = kinds_arg(c, i);
	unsigned bits = a ? 8u * a->bytes : 64;
	uint64_t v;

	if (i >= SYSENT_ARGS)
		return 0;
	v = c->arg[i];
	if (!a)
		return abi_long(c->abi) == 4 ? (uint32_t)v : v;
	if (bits >= 64)
		return v;
	v &= (1ull << bits) - 1;
	if (a->is_signed && v >> (bits - 1))
		v |= ~0ull << bits;
	return v;
}

uint64_t kinds_halves(const struct args_call *c, unsigned i)
{
	if (abi_long(c->abi) == 8 || i + 1 >= SYSENT_ARGS)
		return c->arg[i];
	return (uint32_t)c->arg[i] | c->arg[i + 1] << 32;
}

uint64_t kinds_length(const struct args_call *c, unsigned i)
{
	const struct sysent_arg *a = kinds_arg(c, i), *by;
	uint64_t n = 0;

	if (!a || a->length == SYSENT_NONE)
		return 0;
	if (a->length == ARG_RESULT)
		return c->done && !c->error && c->result > 0 ? (uint64_t)c->result : 0;
	if (a->length & 0x80)
		return a->length & 0x7f;
	by = kinds_arg(c, a->length);
	if (!by)
		return 0;
	/* A length that is itself behind a pointer: what the call has left there. */
	if (by->kind == ARG_PTR) {
		memory_number(c->mem, kinds_value(c, a->length), 4, &n);
		return (int32_t)n < 0 ? 0 : n;
	}
	n = kinds_value(c, a->length);
	return by->is_signed && (int64_t)n < 0 ? 0 : n;
}

int kinds_index(const struct args_call *c, const char *name)
{
	const struct sysent_arg *a;

	for (unsigned i = 0; (a = kinds_arg(c, i)); i++) {
		const char *p = a->name, *q = name;

		while (*p && *p == *q)
			p++, q++;
		if (*p == *q)
			return (int)i;
	}
	return -1;
}

void kinds_add_fd(const struct args_call *c, int fd, struct buf *out)
{
	if (fd == AT_FDCWD) {
		buf_str(out, "AT_FDCWD");
		return;
	}
	bytes_add_decimal(out, fd);
	if (c->fd && fd >= 0)
		c->fd(c->fd_ctx, fd, out);
}

void kinds_add_open(struct buf *out, uint64_t flags)
{
	uint64_t mode = flags & O_ACCMODE, rest = flags & ~(uint64_t)O_ACCMODE;

	group_add(out, group_find("open_access"), mode);
	if (!rest)
		return;
	buf_chr(out, '|');
	group_add(out, group_find("open_flags"), rest);
}

void kinds_add_handler(struct buf *out, uint64_t handler)
{
	if (handler == 0)
		buf_str(out, "SIG_DFL");
	else if (handler == 1)
		buf_str(out, "SIG_IGN");
	else
		bytes_add_address(out, handler);
}

typedef void show_fn(const struct args_call *c, unsigned i, struct buf *out);

static void show_dec(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t v = kinds_value(c, i);

	if (kinds_arg(c, i)->is_signed)
		bytes_add_decimal(out, (int64_t)v);
	else
		buf_dec(out, v);
}

static void show_id(const struct args_call *c, unsigned i, struct buf *out)
{
	uint32_t v = (uint32_t)kinds_value(c, i);

	if (v == UINT32_MAX)
		buf_str(out, "-1");
	else
		buf_dec(out, v);
}

static void show_hex(const struct args_call *c, unsigned i, struct buf *out)
{
	const struct sysent_arg *a = kinds_arg(c, i);
	uint64_t v = kinds_value(c, i);

	bytes_add_address(out, a->bytes < 8 ? v & ((1ull << 8 * a->bytes) - 1) : v);
}

static void show_oct(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t v = kinds_value(c, i);

	buf_fmt(out, v ? "0%llo" : "%llo", (unsigned long long)v);
}

/* Large ones in hex, but an offset a little before the end of a file is no large one. */
static void add_small(struct buf *out, uint64_t v, unsigned bytes, bool is_signed)
{
	if (is_signed && (int64_t)v < 0 && (int64_t)v > -0x1000000)
		bytes_add_decimal(out, (int64_t)v);
	else
		bytes_add_small(out, v, bytes);
}

static void show_small(const struct args_call *c, unsigned i, struct buf *out)
{
	const struct sysent_arg *a = kinds_arg(c, i);

	add_small(out, kinds_value(c, i), a->bytes, a->is_signed);
}

static void show_lo(const struct args_call *c, unsigned i, struct buf *out)
{
	add_small(out, kinds_halves(c, i), 8, true);
}

static void show_fd(const struct args_call *c, unsigned i, struct buf *out)
{
	kinds_add_fd(c, (int)kinds_value(c, i), out);
}

static void show_str(const struct args_call *c, unsigned i, struct buf *out)
{
	bytes_add_string(out, c->mem, kinds_value(c, i));
}

static void show_outstr(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t addr = kinds_value(c, i), n = kinds_length(c, i);
	char text[MEMORY_STRING];
	size_t got;

	if (!c->done || c->error) {
		bytes_add_address(out, addr);
		return;
	}
	/* readlink(2) puts no NUL at the end, but says how much it is. */
	if (kinds_arg(c, i)->length != ARG_RESULT) {
		bytes_add_string(out, c->mem, addr);
		return;
	}
	got = memory_read(c->mem, addr, text, n < sizeof(text) ? (size_t)n : sizeof(text));
	if (!got) {
		bytes_add_address(out, addr);
		return;
	}
	bytes_add_quoted(out, text, got);
	if (got < n)
		buf_str(out, "..");
}

/* What was read is as long as the result says, and nothing if it failed. */
static void show_data(const struct args_call *c, unsigned i, struct buf *out)
{
	const struct sysent_arg *a = kinds_arg(c, i);
	uint64_t n = kinds_length(c, i);

	if (a->way & ARG_OUT) {
		if (!c->done || c->error || c->result <= 0)
			n = 0;
		else if ((uint64_t)c->result < n)
			n = (uint64_t)c->result;
	}
	bytes_add_peek(out, c->mem, kinds_value(c, i), n);
}

static void show_bits(const struct args_call *c, unsigned i, struct buf *out)
{
	const struct sysent_arg *a = kinds_arg(c, i);
	uint64_t v = kinds_value(c, i);

	group_add(out, sys_group(a->group), a->bytes < 8 ? v & ((1ull << 8 * a->bytes) - 1) : v);
}

static void show_enum(const struct args_call *c, unsigned i, struct buf *out)
{
	group_add(out, sys_group(kinds_arg(c, i)->group), kinds_value(c, i));
}

static void show_signal(const struct args_call *c, unsigned i, struct buf *out)
{
	int64_t v = (int64_t)kinds_value(c, i);

	if (v)
		signame_add(out, v);
	else
		buf_chr(out, '0');
}

static void show_open(const struct args_call *c, unsigned i, struct buf *out)
{
	kinds_add_open(out, (uint32_t)kinds_value(c, i));
}

static void show_handler(const struct args_call *c, unsigned i, struct buf *out)
{
	kinds_add_handler(out, kinds_value(c, i));
}

static void show_pipe(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t addr = kinds_value(c, i), one, other;

	if (!c->done || c->error || !memory_number(c->mem, addr, 4, &one) ||
		!memory_number(c->mem, addr + 4, 4, &other)) {
		bytes_add_address(out, addr);
		return;
	}
	buf_chr(out, '[');
	kinds_add_fd(c, (int)one, out);
	buf_chr(out, ',');
	kinds_add_fd(c, (int)other, out);
	buf_chr(out, ']');
}

static show_fn *const shows[] = {
	[ARG_DEC] = show_dec,
	[ARG_ID] = show_id,
	[ARG_HEX] = show_hex,
	[ARG_OCT] = show_oct,
	[ARG_SMALL] = show_small,
	[ARG_DEV] = show_hex,
	[ARG_FD] = show_fd,
	[ARG_STR] = show_str,
	[ARG_STRS] = show_hex,
	[ARG_OUTSTR] = show_outstr,
	[ARG_DATA] = show_data,
	[ARG_BITS] = show_bits,
	[ARG_ENUM] = show_enum,
	[ARG_PTR] = show_hex,
	[ARG_SIGNAL] = show_signal,
	[ARG_LO] = show_lo,
	[ARG_HI] = show_hex,
	[ARG_OPEN] = show_open,
	[ARG_MODE] = show_oct,
	[ARG_MMAP] = kinds_mmap,
	[ARG_IOCTL] = kinds_ioctl,
	[ARG_IOCTLARG] = show_hex,
	[ARG_FCNTLARG] = kinds_fcntlarg,
	[ARG_SOCKTYPE] = kinds_socktype,
	[ARG_SOCKPROTO] = kinds_sockproto,
	[ARG_SOCKOPT] = kinds_sockopt,
	[ARG_SOCKVAL] = show_hex,
	[ARG_CLONE] = kinds_clone,
	[ARG_FUTEX] = kinds_futex,
	[ARG_FUTEXTIME] = kinds_futextime,
	[ARG_FUTEXVAL3] = kinds_futexval3,
	[ARG_PIPE] = show_pipe,
	[ARG_WAITSTAT] = show_hex,
	[ARG_IPCKEY] = kinds_ipckey,
	[ARG_IPCFLAG] = kinds_ipcflag,
	[ARG_IPCCMD] = kinds_ipccmd,
	[ARG_PRCTLARG] = kinds_prctlarg,
	[ARG_SCHED] = kinds_sched,
	[ARG_PERSONALITY] = kinds_personality,
	[ARG_MPOL] = kinds_mpol,
	[ARG_CLOSEMAX] = kinds_closemax,
	[ARG_QUOTACMD] = kinds_quotacmd,
	[ARG_FSCONFIGARG] = kinds_fsconfigarg,
	[ARG_KEYRING] = kinds_keyring,
	[ARG_HANDLER] = show_handler,
	[ARG_IOPRIO] = kinds_ioprio,
};

bool kinds_late(const struct args_call *c, unsigned i, unsigned options)
{
	const struct sysent_arg *a = kinds_arg(c, i);

	if (!a || (options & ARGS_RAW))
		return false;
	switch (a->kind) {
	case ARG_OUTSTR:
	case ARG_PIPE: return true;
	case ARG_DATA: return (a->way & ARG_OUT) && !(options & ARGS_NOPEEK);
	case ARG_PRCTLARG: return kinds_prctl_late(c);
	default: return false;
	}
}

void kinds_add(const struct args_call *c, unsigned i, unsigned options, struct buf *out)
{
	const struct sysent_arg *a = kinds_arg(c, i);
	uint64_t v = i < SYSENT_ARGS ? c->arg[i] : 0;

	if (!a || (options & ARGS_RAW) || a->kind >= sizeof(shows) / sizeof(*shows)) {
		bytes_add_address(out, abi_long(c->abi) == 4 ? (uint32_t)v : v);
		return;
	}
	if (a->kind == ARG_DATA && (options & ARGS_NOPEEK))
		show_hex(c, i, out);
	else
		shows[a->kind](c, i, out);
}
