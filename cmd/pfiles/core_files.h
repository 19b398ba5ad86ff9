/* SPDX-License-Identifier: MIT */
#ifndef PFILES_CORE_FILES_H
#define PFILES_CORE_FILES_H

#include "pfiles.h"

/* Whether the operand is no process but names a file. */
bool core_files_is(const char *operand);

/*
 * A core file has nothing of descriptors in it; if systemd-coredump(8) has kept their list in the journal,
 * that is shown, else a sentence says that there is none.
 */
void core_files_one(struct cli *c, const char *operand, const struct opts *o);

#endif
