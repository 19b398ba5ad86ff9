/* SPDX-License-Identifier: MIT */
/* Who may look, and what is said to who may not. As root it takes other users' places. */
#include <fcntl.h>
#include <grp.h>
#include <stdint.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/ptrace.h>

#include "base/err.h"
#include "kids.h"
#include "proc/access.h"
#include "proc/fds.h"
#include "proc/status.h"
#include "tap.h"

#define NOBODY 65534
#define OTHER  65533

/* What a child is to become before it says that it is ready. */
struct role {
	uid_t uid; /* 0: stays */
	bool undumpable, new_ns;
};

static int act(const struct kid_side *k, void *arg)
{
	const struct role *r = arg;

	if (r->uid &&
		(setgroups(0, NULL) || setresgid(r->uid, r->uid, r->uid) ||
			setresuid(r->uid, r->uid, r->uid)))
		return 1;
	/* Changing ids makes a process undumpable, exec would make it dumpable again. */
	prctl(PR_SET_DUMPABLE, !r->undumpable);
	if (r->new_ns && unshare(CLONE_NEWUSER))
		return 1;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kid_ready(k);
	kid_wait(k);
	return 0;
}

/* What a user sees who opens and checks the process; the words go through a pipe. */
struct look {
	pid_t target;
	uid_t uid;
	bool with_ptrace_cap;
	int result, fds, mem;
	char words[1000];
};

static void become(const struct look *l)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (setgroups(0, NULL) || setresgid(l->uid, l->uid, l->uid))
		_exit(98);
	prctl(PR_SET_KEEPCAPS, 1);
	if (setresuid(l->uid, l->uid, l->uid))
		_exit(98);
	if (l->with_ptrace_cap) {
		caps[0].permitted = CAP_TO_MASK(CAP_SYS_PTRACE);
		caps[0].effective = CAP_TO_MASK(CAP_SYS_PTRACE);
	}
	if (syscall(SYS_capset, &head, caps))
		_exit(98);
}

static void look_as(struct look *l)
{
	struct buf b = {0};
	struct fds f = {0};
	struct proc *p;
	int q[2];
	pid_t pid;

	if (pipe(q) < 0)
		exit(99);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		char byte;

		become(l);
		p = open_or_die(l->target);
		l->result = access_check(p);
		l->fds = fds_list(p, &f);
		l->mem = proc_read_mem(p, (uintptr_t)&byte, &byte, 1);
		proc_explain(p, l->result ? l->result : ERR_PERM, &b);
		snprintf(l->words, sizeof(l->words), "%s", buf_cstr(&b));
		_exit(write(q[1], l, sizeof(*l)) == sizeof(*l) ? 0 : 1);
	}
	close(q[1]);
	if (read(q[0], l, sizeof(*l)) != sizeof(*l))
		l->result = 1;
	close(q[0]);
	waitpid(pid, NULL, 0);
	printf("# %s\n", l->words);
}

static bool needs_root(const char *what)
{
	if (geteuid() == 0)
		return false;
	tap_skip(what, "needs root to become other users");
	return true;
}

static void test_same_user(void)
{
	struct role r = {.uid = NOBODY};
	struct kid k;
	struct look l;

	if (needs_root("same user"))
		return;
	k = kid_start(act, &r);
	l = (struct look){.target = k.pid, .uid = NOBODY};
	look_as(&l);
	IS(l.result, 0, "the same user may look");
	IS(l.fds, 0, "and list descriptors");
	kid_end(&k);
}

static void test_other_user(void)
{
	struct role r = {.uid = NOBODY};
	struct kid k;
	struct look l;

	if (needs_root("other user"))
		return;
	k = kid_start(act, &r);
	l = (struct look){.target = k.pid, .uid = OTHER};
	look_as(&l);
	IS(l.result, ERR_PERM, "another user may not");
	IS(l.fds, -EACCES, "list descriptors");
	IS(l.mem, -EPERM, "or read memory");
	OK(strstr(l.words, "permission denied: ") && strstr(l.words, "belongs to uid 65534") &&
			strstr(l.words, "you are uid 65533") && strstr(l.words, "CAP_SYS_PTRACE") &&
			strstr(l.words, "run as root (sudo) or as its user"),
		"and is told whose it is and what to do");
	l = (struct look){.target = k.pid, .uid = OTHER, .with_ptrace_cap = true};
	look_as(&l);
	IS(l.result, 0, "another user with CAP_SYS_PTRACE may look");
	OK(!strstr(l.words, "belongs to"), "and would not be told of users");
	kid_end(&k);
}

static void test_undumpable(void)
{
	struct role r = {.uid = NOBODY, .undumpable = true};
	struct kid k;
	struct look l;

	if (needs_root("undumpable"))
		return;
	k = kid_start(act, &r);
	l = (struct look){.target = k.pid, .uid = NOBODY};
	look_as(&l);
	IS(l.result, ERR_PERM, "not even the same user, if it is not dumpable");
	OK(strstr(l.words, "not dumpable") && strstr(l.words, "run as root"), "and is told so");
	kid_end(&k);
}

static void test_root_target(void)
{
	struct role r = {0};
	struct kid k;
	struct look l;

	if (needs_root("root's process"))
		return;
	k = kid_start(act, &r);
	l = (struct look){.target = k.pid, .uid = NOBODY};
	look_as(&l);
	IS(l.result, ERR_PERM, "root's process");
	OK(strstr(l.words, "uid 0 (root)") && !strstr(l.words, "as its user"), "root is enough");
	l = (struct look){.target = k.pid, .uid = 0};
	look_as(&l);
	IS(l.result, ERR_PERM, "root without capabilities may not look at root with them");
	OK(strstr(l.words, "capabilities that you lack") && strstr(l.words, "--cap-add SYS_PTRACE"),
		"and is told of the container's option");
	kid_end(&k);
}

static void test_user_namespace(void)
{
	struct role r = {.uid = NOBODY, .new_ns = true};
	struct kid k;
	struct look l;

	if (needs_root("user namespace"))
		return;
	if (!kid_can_unshare(CLONE_NEWUSER)) {
		tap_skip("user namespace", "none to be had here");
		return;
	}
	k = kid_start(act, &r);
	l = (struct look){.target = k.pid, .uid = OTHER, .with_ptrace_cap = true};
	look_as(&l);
	/* The capability reaches down into the child's namespace. */
	IS(l.result, 0, "a capability counts in the namespaces below");
	OK(strstr(l.words, "user namespace"), "if it did not, the namespace would be named");
	kid_end(&k);
}

/* From inside a user namespace, its own root looks at a process outside. */
static int look_from_inside(const struct kid_side *k, void *arg)
{
	struct look *l = arg;
	struct buf b = {0};
	struct proc *p;

	(void)k;
	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY) ||
		unshare(CLONE_NEWUSER))
		return 1;
	p = open_or_die(l->target);
	l->result = access_check(p);
	access_explain(p, &b);
	snprintf(l->words, sizeof(l->words), "%s", buf_cstr(&b));
	return write(l->fds, l, sizeof(*l)) == sizeof(*l) && write(k->ready, "r", 1) == 1 ? 0 : 1;
}

static void test_from_inside(void)
{
	struct role r = {.uid = OTHER};
	struct kid k, viewer;
	struct look l;
	int q[2];

	if (needs_root("out of a user namespace") || pipe(q) < 0)
		return;
	if (!kid_can_unshare(CLONE_NEWUSER)) {
		tap_skip("out of a user namespace", "none to be had here");
		return;
	}
	k = kid_start(act, &r);
	l = (struct look){.target = k.pid, .fds = q[1]};
	viewer = kid_start(look_from_inside, &l);
	if (read(q[0], &l, sizeof(l)) != sizeof(l))
		exit(99);
	printf("# %s\n", l.words);
	IS(l.result, ERR_PERM, "all capabilities of a user namespace do not reach out of it");
	OK(strstr(l.words, "another user namespace"), "and it is told so");
	kid_end(&viewer);
	kid_end(&k);
}

static int traced(const struct kid_side *k, void *arg)
{
	(void)arg;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		return 1;
	kid_ready(k);
	kid_wait(k);
	return 0;
}

static void test_traced(void)
{
	struct kid k = kid_start(traced, NULL);
	struct proc *p = open_or_die(k.pid);
	struct buf b = {0}, want = {0};
	struct status s;

	OK(status_read(p, 0, &s) == 0 && s.tracer == getpid(), "a traced process names its tracer");
	IS(access_check(p), 0, "may be looked at all the same");
	proc_explain(p, ERR_TRACED, &b);
	buf_fmt(&want, "process is traced by pid %d (t_access)", getpid());
	IS_STR(buf_cstr(&b), buf_cstr(&want), "the words");
	kid_end(&k);
	buf_clear(&b);
	proc_explain(p, ERR_TRACED, &b);
	IS_STR(buf_cstr(&b), "process is traced", "and when it is gone");
	buf_free(&b);
	buf_free(&want);
	proc_close(p);
}

/* Names are the target's choice: here one that would clear the screen and forge a line. */
static int evil_tracer_target(const struct kid_side *k, void *arg)
{
	prctl(PR_SET_NAME, "\033[2J\nroot: ok");
	return traced(k, arg);
}

static void test_names(void)
{
	struct kid k = kid_start(evil_tracer_target, NULL);
	struct proc *p = open_or_die(k.pid);
	struct buf b = {0};
	struct status s;

	proc_comm_of(k.pid, &b);
	IS_STR(buf_cstr(&b), "\\x1b[2J\\nroot: ok", "a name goes out escaped");
	OK(status_read(p, 0, &s) == 0 && !strcmp(s.name, "\033[2J\nroot: ok"),
		"and is raw in status");
	OK(s.tgid == k.pid && s.ppid == getpid(), "which it cannot forge");
	buf_clear(&b);
	proc_comm_of(0x7fffffff, &b);
	IS_STR(buf_cstr(&b), "?", "nobody's name");
	buf_free(&b);
	kid_end(&k);
	proc_close(p);
}

static void test_plain_words(void)
{
	struct kid k = kid_start(act, &(struct role){0});
	struct proc *p = open_or_die(k.pid);
	struct buf b = {0};

	proc_explain(p, ERR_TIMEOUT, &b);
	IS_STR(buf_cstr(&b), err_str(ERR_TIMEOUT), "other errors are their words");
	buf_clear(&b);
	proc_explain(p, -EACCES, &b);
	OK(strncmp(buf_cstr(&b), "permission denied: ", 19) == 0,
		"EACCES is a matter of permission");
	kid_end(&k);
	buf_clear(&b);
	access_explain(p, &b);
	IS_STR(buf_cstr(&b), "process has exited", "of the dead, nothing else can be said");
	buf_free(&b);
	proc_close(p);
}

int main(void)
{
	test_same_user();
	test_other_user();
	test_undumpable();
	test_root_target();
	test_user_namespace();
	test_from_inside();
	test_traced();
	test_names();
	test_plain_words();
	return tap_end();
}
