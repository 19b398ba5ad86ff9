/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_TRACE_H
#define PTOOLS_CTL_TRACE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Following threads from stop to stop: what a tracer of system calls needs of ptrace(2), beside what
 * ctl/tracee.h has. All of it belongs to the calling thread: when that ends, by whatever cause, the kernel
 * lets every tracee run on as if never touched, without waking those who sleep. Errors as in tracee.h:
 * ERR_GONE for a thread that has died or is about to (also SIGKILLed while it was stopped): its
 * TRACE_DEAD comes, or has come.
 *
 * A report is peeked at and stays until the thread is resumed (or trace_take()): a signal in a stop whose
 * report was consumed is lost when the tracer dies then, one that was only peeked at is delivered.
 */

enum trace_option {
	TRACE_CHILDREN =
		1, /* fork(2) and vfork(2) children, too; threads always, but for TRACE_ALONE */
	TRACE_KILL = 2,   /* PTRACE_O_EXITKILL: only for what the tool started, and was asked to */
	TRACE_FILTER = 4, /* stops at SECCOMP_RET_TRACE */
	TRACE_ALONE = 8,  /* not the threads that it makes */
};

enum trace_kind {
	TRACE_NONE,
	TRACE_CALL,     /* entry or exit of a system call: trace_call() says which */
	TRACE_FILTERED, /* entry, by the seccomp filter: the exit comes if resumed to it */
	TRACE_SIGNAL,   /* a signal is about to be delivered; resume with it, or it is lost */
	TRACE_GROUP_STOP, /* stands in a job-control stop, `signal` began it: resume with TRACE_LISTEN */
	TRACE_TRAP,       /* as asked by tracee_interrupt(), newborn, or woken from TRACE_LISTEN */
	TRACE_NEW,        /* has made a process or thread: trace_message() is its id */
	TRACE_VFORK_DONE, /* a vfork child has let go of its parent; trace_message(): its id */
	TRACE_EXEC,    /* executes another program; trace_message(): the thread id it had before */
	TRACE_STOPPED, /* no tracee: a child of the tool in a job-control stop; trace_take() it */
	TRACE_DEAD,    /* has ended, `signal` or `status` says how; gone once trace_reap()ed */
};

struct trace_stop {
	pid_t tid;
	enum trace_kind kind;
	bool vfork; /* TRACE_NEW: by a vfork */
	bool core;  /* TRACE_DEAD: dumped core */
	int signal; /* TRACE_SIGNAL, TRACE_GROUP_STOP; TRACE_DEAD by a signal, else 0 */
	int status; /* TRACE_DEAD: exit status */
	/* with TRACE_USED: processor time of its process so far, and of the children that were waited for */
	uint64_t used_ns;
};

/* Takes a thread without stopping it. options: enum trace_option. */
int trace_seize(pid_t tid, unsigned options) __attribute__((warn_unused_result));

/*
 * The next report, of thread `tid` or of any (0). 1: *out is filled; 0: none (only without TRACE_BLOCK); -EINTR: a
 * signal came; -ECHILD: nobody is left to wait for.
 */
enum trace_wait_flag {
	TRACE_BLOCK = 1, /* waits for one */
	TRACE_USED = 2,  /* asks for used_ns, too; costs a little for each thread of the process */
};
int trace_wait(pid_t tid, unsigned flags, struct trace_stop *out)
	__attribute__((warn_unused_result));

/* Consumes a report, for a thread that is to stay as it is for now. Never of TRACE_SIGNAL. */
void trace_take(pid_t tid);
/* Takes note of a death; the id is free afterwards. */
void trace_reap(pid_t tid);

enum trace_how {
	TRACE_RUN,     /* to the next event that is not a call */
	TRACE_TO_CALL, /* to the next entry or exit as well */
	/*
	 * Stays stopped, but takes part in what the process does: reports TRACE_GROUP_STOP or TRACE_TRAP again whenever
	 * job control stops or continues that, or it is interrupted, before which it cannot be detached. After those two
	 * reports only (ptrace(2), PTRACE_LISTEN).
	 */
	TRACE_LISTEN,
};
int trace_resume(pid_t tid, enum trace_how how, int signal) __attribute__((warn_unused_result));
/* Lets a stopped thread go, with that signal, which may be 0. */
int trace_detach(pid_t tid, int signal) __attribute__((warn_unused_result));

/* What PTRACE_GET_SYSCALL_INFO says of a stopped thread (ptrace(2), Linux 5.3). */
struct trace_call {
	bool entry, exit; /* neither: the stop is none of a call */
	bool error;       /* at exit: result is -errno */
	uint32_t arch;    /* AUDIT_ARCH_* */
	uint64_t pc, sp;
	uint64_t nr, arg[6]; /* at entry */
	int64_t result;      /* at exit */
};
int trace_call(pid_t tid, struct trace_call *out) __attribute__((warn_unused_result));

int trace_message(pid_t tid, uint64_t *out) __attribute__((warn_unused_result));
int trace_siginfo(pid_t tid, siginfo_t *out) __attribute__((warn_unused_result));

/*
 * Up to n bytes of its memory; returns how many came before the first that could not be read. Where
 * process_vm_readv(2) is refused (by Yama, which allows what a tracer does), word by word with PTRACE_PEEKDATA. Of a
 * program that has made itself undumpable after it was seized, only root can read anything.
 */
size_t trace_read(pid_t tid, uint64_t addr, void *to, size_t n);

/*
 * A thread stopped by tracee_interrupt() whose call returned EINTR for no other reason, although it
 * would have waited without end, is made to wait again (machine_settle_eintr()): call it at TRACE_TRAP,
 * before it is resumed. `late`: also one with a timeout, entered moments ago.
 */
void trace_settle(pid_t tid, bool late);

/*
 * A thread at the entry of a call will not make it now, but when it goes on: it is at the end of that call now, which
 * waits to be made. Signals that are pending come first. ERR_GONE: it has died. The tool may
 * die at any step: at worst the thread stands before the instruction instead.
 */
int trace_stand_before(pid_t tid) __attribute__((warn_unused_result));
/* Whether a stopped thread stands like that, and where: as trace_call() says it at the entry of that call. */
bool trace_stands_before(pid_t tid, uint64_t *pc, uint64_t *sp);

#endif
