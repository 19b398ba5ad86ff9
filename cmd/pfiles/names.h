/* SPDX-License-Identifier: MIT */
#ifndef PFILES_NAMES_H
#define PFILES_NAMES_H

#include <stdint.h>

#include "base/buf.h"

/* The kernel's words for numbers. What has no word is shown as the number, never dropped. */

/* S_IFREG, ...: the type in a file mode. */
void names_add_type(struct buf *out, unsigned mode);

/* O_RDWR|O_NONBLOCK|...: what F_GETFL gives, in the original's order, then what only Linux has. */
void names_add_flags(struct buf *out, uint32_t flags);

/* SOCK_STREAM, ... */
void names_add_sock_type(struct buf *out, int type);

/* AF_INET, ... */
void names_add_family(struct buf *out, int family);

/* SO_DEBUG, ...: an enum sock_option. */
const char *names_option(unsigned option);

#endif
