/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_PROC_H
#define PTOOLS_PROC_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

/*
 * A process, looked at and never changed. The handle is a pidfd, a directory descriptor on /proc/PID
 * and the start time; everything is read through them, so a recycled pid is an error (ERR_GONE) and
 * never a wrong answer. A recorded tree (tests) is the same handle with another ops table.
 * Every function here may return ERR_GONE at any moment: the process died.
 */
struct proc;

/*
 * Opens a live process. ERR_NOPROC when there is none, ERR_NOTHREAD when pid is a thread but not the
 * leader of its process, -errno otherwise. Does not need any right over the process. pid_t as seen in
 * the reader's own pid namespace. pidfd: pidfd_open(2), Linux 5.3; -1 where the kernel lacks it.
 */
int proc_open(pid_t pid, struct proc **out) __attribute__((warn_unused_result));

/* Opens a recorded process: `root` stands for /proc. No pidfd, memory from a file `mem.ADDRESS`. */
int proc_open_dir(const char *root, pid_t pid, struct proc **out)
	__attribute__((warn_unused_result));
void proc_close(struct proc *p);

/*
 * A live process that another one of ours has opened and has sent the descriptors of: these become the handle's,
 * whose they were (proc_dirfd(), proc_pidfd(), proc_start_time()) is believed. 0 or -ENOMEM, and then they are not
 * taken.
 */
struct proc_parts {
	pid_t pid;
	int dir, pidfd; /* pidfd -1: there was none */
	uint64_t start;
};
int proc_adopt(const struct proc_parts *parts, struct proc **out)
	__attribute__((warn_unused_result));

pid_t proc_pid(const struct proc *p);
bool proc_is_live(const struct proc *p);

/*
 * When it started, in clock ticks since boot (field 22 of stat): with the pid the name of a process for
 * as long as the machine is up. 0 for a recording without.
 */
uint64_t proc_start_time(const struct proc *p);

/* Descriptor on /proc/PID, owned by the handle. */
int proc_dirfd(const struct proc *p);
/* Pidfd owned by the handle, -1 for a recorded process or an old kernel. */
int proc_pidfd(const struct proc *p);

/* 0 while the handle denotes a process that has not exited (zombies have), ERR_GONE afterwards. */
int proc_check(const struct proc *p);

/*
 * Appends the whole of /proc/PID/<rel> ("status", "task/12/stat"). At most `max` bytes are taken;
 * more is ERR_TOOBIG with the first max bytes kept. -errno: -EACCES/-EPERM lacking right. After any
 * other error nothing was appended.
 */
int proc_read_file(const struct proc *p, const char *rel, size_t max, struct buf *out)
	__attribute__((warn_unused_result));

/*
 * Appends the target of the symbolic link /proc/PID/<rel> ("exe", "fd/3"), whole however long
 * (PATH_MAX: the kernel itself gives no more than a page).
 */
int proc_read_link(const struct proc *p, const char *rel, struct buf *out)
	__attribute__((warn_unused_result));

/*
 * Reads len bytes of the target's memory at addr: process_vm_readv(2), then /proc/PID/mem. All or
 * nothing: 0, or -EFAULT (not mapped), -EPERM, ERR_GONE.
 */
int proc_read_mem(const struct proc *p, uint64_t addr, void *buf, size_t len)
	__attribute__((warn_unused_result));

/*
 * The command line as the target shows it now (arguments joined by blanks), raw bytes, at most max;
 * the name in brackets for kernel threads; "comm <defunct>" for zombies.
 */
int proc_cmdline(const struct proc *p, size_t max, struct buf *out)
	__attribute__((warn_unused_result));

/* "comm" of any pid, for naming a peer or tracer: escaped, "?" where it is unknown. */
void proc_comm_of(pid_t pid, struct buf *out);

#endif
