/* SPDX-License-Identifier: MIT */
#ifndef PFILES_OWN_SPACE_H
#define PFILES_OWN_SPACE_H

#include <stdbool.h>

#include "proc/proc.h"

/* The name of a namespace of ours ("pid:[4026531836]"), once it was asked for; empty: it cannot be seen. Zero-initialise. */
struct own_space {
	bool known;
	char text[64];
};

/* Whether the process lives in ours of that kind ("ns/pid", always the same for one own); where it cannot be seen, as if it did. */
bool own_space_same(const struct proc *p, struct own_space *own, const char *rel);

#endif
