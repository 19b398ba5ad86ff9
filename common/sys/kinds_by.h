/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_KINDS_BY_H
#define PTOOLS_SYS_KINDS_BY_H

#include "sys/kinds.h"

/*
 * Arguments that are made of several things, or whose meaning another argument decides: one function for each
 * enum arg_kind of that sort, called by kinds_add() alone.
 */
void kinds_mmap(const struct args_call *c, unsigned i, struct buf *out);
void kinds_ioctl(const struct args_call *c, unsigned i, struct buf *out);
void kinds_fcntlarg(const struct args_call *c, unsigned i, struct buf *out);
void kinds_socktype(const struct args_call *c, unsigned i, struct buf *out);
void kinds_sockproto(const struct args_call *c, unsigned i, struct buf *out);
void kinds_sockopt(const struct args_call *c, unsigned i, struct buf *out);
void kinds_clone(const struct args_call *c, unsigned i, struct buf *out);
void kinds_futex(const struct args_call *c, unsigned i, struct buf *out);
void kinds_futextime(const struct args_call *c, unsigned i, struct buf *out);
void kinds_futexval3(const struct args_call *c, unsigned i, struct buf *out);
void kinds_ipckey(const struct args_call *c, unsigned i, struct buf *out);
void kinds_ipcflag(const struct args_call *c, unsigned i, struct buf *out);
void kinds_ipccmd(const struct args_call *c, unsigned i, struct buf *out);
void kinds_prctlarg(const struct args_call *c, unsigned i, struct buf *out);
void kinds_sched(const struct args_call *c, unsigned i, struct buf *out);
void kinds_personality(const struct args_call *c, unsigned i, struct buf *out);
void kinds_mpol(const struct args_call *c, unsigned i, struct buf *out);
void kinds_closemax(const struct args_call *c, unsigned i, struct buf *out);
void kinds_quotacmd(const struct args_call *c, unsigned i, struct buf *out);
void kinds_fsconfigarg(const struct args_call *c, unsigned i, struct buf *out);
void kinds_ioprio(const struct args_call *c, unsigned i, struct buf *out);
void kinds_keyring(const struct args_call *c, unsigned i, struct buf *out);

/* PR_GET_NAME's argument is known when the call returns. */
bool kinds_prctl_late(const struct args_call *c);

/* Whether a futex(2) operation's fourth argument is a time; how many arguments it and a prctl(2), fcntl(2) take. */
bool kinds_futex_timed(uint64_t op);
unsigned kinds_futex_count(uint64_t op);
unsigned kinds_fcntl_count(uint64_t cmd);
unsigned kinds_prctl_count(uint64_t option);

#endif
