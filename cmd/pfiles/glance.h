/* SPDX-License-Identifier: MIT */
#ifndef PFILES_GLANCE_H
#define PFILES_GLANCE_H

#include <stdbool.h>

#include "proc/fds.h"
#include "proc/proc.h"

/*
 * What will be needed of the rest of the machine, as the links of the descriptors let expect: a guess, for they may
 * mean other files by the time that they are looked at. Of many descriptors nothing is expected.
 */
struct glance {
	bool far_end; /* something that another process may have the other end of */
	bool file;    /* something with a name, on which there may be locks */
};

/* Reads the links of the process's descriptors in list. What cannot be read is not expected. */
void glance_at(const struct proc *p, const struct fds *list, struct glance *out);

#endif
