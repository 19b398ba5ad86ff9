/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_OPTIONS_H
#define PTOOLS_TRUSS_OPTIONS_H

#include <stdbool.h>

#include "base/cli.h"
#include "set.h"

/* What the command line said. */
struct opts {
	bool args, envs;                /* -a -e */
	bool count;                     /* -c */
	bool stamp, delta, elapsed;     /* -d -D -E */
	bool follow;                    /* -f */
	bool no_sleep;                  /* -i */
	bool json;                      /* -j */
	bool kill;                      /* -k */
	bool lwps;                      /* -l */
	bool pids;                      /* -p */
	bool names;                     /* -y */
	const char *out;                /* -o, NULL: standard error */
	const char **paths;             /* -P: patterns, words of the command line */
	size_t npaths;                  /* ... 0: all calls */
	struct set trace, verbose, raw; /* -t -v -x: ids of calls; the last one is "unknown call" */
	struct set signals, faults;     /* -s -m */
	struct set stop_calls, stop_signals, stop_faults; /* -T -S -M */
	struct set reads, writes;                         /* -r -w */
};

/* Reads all options; ends the tool with the usage text and status 2 where they are wrong. */
void options_read(struct cli *c, struct opts *o);
/* Whether anything leaves a process stopped (-T -S -M). */
bool options_stop(const struct opts *o);
void options_free(struct opts *o);

/* Whether -P wants this call. At its entry. */
struct args_call;
bool options_path(const struct opts *o, const struct args_call *call);

/* The bit of a call in trace, verbose, raw: of its id, or the one for unknown calls. */
struct sysent;
unsigned options_call_bit(const struct sysent *ent);

extern const struct cli_spec options_spec;

#endif
