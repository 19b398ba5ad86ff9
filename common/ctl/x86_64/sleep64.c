/* SPDX-License-Identifier: MIT */
/* The calls of the 64-bit table; a file of its own because the number headers exclude each other.
 */
#include <asm/unistd_64.h>
#include <stddef.h>

#include "ctl/x86_64/sleep.h"

#define SLEEP(name, kind)          {__NR_##name, kind, #name, NEVER, 0},
#define AGAIN(name, timeout, none) {__NR_##name, SLEEP_AGAIN, #name, timeout, none},
const struct sleep_row sleep_rows64[] = {
#include "ctl/x86_64/sleep.def"
	{-1, SLEEP_BAD, NULL, NEVER, 0},
};

const long vfork_nrs64[3] = {__NR_vfork, __NR_clone, __NR_clone3};
