/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_X86_64_WAITS_ROWS_H
#define PTOOLS_PROC_X86_64_WAITS_ROWS_H

#include "proc/waits.h"

/* One row per call; ended by a row whose name is NULL. The rows of either number table. */
extern const struct wait_call wait_calls64[], wait_calls32[];

#endif
