/* SPDX-License-Identifier: MIT */
#ifndef PSTACK_SHOW_H
#define PSTACK_SHOW_H

#include "picture.h"
#include "pstack.h"

/* Writes a picture to standard output; operand: as typed, for a core's header. 0, -ENOMEM. */
int show_text(struct cli *c, const struct opts *o, struct picture *pic, const char *operand)
	__attribute__((warn_unused_result));
int show_json(struct cli *c, const struct opts *o, struct picture *pic, const char *operand)
	__attribute__((warn_unused_result));
int show_flame(struct cli *c, const struct opts *o, struct picture *pic)
	__attribute__((warn_unused_result));

/* A kernel thread, which has no stack for others. */
void show_system_process(struct cli *c, const struct opts *o, pid_t pid, const struct buf *command);

#endif
