/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_ANSWERS_H
#define PFILES_SOCK_ANSWERS_H

#include "facts.h"
#include "sock_options.h"
#include "sock_slot.h"

/* What the answers in a slot (sock_slot.h) say, once its calls have run. */

/* Whether they are of the socket that was meant; else sets why not: d->err_sock or DESC_CHANGED. */
bool sock_answers_proved(struct desc *d, const struct slot *s);

/* Those that every socket gives: makes d->sock, where they are of it. 0 or -ENOMEM. */
int sock_answers_base(struct facts *f, struct desc *d, const struct slot *s)
	__attribute__((warn_unused_result));

/* Those of its kind. 0 or -ENOMEM. */
int sock_answers_kind(struct facts *f, struct sock *k, const struct slot *s,
	struct option_defaults *d) __attribute__((warn_unused_result));

#endif
