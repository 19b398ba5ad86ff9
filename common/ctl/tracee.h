/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_TRACEE_H
#define PTOOLS_CTL_TRACEE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

/*
 * The only file that calls ptrace(2). A tracee is named by its thread id; its tracer is the calling
 * thread. All functions: 0 or an error code; ERR_GONE when the thread has died (also SIGKILLed
 * while stopped). Three rules hold everywhere (each has a test that fails without it):
 *   - PTRACE_SEIZE with PTRACE_O_TRACESYSGOOD, never PTRACE_ATTACH: a stop without TRACESYSGOOD
 * whose tracer dies leaves a SIGTRAP behind, ATTACH leaves a SIGSTOP;
 *   - waits peek (WNOWAIT): a wait that consumes the status of a signal-delivery-stop takes the
 * signal along when the tracer dies right after it;
 *   - never PTRACE_SINGLESTEP: the trap flag outlives the tracer.
 */

/* Takes a thread without stopping it. ERR_PERM when the kernel refuses (also: traced already). */
int tracee_seize(pid_t tid) __attribute__((warn_unused_result));

/* Asks it to stop; it will soon, if it can. */
int tracee_interrupt(pid_t tid) __attribute__((warn_unused_result));

/*
 * Waits until the thread asked by tracee_interrupt() has stopped, passing on every signal that
 * comes first; deadline on CLOCK_MONOTONIC in ns. ERR_TIMEOUT: it has not stopped (D state, vfork),
 * and only the death of the tracing process can let go of it. *group, if not NULL: it is a
 * job-control stop. *since, if not NULL: when it stopped at the earliest, the last look at which it had not; one that
 * sleeps takes some time to wake up for its stop, which is no time of its own that it loses.
 */
int tracee_await_stop(pid_t tid, uint64_t deadline, bool *group, uint64_t *since)
	__attribute__((warn_unused_result));

/* Whether it has stopped already (peeks once, does not wait). Signals and *group as above. */
int tracee_poll_stop(pid_t tid, bool *stopped, bool *group) __attribute__((warn_unused_result));

int tracee_get_regs(pid_t tid, struct user_regs_struct *regs) __attribute__((warn_unused_result));

/*
 * Sets all registers. The kernel copies them one by one: regs must lie in memory that is resident
 * (locked), or a SIGKILL of the tool in the middle of a page fault leaves half of them set.
 */
int tracee_set_regs(pid_t tid, const struct user_regs_struct *regs)
	__attribute__((warn_unused_result));
int tracee_get_mask(pid_t tid, uint64_t *mask) __attribute__((warn_unused_result));
int tracee_set_mask(pid_t tid, uint64_t mask) __attribute__((warn_unused_result));

/* The thread's struct rseq (PTRACE_GET_RSEQ_CONFIGURATION, Linux 5.13), 0 if it has none. */
int tracee_rseq(pid_t tid, uint64_t *area) __attribute__((warn_unused_result));

/*
 * Whether system call user dispatch is on (PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, Linux 6.4).
 * ERR_OLDKERNEL where that cannot be asked.
 */
int tracee_user_dispatch(pid_t tid, bool *on) __attribute__((warn_unused_result));

/* Lets it run on while it stays ours. */
int tracee_cont(pid_t tid) __attribute__((warn_unused_result));

/* Lets it go; a stopped process stays stopped. */
int tracee_detach(pid_t tid) __attribute__((warn_unused_result));

/*
 * Takes note of the death of a tracee. Until its tracer does, the kernel keeps a dead thread, and
 * with it the news of the process's end from its parent.
 */
void tracee_reap(pid_t tid);

/*
 * Any other request, for the verbs of ctl/trace.c: `what` names the step for the tests (ctl/touch.h), op is a
 * PTRACE_* of <linux/ptrace.h>. Below 0 an error code, else what the kernel returned.
 */
long tracee_request(const char *what, long op, pid_t tid, uint64_t addr, const void *data)
	__attribute__((warn_unused_result));

/* CLOCK_MONOTONIC, nanoseconds. */
uint64_t tracee_clock(void);

#endif
