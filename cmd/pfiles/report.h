/* SPDX-License-Identifier: MIT */
#ifndef PFILES_REPORT_H
#define PFILES_REPORT_H

#include "base/cli.h"
#include "proc/proc.h"
#include "visit.h"

/* The -s line on standard error. */
void report(struct cli *c, const struct proc *p, const struct look *l);

#endif
