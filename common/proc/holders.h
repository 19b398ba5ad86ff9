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
	uint32_t row; /* in the index; HOLDER_NO_ROW: known from elsewhere */
};
#define HOLDER_NO_ROW UINT32_MAX

/*
 * The pass, without the process `skip` (0: none), whose descriptors may be known already. Of those that have more
 * than `most` descriptors only the first 64 or so are read, the others put off (from Linux 6.2 on, where that can be told): holders_left() counts them. 0,
 * -ENOMEM, or why /proc cannot be read. Processes that end meanwhile are left out.
 */
int holders_scan(pid_t skip, size_t most, struct holders **out) __attribute__((warn_unused_result));

/* Goes through those that were put off. As holders_scan(); after an error h is fit to be freed only. */
int holders_scan_left(struct holders *h) __attribute__((warn_unused_result));

/* How many processes are put off still, and how many descriptors these have. */
size_t holders_left(const struct holders *h, uint64_t *fds);

void holders_free(struct holders *h);

uint64_t holders_text(const void *link, size_t len);

/*
 * Calls each() for those that held the file at the pass, as /proc lists them; whether one still does is a
 * question of its own, for those that are wanted. Other than 0 from each() ends it and is returned.
 */
typedef int holder_each(const struct holder *h, void *arg);
int holders_of(const struct holders *h, enum holder_kind kind, uint64_t number, holder_each *each,
	void *arg);
bool holders_still(struct holders *h, const struct holder *who);

/*
 * From here on holders_still() asks once for each: of descriptors that share a pipe it need not be asked again, as
 * long as nobody wants to know of a later moment, for which there is another look.
 */
void holders_begin_look(struct holders *h);

/* How it has the file open, asked once: bits. HOLDER_GONE: no more. */
#define HOLDER_READS  1u
#define HOLDER_WRITES 2u
#define HOLDER_GONE   4u
unsigned holders_access(struct holders *h, const struct holder *who);

/* How many processes could not be looked into (-EACCES): they may hold it as well. */
size_t holders_hidden(const struct holders *h);

/* When the pass began, nanoseconds of CLOCK_MONOTONIC: a file opened later may be missing. */
uint64_t holders_when(const struct holders *h);

#endif
