/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_WAITS_H
#define PTOOLS_PROC_WAITS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The calls in which a thread waits for something to happen to a descriptor: their numbers, and which of their
 * arguments say what it waits for. Per machine; of the calls of the 64-bit and of the 32-bit table.
 */
enum wait_form {
	WAIT_FDS,        /* the arguments in `fds` are the descriptors */
	WAIT_LOCK,       /* the same, if the second argument is a command that waits (fcntl(2)) */
	WAIT_POLL,       /* struct pollfd *, how many */
	WAIT_SELECT,     /* highest plus one, three struct fd_set * */
	WAIT_OLD_SELECT, /* the first argument is the address of these as 32-bit words */
	WAIT_SOCKETCALL, /* waits_socketcall(), the address of its arguments as 32-bit words */
	WAIT_RESTART, /* restart_syscall(2): what was interrupted, its arguments in their registers */
};

struct wait_call {
	long nr;
	const char *name; /* the kernel's; NULL ends a table */
	enum wait_form form;
	uint8_t fds; /* bit n: argument n is a descriptor */
};

/* How the call was made that a thread is in, by the two bytes before its pc. */
enum wait_table { WAIT_TABLE_NONE, WAIT_TABLE_64, WAIT_TABLE_32 };
enum wait_table waits_table(const unsigned char insn[2]);

/* The call of that number; NULL for one that waits for no descriptor. Static. */
const struct wait_call *waits_call(enum wait_table table, long nr);

/* That of poll(2), which is gone on with by restart_syscall(2) after a stop. */
const struct wait_call *waits_poll(enum wait_table table);

/* The name of the call that socketcall(2) makes, if it waits for its first argument, a descriptor; else NULL. */
const char *waits_socketcall(uint32_t which);

/* Whether that command of fcntl(2), in that table, waits for a lock. */
bool waits_fcntl(enum wait_table table, uint64_t command);

#endif
