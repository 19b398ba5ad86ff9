/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_STATUS_H
#define PTOOLS_PROC_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc/proc.h"

/*
 * What /proc/PID/status says (proc_pid_status(5)), of a process or of one of its threads. A field
 * that the kernel or the recording lacks keeps the value given in the comment.
 */
struct status {
	char name[64]; /* raw, may hold any byte but NUL; "" if absent */
	char state;    /* R S D T t Z X I P; '?' if absent */

	pid_t tgid, pid, ppid, tracer; /* 0 if absent */

	uid_t uid[4]; /* real, effective, saved, filesystem; -1 if absent */
	gid_t gid[4];

	int threads; /* 0 if absent */
	int seccomp; /* 0 none, 1 strict, 2 filter; -1 if absent */
	bool core_dumping;
	bool kthread; /* "Kthread: 1" (6.7), else from the flags in stat */
	bool has_mm;  /* VmSize present: zombies and kernel threads have none */

	uint64_t sig_pending, shared_pending, sig_blocked, sig_ignored, sig_caught;
	uint64_t cap_effective, cap_permitted;
	uint64_t slept; /* times it gave up its processor (voluntary_ctxt_switches) */
};

/* tid 0: the process itself; else one of its threads, ERR_NOTHREAD when that is gone. */
int status_read(const struct proc *p, pid_t tid, struct status *out)
	__attribute__((warn_unused_result));

/*
 * Parses the text of such a file: for recorded and hostile input. 0, or ERR_FORMAT (a field that cannot
 * be what it should, or none at all). A last line without newline is torn and does not count. Does not
 * know `kthread` of kernels before 6.7.
 */
int status_parse(const char *text, size_t len, struct status *out)
	__attribute__((warn_unused_result));

/* Soft and hard limit of open descriptors, from prlimit(2) or /proc/PID/limits; UINT64_MAX: unlimited. */
int limits_nofile(const struct proc *p, uint64_t *soft, uint64_t *hard)
	__attribute__((warn_unused_result));

#endif
