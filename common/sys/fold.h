/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_FOLD_H
#define PTOOLS_SYS_FOLD_H

#include "sys/args.h"

/*
 * Linux' C library makes openat(2) of every open(3). The original shows the classic call where nothing is lost:
 * where the directory is AT_FDCWD and no flag says anything. Fills in which arguments are left out (bit i) and
 * returns the classic name, or NULL where the call is shown as it is. Reads the path of a newfstatat(2)
 * whose flags are AT_EMPTY_PATH: with an empty one it is an fstat.
 */
const char *fold_name(const struct args_call *call, unsigned *hidden);

#endif
