/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_ACCESS_H
#define PTOOLS_PROC_ACCESS_H

#include "proc/proc.h"

/*
 * What kind of process this is for a tool that wants to look inside: 0, ERR_KTHREAD, ERR_ZOMBIE (its
 * memory is gone and no thread lives), ERR_PERM, ERR_GONE. A dead leader with living threads is 0.
 */
int access_check(const struct proc *p) __attribute__((warn_unused_result));

/* The same for who needs the status that was read for it too: *s is set where the result is 0. */
struct status;
int access_check_status(const struct proc *p, struct status *s) __attribute__((warn_unused_result));

/*
 * Why the kernel says no, and the way out, in words for one line: which uid owns it, whether
 * CAP_SYS_PTRACE is missing, what kernel.yama.ptrace_scope says, that the target is not dumpable, or
 * that it lives in another user namespace. Appends to out, escaped. Facts: ptrace(2), "Ptrace access
 * mode checking"; Documentation/admin-guide/LSM/Yama.rst.
 */
void access_explain(const struct proc *p, struct buf *out);

/*
 * The same where kill(2) said no: whose it is and who may, which is another rule than that of ptrace(2). Appends,
 * escaped, "operand: cause and way out". p NULL: it could not even be opened.
 */
void access_explain_kill(const struct proc *p, const char *operand, struct buf *out);

/* Words for any error of this process: err_str() plus cause and way out where there is one (ERR_PERM:
 * access_explain(); ERR_TRACED: the tracer's pid and name). Appends, escaped. */
void proc_explain(const struct proc *p, int err, struct buf *out);

/*
 * What stands behind an error's own words in a tool's message, "operand: cause and way out", the operand
 * escaped. p NULL: no such process, or one that /proc hides.
 */
void proc_explain_operand(const struct proc *p, const char *operand, int err, struct buf *out);

#endif
