/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_OPTIONS_H
#define PFILES_SOCK_OPTIONS_H

#include "ctl/call.h"
#include "facts.h"
#include "sock_kind.h"
#include "sock_option_rows.h"

/*
 * Socket options beyond those that every socket is asked for (enum sock_option): rows of a table, each for
 * some kinds of sockets. Only what is away from its default is kept.
 */

#define OPTION_BYTES 16 /* the longest value */
#define OPTIONS_MOST 96 /* calls for one socket */

struct option_slot {
	union {
		int32_t number;
		uint64_t wide;
		int64_t time[2]; /* struct timeval */
		char text[OPTION_BYTES];
	};
	uint32_t len; /* socklen_t */
};

/* How many calls a socket of that kind takes; few: only the options that are set often. */
size_t sock_options_count(enum sock_kind k, bool few);

/* Lays out that many calls on descriptor fd; slot[] is the memory behind their arguments. */
void sock_options_lay(
	enum sock_kind k, bool few, int fd, struct option_slot *slot, struct call *call);

/* What varies from machine to machine is compared with what new sockets here have. Zero-initialise. */
struct option_defaults {
	bool asked[KIND_COUNT];
	bool known[KIND_COUNT][OPTION_ROWS];
	int64_t value[KIND_COUNT][OPTION_ROWS];
};

/* The answers of one socket: what sock_options_lay() laid out, and has run. */
struct option_answers {
	enum sock_kind kind;
	bool few;
	const struct option_slot *slot;
	const struct call *call;
};

/* Keeps those that are away from their default: sets s->option_at, s->options. 0 or -ENOMEM. */
int sock_options_take(struct facts *f, struct sock *s, const struct option_answers *a,
	struct option_defaults *d) __attribute__((warn_unused_result));

/* For the page: "TCP_KEEPIDLE(60)". */
void sock_options_show(struct buf *out, const struct facts *f, const struct sock_option_value *v);

/* Its name, as in the headers. */
const char *sock_options_name(const struct sock_option_value *v);

#endif
