/* SPDX-License-Identifier: MIT */
/* The calls of the 32-bit table; a file of its own because the number headers exclude each other. */
#include <asm/unistd_32.h>
#include <stddef.h>

#include "proc/x86_64/waits_rows.h"

#define WAIT(name, form, fds) {__NR_##name, #name, form, fds},
const struct wait_call wait_calls32[] = {
#include "proc/x86_64/waits.def"
	{-1, NULL, WAIT_FDS, 0},
};
