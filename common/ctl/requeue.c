/* SPDX-License-Identifier: MIT */
#include "ctl/requeue.h"

#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/divert.h"
#include "ctl/trace.h"
#include "ctl/tracee.h"
#include "ctl/vacate.h"
#include "proc/status.h"

#define CODE_MAX 2048

/* What may speak against it, before anything is changed. */
static int prepare(struct diversion *d, int lock)
{
	struct status s;
	int err = status_read(d->p, d->victim.tid, &s);

	/* The way home is made of system calls. */
	if (!err && s.seccomp > 0)
		err = ERR_SECCOMP;
	/* Another tool is at work in there ("the double", agent.c). */
	if (!err && (lock < 0 || flock(lock, LOCK_EX | LOCK_NB)))
		err = ERR_BUSY;
	if (!err && !d->locked)
		err = -ENOMEM;
	if (!err)
		err = cave_find(d->p, d->victim.tid, d->mem, &d->cave);
	if (!err)
		err = vacate_check(d->p, d->mem, &d->cave);
	return err;
}

static int set_regs(struct diversion *d, const struct user_regs_struct *regs)
{
	*d->locked = *regs;
	return tracee_set_regs(d->victim.tid, d->locked);
}

/* The mask before the registers: as long as these lead home, the mask does no harm. */
static int put_back(struct diversion *d, const struct user_regs_struct *found)
{
	int err = tracee_set_mask(d->victim.tid, d->saved.mask);

	if (!d->cave.addr)
		return err;
	if (!err)
		err = set_regs(d, found);
	(void)!cave_clear(d->mem, &d->cave);
	return err;
}

/* The registers before the mask, for the same reason. */
static int insure(struct diversion *d)
{
	unsigned char image[CODE_MAX];
	struct user_regs_struct home;
	int err;

	d->params.stamp = cave_clock();
	machine_code_image(image, &d->saved, &d->params);
	if (cave_write(d->mem, d->cave.addr, image, machine_code_size()))
		return ERR_NOCAVE;
	machine_enter_home(&home, &d->saved, d->cave.addr);
	err = set_regs(d, &home);
	return err ? err : tracee_set_mask(d->victim.tid, ~(uint64_t)0);
}

/*
 * It takes one step within the kernel: the signal is put back, SIGSTOP is taken. Nothing else comes in between, for all
 * else is blocked; had somebody sent SIGCONT meanwhile, the signal itself would come again, in the cave.
 */
static int step(struct diversion *d, int signal, struct trace_stop *s)
{
	pid_t tid = d->victim.tid;
	int err, r;

	if (syscall(SYS_tgkill, proc_pid(d->p), tid, SIGSTOP))
		return -errno;
	err = trace_resume(tid, TRACE_RUN, signal);
	if (err)
		return err;
	do
		r = trace_wait(tid, TRACE_BLOCK, s);
	while (r == -EINTR);
	return r == 1 && s->kind != TRACE_DEAD ? 0 : ERR_GONE;
}

static int requeue(struct diversion *d, int signal)
{
	struct user_regs_struct found = d->saved.regs;
	struct trace_stop s = {0};
	int err = d->cave.addr ? divert_settle(d) : tracee_get_mask(d->victim.tid, &d->saved.mask);

	if (!err && d->cave.addr)
		err = insure(d);
	else if (!err)
		err = tracee_set_mask(d->victim.tid, d->saved.mask | 1ull << (signal - 1));
	if (!err)
		err = step(d, signal, &s);
	if (err != ERR_GONE && put_back(d, &found))
		return ERR_GONE;
	return err ? err : trace_detach(d->victim.tid, s.kind == TRACE_SIGNAL ? s.signal : 0);
}

/*
 * "The second fault": a signal that an instruction has raised comes again when the instruction is made again, and the
 * kernel does not let it be blocked then (force_sig_info_to_task()). So the tool may die without any insurance.
 */
static bool comes_again(const siginfo_t *info)
{
	switch (info->si_signo) {
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGFPE: return info->si_code > 0;
	default: return false;
	}
}

int requeue_signal(const struct proc *p, pid_t tid, const siginfo_t *info)
{
	struct diversion d = {.p = p, .victim.tid = tid, .saved.tid = tid, .mem = -1};
	int lock = openat(proc_dirfd(p), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = cave_open_mem(p, tid, &d.mem);

	d.locked = divert_locked_page();
	if (!err)
		err = prepare(&d, lock);
	if (err && err != ERR_GONE && comes_again(info)) {
		d.cave.addr = 0;
		err = 0;
	}
	if (!err)
		err = tracee_get_regs(tid, &d.saved.regs);
	if (!err)
		err = requeue(&d, info->si_signo);
	if (d.locked)
		munmap(d.locked, 4096);
	if (d.mem >= 0)
		close(d.mem);
	if (lock >= 0)
		close(lock);
	return err;
}
