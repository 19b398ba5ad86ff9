/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_FILTER_H
#define PTOOLS_TRUSS_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>

#include "options.h"

/*
 * -k: a seccomp filter under which calls that nobody asked about run at full speed, in the command and in
 * all its threads and children. Without a tracer the calls it picks out would fail, so it comes only with
 * a command that dies with truss.
 */
struct filter {
	struct sock_filter *code;
	unsigned short n;
};

/* False: it would pick out everything, or cannot be made; then tracing goes on without one. */
bool filter_make(const struct opts *o, struct filter *f);
void filter_free(struct filter *f);
/* In the child, before its exec. Sets no_new_privs where that takes no privilege off. 0 or -errno. */
int filter_install(const struct filter *f);

#endif
