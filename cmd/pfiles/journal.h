/* SPDX-License-Identifier: MIT */
#ifndef PFILES_JOURNAL_H
#define PFILES_JOURNAL_H

#include <sys/types.h>

#include "base/buf.h"

/*
 * The list of open files that systemd-coredump(8) wrote into the journal when it made this core file (field
 * COREDUMP_OPEN_FDS): appended to `out`. The entry is found by the file's path, or, if the file was moved, by
 * pid and time out of its extended attributes (user.coredump.*). libsystemd is loaded when this is called, and
 * need not be there. 0; -ENOENT: no such entry; ERR_NOTSUP: no libsystemd; -errno as the journal gave it.
 */
int journal_open_files(const char *core, struct buf *out) __attribute__((warn_unused_result));

#endif
