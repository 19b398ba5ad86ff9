/* SPDX-License-Identifier: MIT */
#include "ctl/trace.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/machine.h"
#include "ctl/touch.h"
#include "ctl/tracee.h"

#define STOP_EVENT(status)  ((status) >> 8)
#define STOP_SIGNAL(status) ((status)&0xff)
#define CALL_TRAP           (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

int trace_seize(pid_t tid, unsigned options)
{
	uintptr_t o = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
	long r;

	if (options & TRACE_CHILDREN)
		o |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE;
	if (options & TRACE_ALONE)
		o &= ~(uintptr_t)PTRACE_O_TRACECLONE;
	if (options & TRACE_KILL)
		o |= PTRACE_O_EXITKILL;
	if (options & TRACE_FILTER)
		o |= PTRACE_O_TRACESECCOMP;
	r = tracee_request("seize", PTRACE_SEIZE, tid, 0, (void *)o);
	return r < 0 ? (int)r : 0;
}

/* PTRACE_EVENT_* of a stop, as our kind. */
static void classify_event(int event, int signal, struct trace_stop *out)
{
	switch (event) {
	case PTRACE_EVENT_VFORK: out->vfork = true; /* fall through */
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_CLONE: out->kind = TRACE_NEW; break;
	case PTRACE_EVENT_VFORK_DONE: out->kind = TRACE_VFORK_DONE; break;
	case PTRACE_EVENT_EXEC: out->kind = TRACE_EXEC; break;
	case PTRACE_EVENT_SECCOMP: out->kind = TRACE_FILTERED; break;
	case PTRACE_EVENT_STOP:
		out->kind = signal == SIGTRAP ? TRACE_TRAP : TRACE_GROUP_STOP;
		out->signal = signal;
		break;
	default: out->kind = TRACE_TRAP; break;
	}
}

static void classify(const siginfo_t *si, struct trace_stop *out)
{
	int status = si->si_status;

	*out = (struct trace_stop){.tid = si->si_pid};
	switch (si->si_code) {
	case CLD_TRAPPED: break;
	case CLD_STOPPED: out->kind = TRACE_STOPPED; return;
	case CLD_EXITED:
		out->kind = TRACE_DEAD;
		out->status = status;
		return;
	default:
		out->kind = TRACE_DEAD;
		out->signal = status;
		out->core = si->si_code == CLD_DUMPED;
		return;
	}
	if (STOP_EVENT(status)) {
		classify_event(STOP_EVENT(status), STOP_SIGNAL(status), out);
	} else if (status == CALL_TRAP) {
		out->kind = TRACE_CALL;
	} else {
		out->kind = TRACE_SIGNAL;
		out->signal = status;
	}
}

void trace_take(pid_t tid)
{
	siginfo_t si;

	(void)!waitid(P_PID, (id_t)tid, &si, WSTOPPED | __WALL | WNOHANG);
}

static uint64_t nanoseconds(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_usec * 1000u;
}

int trace_wait(pid_t tid, unsigned flags, struct trace_stop *out)
{
	int how = WEXITED | WSTOPPED | __WALL | WNOWAIT | (flags & TRACE_BLOCK ? 0 : WNOHANG);
	struct rusage used = {0};
	siginfo_t si;

	si.si_pid = 0;
	touch_point("wait");
	/* The library's has no place for the fifth argument. */
	if (syscall(SYS_waitid, tid ? P_PID : P_ALL, tid, &si, how,
		    flags & TRACE_USED ? &used : NULL) < 0)
		return -errno;
	if (!si.si_pid)
		return 0;
	classify(&si, out);
	out->used_ns = nanoseconds(&used.ru_utime) + nanoseconds(&used.ru_stime);
	/*
	 * "The unread exec": after an exec by another thread than the first, the kernel refuses every request
	 * (ESRCH) until its report was consumed, in case the tracer still means the former owner of the id
	 * (looks_like_a_spurious_pid(), kernel/ptrace.c, Linux 5.13). There is no signal in it to be lost.
	 */
	if (out->kind == TRACE_EXEC)
		trace_take(out->tid);
	return 1;
}

void trace_reap(pid_t tid)
{
	tracee_reap(tid);
}

int trace_resume(pid_t tid, enum trace_how how, int signal)
{
	static const struct {
		const char *what;
		long op;
	} by[] = {
		[TRACE_RUN] = {"cont", PTRACE_CONT},
		[TRACE_TO_CALL] = {"syscall", PTRACE_SYSCALL},
		[TRACE_LISTEN] = {"listen", PTRACE_LISTEN},
	};
	void *data = how == TRACE_LISTEN ? NULL : (void *)(uintptr_t)signal;
	long r = tracee_request(by[how].what, by[how].op, tid, 0, data);

	return r < 0 ? (int)r : 0;
}

int trace_detach(pid_t tid, int signal)
{
	long r = tracee_request("detach", PTRACE_DETACH, tid, 0, (void *)(uintptr_t)signal);

	return r < 0 ? (int)r : 0;
}

int trace_call(pid_t tid, struct trace_call *out)
{
	struct ptrace_syscall_info i = {0};
	long r = tracee_request("callinfo", PTRACE_GET_SYSCALL_INFO, tid, sizeof i, &i);

	if (r < 0)
		return (int)r;
	out->arch = i.arch;
	out->pc = i.instruction_pointer;
	out->sp = i.stack_pointer;
	out->exit = i.op == PTRACE_SYSCALL_INFO_EXIT;
	out->entry = i.op == PTRACE_SYSCALL_INFO_ENTRY || i.op == PTRACE_SYSCALL_INFO_SECCOMP;
	if (out->exit) {
		out->error = i.exit.is_error;
		out->result = i.exit.rval;
	} else if (out->entry) {
		/* The seccomp variant begins with the same two. */
		out->nr = i.entry.nr;
		memcpy(out->arg, i.entry.args, sizeof out->arg);
	}
	return 0;
}

int trace_message(pid_t tid, uint64_t *out)
{
	unsigned long message = 0;
	long r = tracee_request("message", PTRACE_GETEVENTMSG, tid, 0, &message);

	*out = message;
	return r < 0 ? (int)r : 0;
}

int trace_siginfo(pid_t tid, siginfo_t *out)
{
	long r = tracee_request("siginfo", PTRACE_GETSIGINFO, tid, 0, out);

	return r < 0 ? (int)r : 0;
}

static size_t peek(pid_t tid, uint64_t addr, unsigned char *to, size_t n)
{
	size_t done = 0;

	while (done < n) {
		uint64_t at = (addr + done) & ~7ull, word, skip = addr + done - at;
		size_t some = 8 - skip < n - done ? 8 - skip : n - done;

		/* The raw call stores the word where `data` points. */
		if (tracee_request("peek", PTRACE_PEEKDATA, tid, at, &word) < 0)
			break;
		memcpy(to + done, (unsigned char *)&word + skip, some);
		done += some;
	}
	return done;
}

size_t trace_read(pid_t tid, uint64_t addr, void *to, size_t n)
{
	struct iovec here = {to, n}, there = {(void *)(uintptr_t)addr, n};
	ssize_t r = process_vm_readv(tid, &here, 1, &there, 1, 0);

	if (r >= 0)
		return (size_t)r;
	return errno == EPERM ? peek(tid, addr, to, n) : 0;
}

/* From resident memory, so that a SIGKILL cannot leave half of the registers set (tracee.h). */
static void set_resident(pid_t tid, const struct user_regs_struct *regs)
{
	struct user_regs_struct *locked = mmap(NULL, sizeof *locked, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);

	if (locked == MAP_FAILED)
		return;
	*locked = *regs;
	(void)!tracee_set_regs(tid, locked);
	munmap(locked, sizeof *locked);
}

void trace_settle(pid_t tid, bool late)
{
	struct saved s = {.tid = tid};
	unsigned char insn[2];
	struct iovec to = {insn, sizeof insn}, from = {NULL, sizeof insn};
	uint64_t at;

	if (tracee_get_regs(tid, &s.regs) || machine_settle_mode(&s) || !machine_in_call(&s, &at))
		return;
	from.iov_base = (void *)(uintptr_t)at;
	if (process_vm_readv(tid, &to, 1, &from, 1, 0) != sizeof insn ||
		machine_settle_insn(&s, insn) || !machine_settle_eintr(&s, late))
		return;
	set_resident(tid, &s.regs);
}

/* To the exit of the call that is skipped: nothing of the program runs on the way. */
static int to_exit(pid_t tid)
{
	struct trace_stop stop;
	int r = trace_resume(tid, TRACE_TO_CALL, 0);

	while (!r && (r = trace_wait(tid, TRACE_BLOCK, &stop)) == -EINTR)
		r = 0;
	return r == 1 && stop.kind == TRACE_CALL ? 0 : ERR_GONE;
}

int trace_stand_before(pid_t tid)
{
	struct saved s = {.tid = tid};
	uint64_t nr;
	int err = tracee_get_regs(tid, &s.regs);

	if (err || machine_settle_mode(&s))
		return err;
	nr = s.regs.orig_rax;
	machine_enter_again(&s);
	set_resident(tid, &s.regs);
	/* Only a thread that looks for signals is made to restart a call: so it does. The next stop is at the exit all the same. */
	err = tracee_interrupt(tid);
	if (!err)
		err = to_exit(tid);
	if (!err)
		err = tracee_get_regs(tid, &s.regs);
	if (err)
		return err;
	machine_stand_before(&s, nr);
	set_resident(tid, &s.regs);
	return 0;
}

bool trace_stands_before(pid_t tid, uint64_t *pc, uint64_t *sp)
{
	struct saved s = {.tid = tid};

	if (tracee_get_regs(tid, &s.regs) || !machine_stands_before(&s))
		return false;
	*pc = machine_pc(&s.regs);
	*sp = machine_sp(&s.regs);
	return true;
}
