/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_X86_64_SLEEP_H
#define PTOOLS_CTL_X86_64_SLEEP_H

#include "ctl/machine.h"

/* One row per call; ended by a row whose name is NULL. The rows of either number table. */
struct sleep_row {
	long nr;
	enum sleep_kind kind;
	const char *name;
};
extern const struct sleep_row sleep_rows64[], sleep_rows32[];
extern const long vfork_nrs64[3], vfork_nrs32[3];

#endif
