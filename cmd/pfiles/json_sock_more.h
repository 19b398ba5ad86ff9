/* SPDX-License-Identifier: MIT */
#ifndef PFILES_JSON_SOCK_MORE_H
#define PFILES_JSON_SOCK_MORE_H

#include <jansson.h>

#include "facts.h"

/* Sets in o what show_sock_more() says beyond the original; in options what show_sock_options() says. */
void json_sock_more(json_t *o, json_t *options, const struct facts *f, const struct sock *k);

#endif
