/* SPDX-License-Identifier: MIT */
/* Sets, signals, directory entries, plain numbers; what fcntl(2) and ioctl(2) point to. */
#include <asm/termbits.h>
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <string.h>

#include "sys/bytes.h"
#include "sys/fields.h"
#include "sys/group.h"
#include "sys/kinds.h"
#include "sys/signame.h"
#include "sys/structs.h"
#include "sys/structs_by.h"

enum { SET_MAX = 8192, ENTRIES_MAX = 32768 };

void structs_sigset(const struct structs_item *it)
{
	uint64_t set;

	if (!memory_number(it->call->mem, it->addr, 8, &set)) {
		structs_unreadable(it);
		return;
	}
	structs_label(it, -1);
	signame_add_set(it->out, set);
	buf_chr(it->out, '\n');
}

/* pselect6(2)'s last argument: where the set is, and how large. */
void structs_sigset_arg(const struct structs_item *it)
{
	struct structs_item set = *it;

	if (!memory_number(it->call->mem, it->addr, abi_pointer(it->call->abi), &set.addr))
		structs_unreadable(it);
	else if (set.addr)
		structs_sigset(&set);
}

/* A 32-bit program's siginfo (arch/x86/kernel/signal_compat.c: no padding before the fields) as ours. */
static void widen(siginfo_t *out, const unsigned char *p)
{
	memset(out, 0, sizeof(*out));
	memcpy(out, p, 12);
	if (out->si_code > 0 && out->si_signo == SIGCHLD) {
		out->si_pid = (int)fields_number(p + 12, 4);
		out->si_uid = (unsigned)fields_number(p + 16, 4);
		out->si_status = (int)fields_number(p + 20, 4);
	} else if (out->si_code > 0 && out->si_signo == SIGIO) {
		out->si_band = (int)fields_number(p + 12, 4);
		out->si_fd = (int)fields_number(p + 16, 4);
	} else if (out->si_code > 0 && out->si_signo == SIGSYS) {
		out->si_call_addr = (void *)(uintptr_t)fields_number(p + 12, 4);
		out->si_syscall = (int)fields_number(p + 16, 4);
		out->si_arch = (unsigned)fields_number(p + 20, 4);
	} else if (out->si_code > 0) {
		out->si_addr = (void *)(uintptr_t)fields_number(p + 12, 4);
	} else {
		out->si_pid = (int)fields_number(p + 12, 4);
		out->si_uid = (unsigned)fields_number(p + 16, 4);
		out->si_value.sival_ptr = (void *)(uintptr_t)fields_number(p + 20, 4);
	}
}

void structs_siginfo(const struct structs_item *it)
{
	unsigned char raw[sizeof(siginfo_t)];
	siginfo_t info;

	if (!memory_whole(it->call->mem, it->addr, raw, sizeof(raw))) {
		structs_unreadable(it);
		return;
	}
	if (abi_pointer(it->call->abi) == 4)
		widen(&info, raw);
	else
		memcpy(&info, raw, sizeof(info));
	structs_label(it, -1);
	/* waitid(2) with nothing to report. */
	if (info.si_signo)
		signame_add_info(it->out, &info);
	else
		buf_chr(it->out, '0');
	buf_chr(it->out, '\n');
}

/* The numbers of the bits that are set, neighbours as a range. */
static void add_set(struct buf *out, const unsigned char *p, size_t bits)
{
	unsigned shown = 0;

	buf_chr(out, '[');
	for (size_t i = 0; i < bits; i++) {
		size_t last = i;

		if (!(p[i / 8] >> i % 8 & 1))
			continue;
		while (last + 1 < bits && (p[(last + 1) / 8] >> (last + 1) % 8 & 1))
			last++;
		if (shown++ == STRUCTS_MANY) {
			buf_str(out, " ..");
			break;
		}
		buf_fmt(out, shown > 1 ? " %zu" : "%zu", i);
		if (last > i)
			buf_fmt(out, "-%zu", last);
		i = last;
	}
	buf_chr(out, ']');
}

static void bit_set(const struct structs_item *it, uint64_t bytes, uint64_t bits)
{
	unsigned char raw[SET_MAX];
	size_t n = bytes < sizeof(raw) ? (size_t)bytes : sizeof(raw);

	if (!n)
		return;
	if (!memory_whole(it->call->mem, it->addr, raw, n)) {
		structs_unreadable(it);
		return;
	}
	structs_label(it, -1);
	add_set(it->out, raw, bits < 8 * n ? (size_t)bits : 8 * n);
	buf_chr(it->out, '\n');
}

void structs_fd_set(const struct structs_item *it)
{
	unsigned word = 8 * abi_long(it->call->abi);
	/* More than any process can have open is not looked at. */
	uint64_t bits = it->n < 8 * SET_MAX ? it->n : 8 * SET_MAX;

	bit_set(it, (bits + word - 1) / word * (word / 8), bits);
}

void structs_bitmap(const struct structs_item *it)
{
	bit_set(it, it->n, UINT64_MAX);
}

void structs_bytes(const struct structs_item *it)
{
	unsigned char raw[STRUCTS_MANY];
	size_t n = it->n < sizeof(raw) ? (size_t)it->n : sizeof(raw);

	n = memory_read(it->call->mem, it->addr, raw, n);
	if (!n)
		return;
	structs_label(it, -1);
	fields_add_bytes(it->out, raw, n);
	buf_str(it->out, n < it->n ? "..\n" : "\n");
}

/* One record of a directory; how long it is, 0 when it makes no sense. */
static size_t entry(const struct structs_item *it, const unsigned char *p, size_t n)
{
	bool large = it->layout->special == SPECIAL_DIRENT64;
	size_t word = large ? 8 : abi_long(it->call->abi), head = 2 * word + 2, name;
	size_t reclen;

	if (n < head + 2)
		return 0;
	reclen = (size_t)fields_number(p + 2 * word, 2);
	name = large ? head + 1 : head;
	if (reclen <= name || reclen > n)
		return 0;
	buf_fmt(it->out, "ino=%-8llu off=%lld rlen=%-3zu ",
		(unsigned long long)fields_number(p, word),
		(long long)fields_number(p + word, word), reclen);
	/* The old record has its type in the last byte (getdents(2)). */
	group_add(it->out, group_find("dirent_type"), large ? p[head] : p[reclen - 1]);
	buf_chr(it->out, ' ');
	bytes_add_quoted(it->out, p + name, strnlen((const char *)p + name, reclen - name));
	buf_chr(it->out, '\n');
	return reclen;
}

void structs_dirents(const struct structs_item *it)
{
	unsigned char raw[ENTRIES_MAX];
	size_t n = it->n < sizeof(raw) ? (size_t)it->n : sizeof(raw), at = 0;
	unsigned shown = 0;

	n = memory_read(it->call->mem, it->addr, raw, n);
	while (at < n && shown < STRUCTS_MANY) {
		size_t step = entry(it, raw + at, n - at);

		if (!step)
			return;
		at += step;
		shown++;
	}
	if (at < it->n && shown == STRUCTS_MANY)
		buf_fmt(it->out, "(%llu bytes more)\n", (unsigned long long)(it->n - at));
}

/* Integers whose layout's name says how wide they are, and how they are shown: s32, u64, ulong, address... */
void structs_numbers(const struct structs_item *it)
{
	const char *name = it->layout->name;
	bool is_signed = *name == 's' || *name == 'l';
	unsigned size = it->layout->special == SPECIAL_LONG ? abi_long(it->call->abi)
		: name[1] == '6'                            ? 8
							    : 4;
	uint64_t n = it->n, v;

	for (uint64_t i = 0; i < n && i < STRUCTS_MANY; i++) {
		if (!memory_number(it->call->mem, it->addr + i * size, size, &v)) {
			if (i)
				buf_chr(it->out, '\n');
			structs_unreadable(it);
			return;
		}
		if (!i)
			structs_label(it, -1);
		else
			buf_chr(it->out, ' ');
		if (*name == 'a')
			bytes_add_address(it->out, v);
		else if (is_signed)
			buf_fmt(it->out, "%lld", size == 4 ? (long long)(int32_t)v : (long long)v);
		else
			buf_dec(it->out, v);
	}
	if (n > STRUCTS_MANY)
		buf_fmt(it->out, " (%llu more)", (unsigned long long)(n - STRUCTS_MANY));
	if (n)
		buf_chr(it->out, '\n');
}

/* A structure behind an argument that has none of its own in the table. */
static void behind(const struct args_call *c, unsigned i, const char *name, struct buf *out)
{
	struct structs_item it = {.call = c,
		.layout = fields_layout(name),
		.label = kinds_arg(c, i)->name,
		.addr = kinds_value(c, i),
		.n = 1,
		.out = out};

	if (!it.layout || !it.addr)
		return;
	if (it.layout->special == SPECIAL_NUMBER)
		structs_numbers(&it);
	else
		structs_plain(&it, 1);
}

static const char *lock_layout(const struct args_call *c, uint64_t cmd)
{
	bool large = cmd == 12 || cmd == 13 || cmd == 14; /* F_GETLK64 and its like of i386 */

	return abi_long(c->abi) == 4 && (large || cmd >= F_OFD_GETLK) ? "flock64" : "flock";
}

/* Flags that fcntl(2) has given back. */
static void flags_line(const struct args_call *c, struct buf *out)
{
	if (kinds_value(c, 1) == F_GETFD && !c->result)
		return;
	buf_str(out, "flags=");
	if (kinds_value(c, 1) == F_GETFL)
		kinds_add_open(out, (uint64_t)c->result);
	else
		group_add(out, group_find("fd_flags"), (uint64_t)c->result);
	buf_chr(out, '\n');
}

void structs_fcntl(const struct args_call *c, unsigned i, unsigned which, struct buf *out)
{
	bool after = (which & STRUCTS_OUT) && c->done && !c->error;
	uint64_t cmd = kinds_value(c, 1);

	switch (cmd) {
	case F_SETLK:
	case F_SETLKW:
	case 13:
	case 14:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		if (which & STRUCTS_IN)
			behind(c, i, lock_layout(c, cmd), out);
		break;
	case F_GETLK:
	case 12:
	case F_OFD_GETLK:
		if (which & STRUCTS_INOUT)
			behind(c, i, lock_layout(c, cmd), out);
		break;
	case F_SETOWN_EX:
	case F_GETOWN_EX:
		if (cmd == F_GETOWN_EX ? after : which & STRUCTS_IN)
			behind(c, i, "f_owner_ex", out);
		break;
	case F_GETFD:
	case F_GETFL:
		if (after)
			flags_line(c, out);
		break;
	default: break;
	}
}

void structs_ioctl(const struct args_call *c, unsigned i, unsigned which, struct buf *out)
{
	/* Which structure, and whether the request reads it or is answered in it. */
	static const struct {
		uint32_t request;
		unsigned when;
		const char *layout;
	} requests[] = {
		{TCGETS, STRUCTS_OUT, "termios"},
		{TCSETS, STRUCTS_IN, "termios"},
		{TCSETSW, STRUCTS_IN, "termios"},
		{TCSETSF, STRUCTS_IN, "termios"},
		{TCGETA, STRUCTS_OUT, "termio"},
		{TCSETA, STRUCTS_IN, "termio"},
		{TCSETAW, STRUCTS_IN, "termio"},
		{TCSETAF, STRUCTS_IN, "termio"},
		{TIOCGWINSZ, STRUCTS_OUT, "winsize"},
		{TIOCSWINSZ, STRUCTS_IN, "winsize"},
		{TIOCGPGRP, STRUCTS_OUT, "s32"},
		{TIOCSPGRP, STRUCTS_IN, "s32"},
		{TIOCGSID, STRUCTS_OUT, "s32"},
		{TIOCOUTQ, STRUCTS_OUT, "s32"},
		{TIOCGPTN, STRUCTS_OUT, "s32"},
		{TIOCSPTLCK, STRUCTS_IN, "s32"},
		{FIONREAD, STRUCTS_OUT, "s32"},
		{FIONBIO, STRUCTS_IN, "s32"},
		{FIOASYNC, STRUCTS_IN, "s32"},
	};
	uint32_t request = (uint32_t)kinds_value(c, 1);

	for (size_t k = 0; k < sizeof(requests) / sizeof(*requests); k++) {
		if (requests[k].request != request || !(requests[k].when & which))
			continue;
		if (requests[k].when == STRUCTS_OUT && (!c->done || c->error))
			continue;
		behind(c, i, requests[k].layout, out);
	}
}
