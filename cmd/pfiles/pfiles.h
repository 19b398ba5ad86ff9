/* SPDX-License-Identifier: MIT */
#ifndef PFILES_PFILES_H
#define PFILES_PFILES_H

#include <stdbool.h>

#include "base/cli.h"
#include "ends.h"
#include "fd_list.h"
#include "mounts.h"
#include "own_space.h"
#include "proc/proc.h"
#include "settle.h"
#include "sock_diag.h"

struct opts {
	bool first_line;       /* -n */
	bool borrow;           /* -b: no agent */
	bool force;            /* -F: a running thread may be diverted */
	bool hold;             /* -H: all threads stopped meanwhile */
	bool report;           /* -s */
	bool json;             /* -j */
	bool original;         /* -O: nothing that the original does not show */
	bool last;             /* the operand is the last one */
	bool agents;           /* the one before it was visited by an agent */
	bool colour;           /* standard output is a terminal that wants it */
	unsigned long seconds; /* -d: between the two looks, 0: one look */
	struct fd_list only;   /* -p */
	struct mounts mounts;  /* these are of the whole run */
	struct settle settle;
	struct sock_tables tables;
	struct ends ends;
	struct own_space own_pids, own_users;
	struct agent_crew *crew; /* NULL: none was needed, or could be had */
};

/* Looks at what the operand names, shows it or says why not. p: its process, closed here, or NULL: to be opened. */
void pfiles_one(struct cli *c, const char *operand, struct proc *p, struct opts *o);

/* The same for each operand, until a signal comes. */
void pfiles_all(struct cli *c, char **operand, struct opts *o);

#endif
