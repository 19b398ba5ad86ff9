/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_ERRNAME_H
#define PTOOLS_SYS_ERRNAME_H

/*
 * Names of error numbers, from <asm/errno.h> of the build, and the kernel's own restart codes
 * (ERESTARTSYS 512 and its like, include/linux/errno.h), which a tracer sees at the exit of an
 * interrupted call. "ENOENT" for 2; NULL when there is none. Static.
 */
const char *errname(int number);

/* The number of "ENOENT" or "enoent", with or without the E; 0 when there is none. */
int errname_number(const char *name);

#endif
