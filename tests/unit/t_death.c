/* SPDX-License-Identifier: MIT */
/* A process that exits, is followed by another, or executes while we look. */
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "kids.h"
#include "proc/access.h"
#include "proc/fds.h"
#include "proc/maps.h"
#include "proc/status.h"
#include "proc/threads.h"
#include "tap.h"

static char secret[] = "what only the old program shows";

static int count_map(const struct map *m, void *arg)
{
	*(unsigned *)arg += m->end > m->start;
	return 0;
}

/* Every function on a handle whose process is gone and reaped. */
static void check_all_gone(struct proc *p, pid_t pid, const char *who)
{
	struct fd_view v;
	struct fds f = {0};
	struct threads t = {0};
	struct thread_place place;
	struct buf b = {0};
	struct status s;
	uint64_t a, c;
	unsigned maps = 0;
	char mem[8];

	IS(proc_check(p), ERR_GONE, "%s: check", who);
	IS(proc_read_file(p, "status", 100, &b), ERR_GONE, "%s: file", who);
	IS(proc_read_link(p, "exe", &b), ERR_GONE, "%s: link", who);
	IS(proc_read_mem(p, (uintptr_t)mem, mem, sizeof(mem)), ERR_GONE, "%s: memory", who);
	IS(proc_cmdline(p, 100, &b), ERR_GONE, "%s: command line", who);
	IS(status_read(p, 0, &s), ERR_GONE, "%s: status", who);
	IS(status_read(p, pid, &s), ERR_GONE, "%s: thread status", who);
	IS(limits_nofile(p, &a, &c), ERR_GONE, "%s: limits", who);
	IS(threads_list(p, &t), ERR_GONE, "%s: threads", who);
	IS(thread_place(p, pid, &place), ERR_GONE, "%s: place", who);
	IS(thread_state(p, pid), '?', "%s: thread state", who);
	IS(maps_each(p, count_map, &maps), ERR_GONE, "%s: maps", who);
	IS(fds_list(p, &f), ERR_GONE, "%s: descriptors", who);
	IS(fd_view_open(p, &v), ERR_GONE, "%s: view", who);
	fd_view_close(&v);
	IS(access_check(p), ERR_GONE, "%s: access", who);
	IS(b.len + f.n + t.n + maps, 0, "%s: nothing was read", who);
	proc_explain(p, ERR_GONE, &b);
	IS_STR(buf_cstr(&b), "process has exited", "%s: words", who);
	buf_free(&b);
	fds_free(&f);
	threads_free(&t);
}

static void check_view_gone(const struct fd_view *v)
{
	struct fdinfo info = {0};
	struct buf b = {0};
	struct statx st;

	IS(fd_view_link(v, 0, &b), ERR_GONE, "an open view: link");
	IS(fd_view_info(v, 0, &info), ERR_GONE, "an open view: info");
	IS(fd_view_stat(v, 0, &st), ERR_GONE, "an open view: stat");
	buf_free(&b);
	fdinfo_free(&info);
}

static void test_exit_while_looking(void)
{
	struct kid k = kid_start(kid_idle, NULL);
	struct proc *p = open_or_die(k.pid), *again;
	struct fd_view v;

	IS(fd_view_open(p, &v), 0, "a view of a living process");
	kid_kill(&k);
	check_view_gone(&v);
	kid_end(&k);
	check_view_gone(&v);
	fd_view_close(&v);
	check_all_gone(p, k.pid, "reaped");
	IS(proc_open(k.pid, &again), ERR_NOPROC, "cannot be opened any more");
	OK(!again, "and gives no handle");
	proc_close(p);
}

/* A process that gets the pid it is told. */
static pid_t fork_as(pid_t pid)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static void test_recycled(void)
{
	struct kid k = kid_start(kid_idle, NULL);
	struct proc *p = open_or_die(k.pid), *fresh;
	pid_t twin;

	kid_kill(&k);
	kid_end(&k);
	fflush(stdout);
	twin = fork_as(k.pid);
	if (twin == 0) {
		pause();
		_exit(0);
	}
	if (twin < 0) {
		tap_skip("recycled pid", strerror(errno));
		proc_close(p);
		return;
	}
	IS(twin, k.pid, "another process has the pid");
	check_all_gone(p, k.pid, "recycled");
	if (OK(proc_open(twin, &fresh) == 0, "the new one can be opened")) {
		IS(proc_check(fresh), 0, "and lives");
		OK(proc_start_time(fresh) >= proc_start_time(p), "and started later");
		proc_close(fresh);
	}
	kill(twin, SIGKILL);
	waitpid(twin, NULL, 0);
	proc_close(p);
}

/* Shows "before", then becomes another program at the first word. */
static int executor(const struct kid_side *k, void *arg)
{
	(void)arg;
	kid_ready(k);
	kid_wait(k);
	execl("/bin/sleep", "sleep", "1000", (char *)NULL);
	return 1;
}

static void test_exec(void)
{
	struct kid k = kid_start(executor, NULL);
	struct proc *p = open_or_die(k.pid);
	uint64_t start = proc_start_time(p);
	struct buf b = {0};
	char mem[sizeof(secret)];

	OK(proc_read_mem(p, (uintptr_t)secret, mem, sizeof(mem)) == 0, "memory of the old program");
	close(k.say);
	for (int i = 0; i < 2000 && strcmp(buf_cstr(&b), "sleep 1000") != 0; i++) {
		usleep(1000);
		buf_clear(&b);
		if (proc_cmdline(p, 100, &b))
			break;
	}
	IS_STR(buf_cstr(&b), "sleep 1000", "after exec the command line is the new one");
	IS(proc_check(p), 0, "the handle is still good");
	IS(proc_start_time(p), start, "and its start time");
	OK(proc_read_mem(p, (uintptr_t)secret, mem, sizeof(mem)) == -EFAULT ||
			strcmp(mem, secret) != 0,
		"the old memory is gone");
	kill(k.pid, SIGKILL);
	kid_end(&k);
	buf_free(&b);
	proc_close(p);
}

/* Each round a thread that is not the first executes this program again: the hardest kind of exec.
 */
#define STORM "--exec-storm"

static void *exec_again(void *arg)
{
	const char *left = arg;
	char next[16];

	snprintf(next, sizeof(next), "%d", atoi(left) - 1);
	execl("/proc/self/exe", "t_death", STORM, next, (char *)NULL);
	_exit(1);
}

static int storm(char *left)
{
	pthread_t t;

	if (atoi(left) == 0)
		return 42;
	if (pthread_create(&t, NULL, exec_again, left))
		return 1;
	pause();
	return 1;
}

static int begin_storm(const struct kid_side *k, void *arg)
{
	dup2(k->go, 200);
	kid_ready(k);
	return storm(arg);
}

static int begin_one(const struct kid_side *k, void *arg)
{
	dup2(k->go, 200);
	kid_ready(k);
	kid_wait(k);
	return storm(arg);
}

static bool has_fd(const struct fds *f, int fd)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->fd[i] == fd)
			return true;
	}
	return false;
}

/* Each look: 0, ERR_GONE, or -1 for an answer that was never true. */
static int look_fds(const struct proc *p)
{
	struct fdinfo info = {0};
	struct fds f = {0};
	struct fd_view v;
	int err = fds_list(p, &f);

	if (!err && !has_fd(&f, 200))
		err = -1;
	fds_free(&f);
	if (err)
		return err;
	err = fd_view_open(p, &v);
	if (!err)
		err = fd_view_info(&v, 200, &info);
	fd_view_close(&v);
	fdinfo_free(&info);
	return err;
}

static int look_maps(const struct proc *p)
{
	unsigned maps = 0;
	int err = maps_each(p, count_map, &maps);

	/* A program that is just being set up has a stack, if nothing else. */
	return !err && maps < 1 ? -1 : err;
}

static int look_cmdline(const struct proc *p)
{
	struct buf b = {0};
	int err = proc_cmdline(p, 4096, &b);

	/* A process that has exited still has a name; a program being set up has no arguments yet. */
	if (!err && strstr(buf_cstr(&b), "<defunct>")) {
		usleep(20000); /* it may be dying and not yet dead */
		err = proc_check(p) ? ERR_GONE : -1;
	} else if (!err && !strstr(buf_cstr(&b), "t_death") && buf_cstr(&b)[0] != '[')
		err = -1;
	if (err == -1)
		printf("# <%s>\n", buf_cstr(&b));
	buf_free(&b);
	return err;
}

static void check_storm(int (*look)(const struct proc *p), const char *what)
{
	char rounds[] = "200";
	struct kid k = kid_start(begin_storm, rounds);
	struct proc *p = open_or_die(k.pid);
	unsigned looks = 0;
	int err = 0;

	for (; !err; looks++)
		err = look(p);
	printf("# %u looks\n", looks);
	OK(looks > 20, "while threads execute one another away, there is something to see");
	IS(err, ERR_GONE, "each look at its %s is whole or at the dead", what);
	IS(kid_end(&k), 42 << 8, "when all had executed");
	proc_close(p);
}

/* The first program that a forked process executes, by a thread: the layout does not tell the two apart. */
static void test_first_exec(int (*look)(const struct proc *p), const char *what)
{
	int wrong = 0;

	for (int i = 0; i < 50; i++) {
		char rounds[] = "1";
		struct kid k = kid_start(begin_one, rounds);
		struct proc *p = open_or_die(k.pid);
		int err = write(k.say, "g", 1) == 1 ? 0 : -errno;

		while (!err)
			err = look(p);
		wrong += err != ERR_GONE;
		kid_end(&k);
		proc_close(p);
	}
	IS(wrong, 0,
		"each look at its %s is right while a forked process executes its first program",
		what);
}

static void test_exec_storm(void)
{
	test_first_exec(look_fds, "descriptors");
	test_first_exec(look_maps, "maps");
	test_first_exec(look_cmdline, "command line");
	check_storm(look_fds, "descriptors");
	check_storm(look_maps, "maps");
	check_storm(look_cmdline, "command line");
}

/* Opened, listed and dead at any moment: each answer is whole or an error, never a short list. */
#define MANY_FDS 900

static int many_fds(const struct kid_side *k, void *arg)
{
	(void)arg;
	for (int fd = 10; fd < 10 + MANY_FDS; fd++)
		dup2(k->ready, fd);
	kid_ready(k);
	kid_wait(k);
	return 0;
}

static unsigned microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned)(t.tv_sec * 1000000 + t.tv_nsec / 1000);
}

struct killing {
	pid_t pid;
	unsigned after_us;
};

static void *kill_later(void *arg)
{
	const struct killing *k = arg;

	usleep(k->after_us);
	kill(k->pid, SIGKILL);
	return NULL;
}

static void test_death_race(void)
{
	unsigned whole = 0, gone = 0, wrong = 0;

	for (int round = 0; round < 60; round++) {
		struct kid k = kid_start(many_fds, NULL);
		struct proc *p = open_or_die(k.pid);
		unsigned before = microseconds();
		struct fds f = {0};
		int err = fds_list(p, &f);
		/* At any point of three lists of this length. */
		unsigned took = microseconds() - before;
		struct killing killing = {k.pid, took * 3 * (unsigned)round / 60};
		pthread_t killer;

		if (err || pthread_create(&killer, NULL, kill_later, &killing))
			exit(99);
		while (!err) {
			err = fds_list(p, &f);
			if (!err && f.n >= MANY_FDS)
				whole++;
			else if (err == ERR_GONE)
				gone++;
			else
				wrong++;
		}
		pthread_join(killer, NULL);
		fds_free(&f);
		proc_close(p);
		kid_end(&k);
	}
	printf("# %u whole, %u gone, %u wrong\n", whole, gone, wrong);
	OK(gone == 60 && whole >= 10 && !wrong,
		"a dying process never shows a part of its descriptors");
}

/* From here on, as before Linux 5.3. */
static bool lose_pidfd(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {4, filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void test_without_pidfd(void)
{
	struct proc *p = open_or_die(getppid()), *thread;
	struct status s;

	IS(proc_pidfd(p), -1, "without pidfd");
	IS(proc_check(p), 0, "a process is known to live");
	OK(status_read(p, 0, &s) == 0 && s.tgid == getppid(), "and can be read");
	IS(proc_open(0x7fffffff, &thread), ERR_NOPROC, "who is not there");
	proc_close(p);
	test_exit_while_looking();
	test_recycled();
	test_exec();
	test_exec_storm();
	test_death_race();
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], STORM) == 0)
		return storm(argv[2]);
	test_exit_while_looking();
	test_recycled();
	test_exec();
	test_exec_storm();
	test_death_race();
	if (!lose_pidfd())
		tap_skip("the same without pidfd", "no seccomp filters here");
	else
		test_without_pidfd();
	return tap_end();
}
