/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_X86_64_SLEEP_H
#define PTOOLS_CTL_X86_64_SLEEP_H

#include "ctl/machine.h"

/* One row per call; ended by a row whose name is NULL. The rows of either number table. */
struct sleep_row {
	long nr;
	enum sleep_kind kind;
	const char *name;
	int timeout; /* number of the argument, or one of the two below */
	int none;    /* its value (as an int) for a wait without end */
};
enum { NEVER = -1, ALWAYS = -2 }; /* it never, always waits without end */
extern const struct sleep_row sleep_rows64[], sleep_rows32[];
extern const long vfork_nrs64[3], vfork_nrs32[3];

#endif
