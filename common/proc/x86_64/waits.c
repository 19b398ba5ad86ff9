/* SPDX-License-Identifier: MIT */
#include "proc/waits.h"

#include <fcntl.h>
#include <linux/net.h>
#include <stddef.h>
#include <string.h>

#include "proc/x86_64/waits_rows.h"

/* F_SETLKW64 of 32-bit programs (asm-generic/fcntl.h), which 64-bit ones do not have. */
#define SETLKW64 14

/* Of a 32-bit program that has entered by SYSENTER or SYSCALL, too, the pc is behind an `int 0x80`: in the vDSO. */
enum wait_table waits_table(const unsigned char insn[2])
{
	static const unsigned char wide[] = {0x0f, 0x05}, narrow[] = {0xcd, 0x80};

	if (memcmp(insn, wide, sizeof(wide)) == 0)
		return WAIT_TABLE_64;
	return memcmp(insn, narrow, sizeof(narrow)) == 0 ? WAIT_TABLE_32 : WAIT_TABLE_NONE;
}

const struct wait_call *waits_call(enum wait_table table, long nr)
{
	const struct wait_call *row = table == WAIT_TABLE_32 ? wait_calls32 : wait_calls64;

	if (table == WAIT_TABLE_NONE)
		return NULL;
	while (row->name && row->nr != nr)
		row++;
	return row->name ? row : NULL;
}

const struct wait_call *waits_poll(enum wait_table table)
{
	const struct wait_call *row = table == WAIT_TABLE_32 ? wait_calls32 : wait_calls64;

	while (row->name && strcmp(row->name, "poll") != 0)
		row++;
	return row->name ? row : NULL;
}

const char *waits_socketcall(uint32_t which)
{
	static const char *const names[] = {
		[SYS_CONNECT] = "connect",
		[SYS_ACCEPT] = "accept",
		[SYS_SEND] = "send",
		[SYS_RECV] = "recv",
		[SYS_SENDTO] = "sendto",
		[SYS_RECVFROM] = "recvfrom",
		[SYS_SENDMSG] = "sendmsg",
		[SYS_RECVMSG] = "recvmsg",
		[SYS_ACCEPT4] = "accept4",
		[SYS_RECVMMSG] = "recvmmsg",
		[SYS_SENDMMSG] = "sendmmsg",
	};

	return which < sizeof(names) / sizeof(names[0]) ? names[which] : NULL;
}

bool waits_fcntl(enum wait_table table, uint64_t command)
{
	return command == F_SETLKW || command == F_OFD_SETLKW ||
		(table == WAIT_TABLE_32 && command == SETLKW64);
}
