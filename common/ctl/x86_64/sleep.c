/* SPDX-License-Identifier: MIT */
#include "ctl/x86_64/sleep.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/socket.h>

/* Calls whose arguments decide. */
static bool futex_is_exact(uint64_t op)
{
	switch (op & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
	case FUTEX_LOCK_PI: return true;
	default: return false;
	}
}

/* F_SETLKW, its 64-bit form for i386 (14) and F_OFD_SETLKW wait for a lock and restart. */
static bool fcntl_is_exact(uint64_t cmd)
{
	return cmd == F_SETLKW || cmd == 14 || cmd == F_OFD_SETLKW;
}

static const struct sleep_row *row_of(bool narrow, long nr)
{
	const struct sleep_row *row = narrow ? sleep_rows32 : sleep_rows64;

	while (row->name && row->nr != nr)
		row++;
	return row;
}

bool machine_waits_forever(bool narrow, long nr, const uint64_t arg[6])
{
	const struct sleep_row *row = row_of(narrow, nr);

	if (!row->name || row->timeout == NEVER)
		return false;
	return row->timeout == ALWAYS || (int)arg[row->timeout] == row->none;
}

enum sleep_kind machine_sleep_kind(bool narrow, long nr, const uint64_t arg[6])
{
	const struct sleep_row *row = row_of(narrow, nr);

	if (!row->name)
		return SLEEP_BAD;
	if (!strncmp(row->name, "futex", 5) && !futex_is_exact(arg[1]))
		return SLEEP_BAD;
	if (!strncmp(row->name, "fcntl", 5) && !fcntl_is_exact(arg[1]))
		return SLEEP_BAD;
	/* A receive that waits for all of its bytes may already have some: it would come back
	 * short. */
	if (!strcmp(row->name, "recvfrom") && arg[3] & MSG_WAITALL)
		return SLEEP_BAD;
	if (!strcmp(row->name, "recvmsg") && arg[2] & MSG_WAITALL)
		return SLEEP_BAD;
	return row->kind;
}

bool machine_is_vfork(bool narrow, long nr)
{
	const long *n = narrow ? vfork_nrs32 : vfork_nrs64;

	return nr == n[0] || nr == n[1] || nr == n[2];
}
