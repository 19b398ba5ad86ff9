/* SPDX-License-Identifier: MIT */
/*
 * The naive injection, as everybody writes it first: stop a thread, save its registers, for each
 * call point it at a `syscall` instruction and let it run through, put the registers back, detach.
 * It works while nobody is killed (and is fair: it resolves the restart of an interrupted call, and
 * brings a scratch mapping of its own). The torture runs on it to show that the torture sees what
 * it does.
 */
#include "subject.h"

#include "base/err.h"
#include "ctl/touch.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCRATCH  65536
#define WAIT_MAX 2000 /* ms for any stop */

/* What the kernel leaves in rax of a call that is to be restarted. */
#define RESTART_FIRST (-514)
#define RESTART_LAST  (-512)
#define RESTART_BLOCK (-516)

struct naive {
	pid_t pid, tid;
	struct user_regs_struct saved;
	uint64_t gadget, scratch;
};

/* Any thread will do. */
static pid_t pick_thread(pid_t pid)
{
	char path[64];
	pid_t tid[256];
	unsigned n = 0;
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return -1;
	while ((d = readdir(dir)) && n < 256)
		if (d->d_name[0] != '.')
			tid[n++] = atoi(d->d_name);
	closedir(dir);
	return n ? tid[(unsigned)rand() % n] : -1;
}

/* The kernel maps the same vdso into everybody: where ours has a `syscall`, so has the target's. */
static uint64_t find_gadget(pid_t pid)
{
	const unsigned char *own = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
	unsigned long from = 0;
	char path[64], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f) && !strstr(line, "[vdso]"))
		;
	if (!strstr(line, "[vdso]") || sscanf(line, "%lx", &from) != 1)
		from = 0;
	fclose(f);
	for (unsigned i = 0; from && i < 8190; i++)
		if (own[i] == 0x0f && own[i + 1] == 0x05)
			return from + i;
	return 0;
}

static int wait_stop(struct naive *a)
{
	int status;

	for (unsigned i = 0; i < WAIT_MAX * 10; i++) {
		touch_point("waitpid");
		pid_t got = waitpid(a->tid, &status, __WALL | WNOHANG);

		if (got == a->tid)
			return WIFSTOPPED(status) ? 0 : ERR_GONE;
		if (got < 0)
			return ERR_GONE;
		usleep(100);
	}
	return ERR_TIMEOUT;
}

static int request(struct naive *a, const char *name, int req, void *data)
{
	touch_point(name);
	return ptrace(req, a->tid, NULL, data) < 0 ? -errno : 0;
}

static int run(struct naive *a, long nr, const uint64_t *arg, int64_t *ret)
{
	struct user_regs_struct r = a->saved;
	int err;

	r.rip = a->gadget;
	r.rax = (uint64_t)nr;
	r.orig_rax = (uint64_t)-1;
	r.rdi = arg[0];
	r.rsi = arg[1];
	r.rdx = arg[2];
	r.r10 = arg[3];
	r.r8 = arg[4];
	r.r9 = arg[5];
	err = request(a, "SETREGS", PTRACE_SETREGS, &r);
	for (unsigned stop = 0; stop < 2 && !err; stop++) {
		err = request(a, "SYSCALL", PTRACE_SYSCALL, NULL);
		if (!err)
			err = wait_stop(a);
	}
	if (!err)
		err = request(a, "GETREGS", PTRACE_GETREGS, &r);
	*ret = (int64_t)r.rax;
	return err;
}

/* The stop at the end is not one where the kernel restarts calls: do it for it. */
static void resolve_restart(struct user_regs_struct *r)
{
	int64_t rax = (int64_t)r->rax;

	if ((int64_t)r->orig_rax < 0)
		return;
	if (rax == RESTART_BLOCK)
		r->rax = SYS_restart_syscall;
	else if (rax >= RESTART_FIRST && rax <= RESTART_LAST)
		r->rax = r->orig_rax;
	else
		return;
	r->rip -= 2;
}

static void naive_close(void *handle)
{
	struct naive *a = handle;
	uint64_t arg[6] = {a->scratch, SCRATCH};
	int64_t ret;

	if (a->scratch)
		(void)!run(a, SYS_munmap, arg, &ret);
	resolve_restart(&a->saved);
	(void)!request(a, "SETREGS", PTRACE_SETREGS, &a->saved);
	(void)!request(a, "DETACH", PTRACE_DETACH, NULL);
	free(a);
}

static int naive_open(pid_t pid, unsigned flags, void **handle)
{
	uint64_t arg[6] = {
		0, SCRATCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0};
	struct naive *a = calloc(1, sizeof(*a));
	int64_t ret;
	int err;

	(void)flags;
	if (!a)
		return -ENOMEM;
	a->pid = pid;
	a->tid = pick_thread(pid);
	a->gadget = find_gadget(pid);
	err = a->gadget ? request(a, "SEIZE", PTRACE_SEIZE, NULL) : ERR_NOCAVE;
	if (err)
		goto out;
	err = request(a, "INTERRUPT", PTRACE_INTERRUPT, NULL);
	if (!err)
		err = wait_stop(a);
	if (!err)
		err = request(a, "GETREGS", PTRACE_GETREGS, &a->saved);
	if (err)
		goto out;
	err = run(a, SYS_mmap, arg, &ret);
	a->scratch = ret < 0 ? 0 : (uint64_t)ret;
	*handle = a;
	return err;
out:
	free(a);
	return err;
}

static int copy(struct naive *a, uint64_t there, void *here, size_t len, bool in)
{
	struct iovec l = {here, len}, r = {(void *)(uintptr_t)there, len};
	ssize_t n;

	touch_point(in ? "writev" : "readv");
	n = in ? process_vm_writev(a->pid, &l, 1, &r, 1, 0)
	       : process_vm_readv(a->pid, &l, 1, &r, 1, 0);
	return n == (ssize_t)len ? 0 : -EFAULT;
}

static int naive_batch(void *handle, struct call *calls, size_t n)
{
	struct naive *a = handle;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		struct call *c = &calls[i];
		uint64_t arg[6], at = a->scratch;

		for (unsigned k = 0; k < 6 && !err; k++) {
			arg[k] = c->arg[k].how == CALL_VALUE ? c->arg[k].value : at;
			if (c->arg[k].how == CALL_VALUE)
				continue;
			if (c->arg[k].how != CALL_OUT)
				err = copy(a, at, c->arg[k].ptr, c->arg[k].len, true);
			at += (c->arg[k].len + 15u) & ~15u;
		}
		if (!err)
			err = run(a, c->nr, arg, &c->ret);
		for (unsigned k = 0; k < 6 && !err; k++)
			if (c->arg[k].how == CALL_OUT || c->arg[k].how == CALL_INOUT)
				err = copy(a, arg[k], c->arg[k].ptr, c->arg[k].len, false);
	}
	return err;
}

const struct subject subject_naive = {"naive", naive_open, naive_batch, naive_close, NULL};
