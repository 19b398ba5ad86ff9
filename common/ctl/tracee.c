/* SPDX-License-Identifier: MIT */
#include "ctl/tracee.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/touch.h"
#include "ctl/urgent.h"

/* Newer than the headers of Debian 12; include/uapi/linux/ptrace.h of Linux 6.4. */
#define GET_USER_DISPATCH 0x4211
struct user_dispatch {
	uint64_t mode, selector, offset, len;
};

#define STOP_EVENT(status)  ((status) >> 8)
#define STOP_SIGNAL(status) ((status)&0x7f)

uint64_t tracee_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

long tracee_request(const char *what, long op, pid_t tid, uint64_t addr, const void *data)
{
	long r;

	touch_point(what);
	/* The raw call: no result is a value here that could be mistaken for an error. */
	r = syscall(SYS_ptrace, op, (long)tid, addr, data);
	if (r >= 0)
		return r;
	if (errno == ESRCH)
		return ERR_GONE;
	if (errno == EPERM || errno == EACCES)
		return ERR_PERM;
	return -errno;
}

static int request(const char *what, long op, pid_t tid, uint64_t addr, const void *data)
{
	long r = tracee_request(what, op, tid, addr, data);

	return r < 0 ? (int)r : 0;
}

int tracee_seize(pid_t tid)
{
	return request("seize", PTRACE_SEIZE, tid, 0, (void *)(uintptr_t)PTRACE_O_TRACESYSGOOD);
}

int tracee_interrupt(pid_t tid)
{
	return request("interrupt", PTRACE_INTERRUPT, tid, 0, NULL);
}

static int cont_with(pid_t tid, int sig)
{
	return request("cont", PTRACE_CONT, tid, 0, (void *)(uintptr_t)sig);
}

int tracee_cont(pid_t tid)
{
	return cont_with(tid, 0);
}

int tracee_detach(pid_t tid)
{
	return request("detach", PTRACE_DETACH, tid, 0, NULL);
}

/* Peeks for a stop. 1: stopped, *status says how; 0: not yet; else an error code. */
static int peek(pid_t tid, int *status)
{
	siginfo_t si;

	memset(&si, 0, sizeof si);
	touch_point("wait");
	if (waitid(P_PID, (id_t)tid, &si, WSTOPPED | WEXITED | __WALL | WNOWAIT | WNOHANG) < 0)
		return errno == EINTR ? 0 : ERR_GONE;
	if (!si.si_pid)
		return 0;
	if (si.si_code != CLD_TRAPPED && si.si_code != CLD_STOPPED)
		return ERR_GONE;
	*status = si.si_status;
	return 1;
}

/* One look; a signal on its way to the thread goes on to it, the stop asked for is still to come.
 */
static int look(pid_t tid, bool *stopped, bool *group)
{
	int status, r = peek(tid, &status);

	*stopped = false;
	if (r <= 0)
		return r;
	if (STOP_EVENT(status) == PTRACE_EVENT_STOP) {
		*stopped = true;
		if (group)
			*group = STOP_SIGNAL(status) != SIGTRAP;
		return 0;
	}
	return cont_with(tid, STOP_SIGNAL(status));
}

int tracee_poll_stop(pid_t tid, bool *stopped, bool *group)
{
	return look(tid, stopped, group);
}

void tracee_reap(pid_t tid)
{
	siginfo_t si;

	touch_point("reap");
	(void)!waitid(P_PID, (id_t)tid, &si, WEXITED | __WALL | WNOHANG);
}

int tracee_await_stop(pid_t tid, uint64_t deadline, bool *group, uint64_t *since)
{
	uint64_t begun = tracee_clock();
	bool stopped;

	if (since)
		*since = begun;
	for (;;) {
		uint64_t now = tracee_clock();
		int err = look(tid, &stopped, group);

		if (err || stopped)
			return err;
		if (since)
			*since = now;
		if (now >= deadline)
			return ERR_TIMEOUT;
		urgent_wait(begun);
	}
}

int tracee_get_regs(pid_t tid, struct user_regs_struct *regs)
{
	return request("getregs", PTRACE_GETREGS, tid, 0, regs);
}

int tracee_set_regs(pid_t tid, const struct user_regs_struct *regs)
{
	return request("setregs", PTRACE_SETREGS, tid, 0, regs);
}

int tracee_get_mask(pid_t tid, uint64_t *mask)
{
	return request("getsigmask", PTRACE_GETSIGMASK, tid, sizeof *mask, mask);
}

int tracee_set_mask(pid_t tid, uint64_t mask)
{
	return request("setsigmask", PTRACE_SETSIGMASK, tid, sizeof mask, &mask);
}

int tracee_rseq(pid_t tid, uint64_t *area)
{
	struct ptrace_rseq_configuration c;
	int err;

	memset(&c, 0, sizeof c);
	err = request("rseq", PTRACE_GET_RSEQ_CONFIGURATION, tid, sizeof c, &c);
	if (err == -EIO || err == -EINVAL)
		return ERR_OLDKERNEL;
	*area = c.rseq_abi_pointer;
	return err;
}

int tracee_user_dispatch(pid_t tid, bool *on)
{
	struct user_dispatch c;
	int err;

	memset(&c, 0, sizeof c);
	err = request("dispatch", GET_USER_DISPATCH, tid, sizeof c, &c);
	if (err == -EIO || err == -EINVAL)
		return ERR_OLDKERNEL;
	*on = c.mode != 0;
	return err;
}
