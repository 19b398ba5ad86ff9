/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SETTLE_BPF_H
#define PFILES_SETTLE_BPF_H

#include "facts.h"

/*
 * The name of a BPF map or program, by the id among the notes at d->info: bpf(2), for which we need
 * CAP_SYS_ADMIN (Linux 4.13); without, and for what has no name, nothing is taken down. The process has no part
 * in it.
 */
void settle_bpf(const struct buf *info, const struct desc *d, struct buf *out);

#endif
