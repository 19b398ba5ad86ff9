/* SPDX-License-Identifier: MIT */
#include "exec.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/escape.h"
#include "calls.h"
#include "event.h"
#include "gentle.h"
#include "life.h"
#include "names.h"
#include "show.h"
#include "sys/bytes.h"

#define CAP_SYS_PTRACE_BIT 19 /* linux/capability.h */
#define AT_EXECFN_TAG      31 /* linux/auxvec.h */
#define ARGC_MAX           1000000

/* ---- what the new program finds on its stack ---- */

void exec_stack_read(struct thread *thr, struct exec_stack *s)
{
	unsigned p = abi_pointer(thr->exec_abi);
	uint64_t argc;

	*s = (struct exec_stack){.argc = -1, .pointer = p};
	if (!memory_number(&thr->memory, thr->exec_sp, p, &argc) || argc > ARGC_MAX)
		return;
	s->argc = (int)argc;
	s->argv = thr->exec_sp + p;
	s->envp = s->argv + (argc + 1) * p;
}

static bool add_word(struct thread *thr, uint64_t addr, struct buf *out)
{
	char word[EXEC_BYTES];
	bool ended;
	size_t n = memory_string(&thr->memory, addr, word, sizeof word, &ended);

	if (n || ended)
		escape_add(out, word, n);
	else
		buf_fmt(out, "BadAddress:0x%llx", (unsigned long long)addr);
	if (n && !ended)
		buf_str(out, "...");
	buf_chr(out, '\0');
	return !out->failed;
}

void exec_add_words(struct thread *thr, const struct exec_stack *s, uint64_t array, struct buf *out)
{
	uint64_t addr;

	for (unsigned i = 0; i < EXEC_WORDS; i++) {
		if (!memory_number(
			    &thr->memory, array + (uint64_t)i * s->pointer, s->pointer, &addr) ||
			!addr || !add_word(thr, addr, out))
			return;
	}
	buf_add(out, "...", sizeof "...");
}

/* Where the kernel put the name the program was started by. */
static uint64_t name_address(pid_t pid, unsigned pointer)
{
	unsigned char auxv[4096];
	char path[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/auxv", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, auxv, sizeof auxv);
	close(fd);
	for (ssize_t i = 0; i + 2 * (ssize_t)pointer <= n; i += 2 * (ssize_t)pointer) {
		uint64_t tag = 0, value = 0;

		memcpy(&tag, auxv + i, pointer);
		memcpy(&value, auxv + i + pointer, pointer);
		if (tag == AT_EXECFN_TAG)
			return value;
	}
	return 0;
}

/* The exec a command begins with is not seen at its entry: what it was is read from the new program. */
static void begin_command(struct truss *t, struct thread *thr)
{
	const struct sysent *e = sysent_named(ABI_X86_64, "execve");
	struct exec_stack s;
	struct trace_call i;

	if (trace_call(thr->tid, &i))
		return;
	thr->exec_sp = i.sp;
	thr->exec_abi = abi_of(i.arch, 0);
	exec_stack_read(thr, &s);
	thr->call.abi = ABI_X86_64;
	thr->call.nr = e ? e->number : 0;
	memset(thr->call.arg, 0, sizeof thr->call.arg);
	thr->call.arg[0] = name_address(thr->tid, s.pointer);
	thr->call.arg[1] = s.argv;
	thr->call.arg[2] = s.envp;
	calls_begin(t, thr);
}

/* ---- the event ---- */

/* The thread that executes becomes the first one of its process. */
static struct thread *survivor(struct truss *t, pid_t pid)
{
	struct thread *first = thread_find(&t->table, pid), *thr = first;
	uint64_t former;

	if (trace_message(pid, &former) || (pid_t)former == pid)
		return first;
	thr = thread_find(&t->table, (pid_t)former);
	if (!thr)
		return first;
	if (first)
		thread_remove(&t->table, first);
	thread_rename(&t->table, thr, pid);
	return thr;
}

void exec_event(struct truss *t, pid_t pid)
{
	struct thread *thr = survivor(t, pid);

	if (!thr) {
		(void)!trace_detach(pid, 0);
		return;
	}
	gentle_forget(t, thr);
	mem_forget(&thr->mem);
	thr->process->threaded = false;
	thr->process->dispositions = false;
	names_free(thr->process->names);
	thr->process->names = NULL;
	if (thr->process->command && !thr->process->begun) {
		thr->process->begun = true;
		thr->process->quiet = false;
		begin_command(t, thr);
	}
	thr->executed = true;
	if (thr->process->quiet)
		(void)!trace_resume(pid, TRACE_RUN, 0);
	else
		event_resume(t, thr, 0);
}

/* ---- programs with privileges of their own ---- */

static bool may_trace_anything(void)
{
	struct status s;

	return life_read_status(getpid(), &s) && s.cap_effective >> CAP_SYS_PTRACE_BIT & 1;
}

bool exec_is_privileged(int fd, uid_t uid, gid_t gid)
{
	struct statvfs v;
	struct stat s;
	char link[32], caps[64];

	if (fstat(fd, &s) < 0 || !S_ISREG(s.st_mode))
		return false;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (statvfs(link, &v) == 0 && v.f_flag & ST_NOSUID)
		return false;
	if (s.st_mode & S_ISUID && s.st_uid != uid)
		return true;
	if ((s.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && s.st_gid != gid)
		return true;
	return getxattr(link, "security.capability", caps, sizeof caps) > 0;
}

/* The file an exec names, as the thread sees it: a descriptor (O_PATH), -1. */
static int open_named(struct thread *thr, const char *name)
{
	bool at = thr->call.ent && !strcmp(thr->call.ent->name, "execveat");
	int dir = at ? (int)thr->call.arg[0] : AT_FDCWD;
	char path[MEMORY_STRING + 64];

	if (*name == '/')
		snprintf(path, sizeof path, "/proc/%d/root%s", (int)thr->tid, name);
	else if (dir == AT_FDCWD)
		snprintf(path, sizeof path, "/proc/%d/cwd/%s", (int)thr->tid, name);
	else
		snprintf(path, sizeof path, "/proc/%d/fd/%d%s%s", (int)thr->tid, dir,
			*name ? "/" : "", name);
	return open(path, O_PATH | O_CLOEXEC);
}

bool exec_needs_release(struct truss *t, struct thread *thr, struct buf *path)
{
	unsigned which = thr->call.ent && !strcmp(thr->call.ent->name, "execveat") ? 1 : 0;
	char name[MEMORY_STRING];
	struct status s;
	bool ended, special;
	size_t n;
	int fd;

	n = memory_string(&thr->memory, thr->call.arg[which], name, sizeof name - 1, &ended);
	if (!ended || !life_read_status(thr->tid, &s))
		return false;
	name[n] = '\0';
	fd = open_named(thr, name);
	if (fd < 0)
		return false;
	special = exec_is_privileged(fd, s.uid[1], s.gid[1]);
	close(fd);
	if (!special || t->filtered)
		return false;
	escape_add(path, name, n);
	thr->process->set_id = true;
	memcpy(thr->process->uid, s.uid, sizeof thr->process->uid);
	memcpy(thr->process->gid, s.gid, sizeof thr->process->gid);
	return !may_trace_anything();
}

static void note_ids(struct truss *t, struct thread *thr, const char *word, const char *ids,
	const unsigned id[3])
{
	char words[128];

	snprintf(words, sizeof words, "%s: %s = %u / %u / %u ", word, ids, id[0], id[1], id[2]);
	t->show->note(t, thr, words);
}

void exec_note_rights(struct truss *t, struct thread *thr)
{
	struct process *p = thr->process;
	struct status s;

	if (!p->set_id)
		return;
	p->set_id = false;
	if (!life_read_status(thr->tid, &s))
		return;
	if (memcmp(p->uid, s.uid, sizeof p->uid) != 0)
		note_ids(t, thr, "SUID", "ruid/euid/suid", s.uid);
	if (memcmp(p->gid, s.gid, sizeof p->gid) != 0)
		note_ids(t, thr, "SGID", "rgid/egid/sgid", s.gid);
}
