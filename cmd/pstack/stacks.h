/* SPDX-License-Identifier: MIT */
#ifndef PSTACK_STACKS_H
#define PSTACK_STACKS_H

#include "take.h"

/*
 * From copies to frames and names. A thread whose unwinding needs a register that it did not give while
 * asleep, or more of its stack than was copied, is taken once more by way of `t`; t NULL: a core. dir: the
 * core file's folder. 0, ERR_GONE, -ENOMEM...
 */
int stacks_understand(struct picture *pic, const struct opts *o, struct taking *t, const char *dir)
	__attribute__((warn_unused_result));

#endif
