/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_REQUEST_H
#define PTOOLS_SYS_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * An ioctl request: its name; `A or B` where headers give one number to several; else what the number
 * is made of, as the macros of <linux/ioctl.h> would write it: _IOR('T', 0x13, 8); else hex.
 * Of a 32-bit program's request pass `narrow`: sizes of structures are part of the number.
 */
void request_add(struct buf *out, uint32_t request, bool narrow);

/* How many ioctl names are known; for tests. */
size_t request_total(void);

#endif
