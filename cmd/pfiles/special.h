/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SPECIAL_H
#define PFILES_SPECIAL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * File systems of the kernel's own, which are mounted nowhere: of all pipes without a name, all memfds, all
 * namespaces. One of our own tells which they are, at the first question; any thread may ask.
 */
enum special { SPECIAL_PIPES, SPECIAL_MEMFDS, SPECIAL_NAMESPACES, SPECIAL_COUNT };

/* Whether the device (st_dev) is the one of that file system. */
bool special_is(enum special which, unsigned dev_major, unsigned dev_minor);

/* Whether the mount of that id is the one of any of them. */
bool special_mount(int64_t id);

#endif
