/* SPDX-License-Identifier: MIT */
#ifndef PFILES_JSON_SOCK_H
#define PFILES_JSON_SOCK_H

#include <jansson.h>

#include "show.h"

/* What the tab lines of a socket say, as an object. */
json_t *json_sock(const struct facts *f, const struct sock *k, struct show_names *names);

#endif
