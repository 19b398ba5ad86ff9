/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_OPTION_H
#define PTOOLS_CTL_OPTION_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether getsockopt(2) of that level and name neither changes, nor takes, nor opens anything; of what is
 * not listed in option.c nothing is assumed.
 */
bool option_allowed(uint64_t level, uint64_t name);

#endif
