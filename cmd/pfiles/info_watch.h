/* SPDX-License-Identifier: MIT */
#ifndef PFILES_INFO_WATCH_H
#define PFILES_INFO_WATCH_H

#include "base/buf.h"
#include "kind.h"

/* Those kinds whose fdinfo has a line for each thing that they watch: epoll, inotify, fanotify. */
bool info_watch_is(enum kind k);

/* As info_take(): one item for each such line, however many there are. */
void info_watch_take(enum kind k, const char *text, struct buf *notes);

#endif
