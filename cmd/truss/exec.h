/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_EXEC_H
#define PTOOLS_TRUSS_EXEC_H

#include <stdint.h>

#include "base/buf.h"
#include "truss.h"

/* What the kernel put on the stack of a program that begins (execve(2)): argc, argv, envp. */
struct exec_stack {
	int argc;            /* -1: cannot be read */
	uint64_t argv, envp; /* addresses of the arrays */
	unsigned pointer;    /* bytes of a pointer there */
};

/* Of a thread at the end of a successful exec: thr->exec_sp and exec_abi are set. */
void exec_stack_read(struct thread *thr, struct exec_stack *s);
/*
 * The strings of such an array, escaped, each with a NUL behind it; one that cannot be read is
 * `BadAddress:0x...`. Bounded: what is beyond EXEC_WORDS words or EXEC_BYTES bytes each is "...".
 */
enum { EXEC_WORDS = 4096, EXEC_BYTES = 4096 };
void exec_add_words(
	struct thread *thr, const struct exec_stack *s, uint64_t array, struct buf *out);

/*
 * EVENT_EXEC: process `pid` runs a new program, perhaps started by another thread than the first one, which then
 * has taken the first one's id; all others are gone.
 */
void exec_event(struct truss *t, pid_t pid);
/*
 * At the entry of an exec: whether truss must let go of the thread, because the program has privileges
 * that the kernel would not give to a traced process, and truss may not keep it traced. `path` gets its name.
 */
bool exec_needs_release(struct truss *t, struct thread *thr, struct buf *path);

/* After a successful exec: says which ids the program has got by it. */
void exec_note_rights(struct truss *t, struct thread *thr);

/* Whether the program in that file gets rights that a process with these ids does not have. */
bool exec_is_privileged(int fd, uid_t uid, gid_t gid);

#endif
