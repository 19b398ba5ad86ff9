/* SPDX-License-Identifier: MIT */
#ifndef PFILES_ASK_H
#define PFILES_ASK_H

#include "ctl/way.h"
#include "look.h"
#include "sock_early.h"

/* The half of the work that system calls in, or on behalf of, the target do. */
struct asker;

#define ASK_MOST 512 /* descriptors in one go */

struct asker_opts {
	bool first_line;
	bool all;                       /* of all sockets all options, however many there are */
	size_t most;                    /* descriptors there are; not 0 */
	const struct sock_early *early; /* read, or NULL */
	/* Set: no socket is expected, and calls are for what /proc does not tell. The mounts that the process sees. */
	const struct mount_table *without_calls;
};

/* What is given stays the caller's, and must outlive the asker. second: see sock_ask(). NULL: out of memory. */
struct asker *asker_new(
	struct way *w, struct way *second, struct looker *k, const struct asker_opts *o);
void asker_free(struct asker *a);

/*
 * The first line, flags and close-on-exec of n descriptors, of which only the numbers are set, in one
 * batch; if there are few, also all about those that are sockets. Sets the state. Facts that no call
 * could give are taken from /proc or have their err_ set. 0, ERR_GONE, -ENOMEM.
 */
int ask_first_questions(struct asker *a, struct desc **list, size_t n)
	__attribute__((warn_unused_result));

/*
 * The offsets of the files among them, where the way can tell (way_may_wait) and no server has to be
 * asked: saves reading their fdinfo. Sets pos and pos_asked. 0, ERR_GONE, -ENOMEM.
 */
int ask_offsets(struct asker *a, struct desc **list, size_t n) __attribute__((warn_unused_result));

/* What only calls tell of some kinds (extras.h), except when only first lines are wanted. 0, ERR_GONE, -ENOMEM. */
int ask_extras(struct asker *a, struct desc **list, size_t n) __attribute__((warn_unused_result));

/* The sockets among them that have not been asked yet. 0, ERR_GONE, -ENOMEM. */
int ask_socks(struct asker *a, struct desc **list, size_t n) __attribute__((warn_unused_result));

#endif
