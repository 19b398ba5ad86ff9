/* SPDX-License-Identifier: MIT */
#ifndef PFILES_EXTRAS_H
#define PFILES_EXTRAS_H

#include "ctl/way.h"
#include "facts.h"

/*
 * What only a call can tell, and only of some kinds: how full a pipe is and may be, the seals of a memfd,
 * the attributes of a message queue... Asks about those among the n descriptors, in one batch, and takes down
 * keys and values in f->asked (d->asked); sets d->kind of what turns out to be a message queue. Answers are
 * about the file of the first question, or none are taken, and DESC_CHANGED is set.
 * 0, ERR_GONE, ERR_NOTSUP (nothing can be asked), -ENOMEM.
 */
int extras_ask(struct way *w, struct facts *f, struct desc **list, size_t n)
	__attribute__((warn_unused_result));

#endif
