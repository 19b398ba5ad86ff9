/* SPDX-License-Identifier: MIT */
/* The processes under a process, read from /proc by itself: nothing of what is tested is used for it. */
#ifndef LOAD_TREE_H
#define LOAD_TREE_H

#include <sys/types.h>

#define TREE_MAX 1024

/* State of a process as in /proc/PID/stat; 0 if there is none of that number. */
char tree_state(pid_t pid);

/*
 * The process `root` and all its descendants, parents first, at most TREE_MAX; zombies are left out. Returns
 * how many, 0 if there is no `root`.
 */
size_t tree_list(pid_t root, pid_t list[TREE_MAX]);

#endif
