/* SPDX-License-Identifier: MIT */
#ifndef PSTACK_REPORT_H
#define PSTACK_REPORT_H

#include "picture.h"

/* The -s line on standard error: who was read, who was stopped, for how long at most. */
void report(const struct picture *pic);

#endif
