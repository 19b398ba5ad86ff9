/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_BASE_ERR_H
#define PTOOLS_BASE_ERR_H

/*
 * One error space for everything in common/: 0 is success, -1 ... -4095 is a negated errno, and
 * below that are our own codes. A system call's own result in a target is never mixed with these.
 * Code and words stand on one line; the words are the original's where it had the condition.
 */
#define ERR_LIST(X)                                                                                \
	X(ERR_NOPROC, "no such process")                                                           \
	X(ERR_GONE, "process has exited")                                                          \
	X(ERR_ZOMBIE, "zombie process")                                                            \
	X(ERR_KTHREAD, "system process")                                                           \
	X(ERR_SELF, "attempt to grab self")                                                        \
	X(ERR_PERM, "permission denied")                                                           \
	X(ERR_TRACED, "process is traced")                                                         \
	X(ERR_EXECED, "process has executed another program")                                      \
	X(ERR_BADTIDS, "bad lwp specification")                                                    \
	X(ERR_NOTHREAD, "no such lwp")                                                             \
	X(ERR_BADPID, "not a process")                                                             \
	X(ERR_TIMEOUT, "did not stop in time")                                                     \
	X(ERR_FORMAT, "unexpected format of kernel data")                                          \
	X(ERR_TRUNCATED, "core file is truncated, its notes are missing")                          \
	X(ERR_TOOBIG, "unreasonably large")                                                        \
	X(ERR_NOTSUP, "not possible for this process")                                             \
	X(ERR_REFUSED, "system call refused: it could block or change the process")                \
	X(ERR_BUSY, "another tool is at work in the process")                                      \
	X(ERR_SECCOMP, "process is confined by seccomp")                                           \
	X(ERR_SUD, "process uses system call user dispatch")                                       \
	X(ERR_VFORK, "process waits in vfork")                                                     \
	X(ERR_FROZEN, "process is frozen by its control group")                                    \
	X(ERR_DUMPING, "process is dumping core")                                                  \
	X(ERR_DYING, "process is being killed")                                                    \
	X(ERR_NOVICTIM, "no thread can be disturbed without showing it an interrupted call")       \
	X(ERR_NOCAVE, "no room for code in the process")                                           \
	X(ERR_ABI, "thread runs in an unknown mode of the processor")                              \
	X(ERR_STEPPED, "thread is being single-stepped")                                           \
	X(ERR_OLDKERNEL, "this kernel cannot tell whether it would be safe")                       \
	X(ERR_MANY, "so many calls would divert a thread of the process again and again")          \
	X(ERR_STILL, "did not go on in time")                                                      \
	X(ERR_INIT, "init of its pid namespace cannot be stopped")                                 \
	X(ERR_EXEC, "process is executing a program")                                              \
	X(ERR_KEEPER, "its keeper is another user's, or cannot be reached")                        \
	X(ERR_LOST, "lost control of the process")

enum {
	ERR_OWN_FIRST = -5000,
#define X(code, words) code##_ORDINAL,
	ERR_ORDINAL_BASE = 0,
	ERR_LIST(X)
#undef X
};
enum {
#define X(code, words) code = ERR_OWN_FIRST - code##_ORDINAL,
	ERR_LIST(X)
#undef X
};

/* The words for any code of this space; never NULL, static or thread-local storage. */
const char *err_str(int err);

#endif
