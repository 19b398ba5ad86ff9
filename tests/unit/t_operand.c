/* SPDX-License-Identifier: MIT */
/* What users type for a process, standing anywhere. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/err.h"
#include "kids.h"
#include "proc/operand.h"
#include "tap.h"

/* The %d in text is pid. want: an error, or 0 and then the handle is of pid. */
static void check(enum operand_accept accept, const char *text, pid_t pid, int want)
{
	struct tid_ranges tids;
	char operand[PATH_MAX];
	struct proc *p;
	int err;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(operand, sizeof(operand), text, pid, pid, pid);
#pragma GCC diagnostic pop
	err = operand_open(operand, accept, accept == OPERAND_THREADS ? &tids : NULL, &p);
	IS(err, want, "<%s>%s: %s", operand, accept ? " with threads" : "", err_str(want));
	if (!err)
		IS(proc_pid(p), pid, "the right one");
	else
		OK(!p, "no handle");
	if (accept == OPERAND_THREADS)
		tid_ranges_free(&tids);
	if (!err)
		proc_close(p);
}

static void test_anywhere(pid_t pid)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{"%d", 0},
		{"  %d", 0},
		{"\t%d", 0},
		{"00%d", 0},
		{"/proc/%d", 0},
		{"/proc/%d/", 0},
		{"//proc//%d//", 0},
		{"/proc/./%d/.", 0},
		{"/proc/%d/../%d", 0},
		{"/proc/%d/task/..", 0},
		{"self", ERR_SELF},
		{"/proc/self", ERR_SELF},
		{"/proc/self/", ERR_SELF},
		{"", ERR_BADPID},
		{" ", ERR_BADPID},
		{"%d ", ERR_BADPID},
		{"+%d", ERR_BADPID},
		{"-%d", ERR_BADPID},
		{"%dx", ERR_BADPID},
		{"0x%x", ERR_BADPID},
		{"%d.0", ERR_BADPID},
		{"%d\n", ERR_BADPID},
		{"a", ERR_BADPID},
		{"/", ERR_BADPID},
		{".", ERR_BADPID},
		{"/proc", ERR_BADPID},
		{"/proc/", ERR_BADPID},
		{"/proc/cpuinfo", ERR_BADPID},
		{"/proc/sys", ERR_BADPID},
		{"/proc/net", ERR_BADPID},
		{"/proc/thread-self", ERR_BADPID},
		{"/proc/%d/task", ERR_BADPID},
		{"/proc/%d/task/%d", ERR_BADPID},
		{"/proc/%d/fd", ERR_BADPID},
		{"/proc/%d/status", ERR_BADPID},
		{"/proc/%d/cwd", ERR_BADPID},
		{"/nowhere/%d", ERR_BADPID},
		{"/tmp/../nowhere", ERR_BADPID},
		{"0", ERR_NOPROC},
		{"2147483647", ERR_NOPROC},
		{"2147483648", ERR_NOPROC},
		{"4294967297", ERR_NOPROC},
		{"99999999999999999999999", ERR_NOPROC},
		{"/proc/0", ERR_NOPROC},
		{"/proc/2147483647", ERR_NOPROC},
		{"/proc/2147483647/", ERR_NOPROC},
		{"/proc/99999999999999999999999", ERR_NOPROC},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(OPERAND_PROC, cases[i].text, pid, cases[i].want);
	check(OPERAND_PROC, "%d", getpid(), ERR_SELF);
	check(OPERAND_PROC, "/proc/%d", getpid(), ERR_SELF);
}

static void test_in_proc(pid_t pid)
{
	char path[64];

	if (chdir("/proc") < 0)
		exit(99);
	check(OPERAND_PROC, "%d", pid, 0);
	check(OPERAND_PROC, "%d/", pid, 0);
	check(OPERAND_PROC, "./%d", pid, 0);
	check(OPERAND_PROC, "../proc/%d", pid, 0);
	check(OPERAND_PROC, "./self", pid, ERR_SELF);
	check(OPERAND_PROC, "./2147483647", pid, ERR_NOPROC);
	check(OPERAND_PROC, "cpuinfo", pid, ERR_BADPID);
	check(OPERAND_PROC, "sys", pid, ERR_BADPID);
	check(OPERAND_THREADS, "%d/", pid, 0);
	check(OPERAND_THREADS, "%d/%d", pid, 0);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (chdir(path) < 0)
		exit(99);
	check(OPERAND_PROC, ".", pid, 0);
	check(OPERAND_PROC, "../%d", pid, 0);
	check(OPERAND_PROC, "fd", pid, ERR_BADPID);
	if (chdir("/") < 0)
		exit(99);
}

/* A directory that only looks like one. */
static void test_false_directory(pid_t pid)
{
	char dir[] = "/tmp/t_operand.XXXXXX", name[64];

	if (!mkdtemp(dir) || chdir(dir) < 0)
		exit(99);
	snprintf(name, sizeof(name), "%d", pid);
	mkdir(name, 0700);
	check(OPERAND_PROC, "./%d", pid, ERR_BADPID);
	check(OPERAND_PROC, "%d/", pid, ERR_BADPID);
	check(OPERAND_PROC, "%d", pid, 0);
	rmdir(name);
	if (chdir("/") < 0 || rmdir(dir) < 0)
		exit(99);
}

static void check_list(const char *text, pid_t pid, size_t want_n)
{
	struct tid_ranges tids;
	char operand[64];
	struct proc *p;

	snprintf(operand, sizeof(operand), "%s%d%s", text[0] == '~' ? "/proc/" : "", pid,
		text + (text[0] == '~'));
	if (OK(operand_open(operand, OPERAND_THREADS, &tids, &p) == 0, "<%s>", operand)) {
		OK(proc_pid(p) == pid && tids.n == want_n, "has %zu ranges", want_n);
		proc_close(p);
	}
	tid_ranges_free(&tids);
}

static void test_lists(pid_t pid)
{
	check_list("", pid, 0);
	check_list("~", pid, 0);
	check_list("~/", pid, 0);
	check_list("/1", pid, 1);
	check_list("/1,3-5,8-,-2", pid, 4);
	check_list("~/1-3", pid, 1);
	check_list("~//1-3", pid, 1);
	check(OPERAND_THREADS, "%d/", pid, ERR_BADTIDS);
	check(OPERAND_THREADS, "%d/x", pid, ERR_BADTIDS);
	check(OPERAND_THREADS, "%d/1,", pid, ERR_BADTIDS);
	check(OPERAND_THREADS, "/proc/%d/fd", pid, ERR_BADTIDS);
	check(OPERAND_THREADS, "0/1", pid, ERR_NOPROC);
	check(OPERAND_THREADS, "/proc/0/1", pid, ERR_NOPROC);
	check(OPERAND_THREADS, "self/1", pid, ERR_SELF);
	check(OPERAND_THREADS, "%d/1", getpid(), ERR_SELF);
	check(OPERAND_THREADS, "/1", pid, ERR_BADPID);
	check(OPERAND_THREADS, "x/1", pid, ERR_BADPID);
	check(OPERAND_THREADS, "/proc/cpuinfo", pid, ERR_BADPID);
	check(OPERAND_PROC, "%d/1", pid, ERR_BADPID);
	check(OPERAND_PROC, "/proc/%d/1", pid, ERR_BADPID);
}

static void *thread_of(void *arg)
{
	*(volatile pid_t *)arg = gettid();
	pause();
	return NULL;
}

static int threaded(const struct kid_side *k, void *arg)
{
	volatile pid_t tid = 0;
	pthread_t t;

	if (pthread_create(&t, NULL, thread_of, (void *)&tid))
		return 1;
	while (!tid)
		usleep(100);
	if (write(*(int *)arg, (void *)&tid, sizeof(tid)) != sizeof(tid))
		return 1;
	kid_ready(k);
	kid_wait(k);
	return 0;
}

static void test_thread_as_process(void)
{
	pid_t tid = 0;
	struct kid k;
	int q[2];

	if (pipe(q) < 0)
		exit(99);
	k = kid_start(threaded, &q[1]);
	if (read(q[0], &tid, sizeof(tid)) != sizeof(tid))
		exit(99);
	check(OPERAND_PROC, "%d", tid, ERR_BADPID);
	check(OPERAND_PROC, "/proc/%d", tid, ERR_BADPID);
	kid_end(&k);
}

/* As the shell expands it: every entry has an answer, and every process but us is found. */
static void test_glob(void)
{
	unsigned processes = 0, others = 0, wrong = 0, self = 0;
	DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char operand[300];
		struct proc *p;
		int err;

		if (e->d_name[0] == '.')
			continue;
		snprintf(operand, sizeof(operand), "/proc/%s", e->d_name);
		err = operand_open(operand, OPERAND_PROC, NULL, &p);
		if (!err)
			proc_close(p);
		if (e->d_name[0] >= '0' && e->d_name[0] <= '9') {
			processes += !err;
			self += err == ERR_SELF;
			wrong += err && err != ERR_SELF && err != ERR_NOPROC;
		} else {
			others += err == ERR_BADPID;
			self += err == ERR_SELF;
			wrong += err != ERR_BADPID && err != ERR_SELF;
		}
	}
	if (d)
		closedir(d);
	printf("# %u processes, %u others\n", processes, others);
	OK(processes > 1 && others > 5 && self == 2 && wrong == 0, "/proc/*");
}

/* The procfs of another pid namespace numbers its processes otherwise: its 1 is not our 1. */
static int in_new_pid_ns(const struct kid_side *k, void *arg)
{
	pid_t pid;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0 ||
		mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return 77;
	pid = fork();
	if (pid == 0) {
		if (mount("proc", arg, "proc", 0, NULL) < 0)
			return 77;
		kid_ready(k);
		kid_wait(k);
		return 0;
	}
	waitpid(pid, NULL, 0);
	return 0;
}

static void test_other_procfs(void)
{
	char dir[] = "/tmp/t_operand.XXXXXX", path[200];
	struct kid k;

	if (!kid_can_unshare(CLONE_NEWPID | CLONE_NEWNS) || !mkdtemp(dir)) {
		tap_skip("procfs of another pid namespace", "none to be had here");
		return;
	}
	k = kid_start(in_new_pid_ns, dir);
	snprintf(path, sizeof(path), "/proc/%d/root%s/1", k.pid, dir);
	OK(access(path, F_OK) == 0, "another procfs can be seen");
	check(OPERAND_PROC, path, 0, ERR_BADPID);
	snprintf(path, sizeof(path), "/proc/%d/root/proc/%d", k.pid, k.pid);
	check(OPERAND_PROC, path, k.pid, 0);
	kid_end(&k);
	rmdir(dir);
}

int main(void)
{
	struct kid k = kid_start(kid_idle, NULL);
	pid_t pid = k.pid;

	test_anywhere(pid);
	test_in_proc(pid);
	test_false_directory(pid);
	test_lists(pid);
	test_thread_as_process();
	test_glob();
	test_other_procfs();
	kid_end(&k);
	check(OPERAND_PROC, "%d", pid, ERR_NOPROC);
	check(OPERAND_PROC, "/proc/%d", pid, ERR_NOPROC);
	check(OPERAND_THREADS, "%d/1", pid, ERR_NOPROC);
	return tap_end();
}
