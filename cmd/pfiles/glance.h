/* SPDX-License-Identifier: MIT */
#ifndef PFILES_GLANCE_H
#define PFILES_GLANCE_H

#include <stdbool.h>

#include "proc/fds.h"
#include "proc/proc.h"

/*
 * What will be needed of the process and of the rest of the machine, as the links of the descriptors let expect: a
 * guess, for they may mean other files by the time that they are looked at.
 */
struct glance {
	bool sock;    /* a socket: only calls tell of it */
	bool calls;   /* something else of which only calls tell all */
	bool far_end; /* something that another process may have the other end of */
	bool file;    /* something with a name, on which there may be locks */
};

/* With more descriptors than this, to read their links takes longer than it saves. */
#define GLANCE_MOST 128

/*
 * Reads the links of the descriptors in list. What cannot be read is not expected. False where there are too
 * many.
 */
bool glance_at(const struct fd_view *v, const struct fds *list, struct glance *out);

/*
 * Whether a thread of the process is to be disturbed for what was seen. For other things than sockets an
 * agent asks if it is a thread of its own, which that of a process with a single thread never is (ctl/agent.h).
 */
bool glance_needs_agent(const struct proc *p, const struct glance *g);

#endif
