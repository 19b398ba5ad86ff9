/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_HOLDERS_H
#define PTOOLS_PROC_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Who has a socket, a pipe or another file open: one pass over the descriptors of all processes,
 * /proc/PID/fd (proc(5)), kept as an index in which any number of files can then be looked up. Takes 2 us
 * and 24 bytes for each descriptor of the machine: to be made when something needs it, once.
 */
struct holders;

/*
 * A file as the text of its link names it: sockets and pipes by their inode, which is theirs alone;
 * any other by holders_text() of its link ("/dev/pts/3", "anon_inode:[eventfd]"), which two files may
 * share (another mount namespace, all eventfds): whoever asks compares what else tells them apart.
 */
enum holder_kind { HOLDER_SOCKET, HOLDER_PIPE, HOLDER_TEXT };

struct holder {
	pid_t pid;
	int fd;
};

/*
 * The pass, without the process `skip` (0: none), whose descriptors may be known already. 0, -ENOMEM, or why
 * /proc cannot be read. Processes that end meanwhile are left out.
 */
int holders_scan(pid_t skip, struct holders **out) __attribute__((warn_unused_result));
void holders_free(struct holders *h);

uint64_t holders_text(const void *link, size_t len);

/*
 * Calls each() for those that hold the file, ascending by pid as /proc lists them, and still do: the link
 * is read again. Other than 0 from each() ends it and is returned.
 */
typedef int holder_each(const struct holder *h, void *arg);
int holders_of(const struct holders *h, enum holder_kind kind, uint64_t number, holder_each *each,
	void *arg);

/* How many processes could not be looked at (-EACCES): they may hold it as well. */
size_t holders_hidden(const struct holders *h);

/* When the pass began, nanoseconds of CLOCK_MONOTONIC: a file opened later may be missing. */
uint64_t holders_when(const struct holders *h);

#endif
