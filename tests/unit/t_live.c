/* SPDX-License-Identifier: MIT */
/* Processes in every condition: alive, zombie, half dead, of the kernel, and numbers of none. */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "base/err.h"
#include "kids.h"
#include "proc/access.h"
#include "proc/fds.h"
#include "proc/maps.h"
#include "proc/status.h"
#include "proc/threads.h"
#include "tap.h"

static int count_map(const struct map *m, void *arg)
{
	*(unsigned *)arg += m->end > m->start;
	return 0;
}

static void test_alive(void)
{
	struct kid k = kid_start(kid_idle, NULL);
	struct proc *p = open_or_die(k.pid);
	uint64_t soft, hard;
	struct status s;
	unsigned maps = 0;

	IS(proc_pid(p), k.pid, "its pid");
	OK(proc_is_live(p) && proc_dirfd(p) >= 0 && proc_pidfd(p) >= 0, "is live");
	OK(fcntl(proc_dirfd(p), F_GETFD) == FD_CLOEXEC &&
			fcntl(proc_pidfd(p), F_GETFD) == FD_CLOEXEC,
		"its descriptors are not inherited");
	IS(proc_check(p), 0, "lives");
	IS(access_check(p), 0, "may be looked at");
	OK(proc_start_time(p) > 0, "has a start time");
	IS(status_read(p, 0, &s), 0, "has a status");
	OK(s.ppid == getpid() && s.threads == 1 && s.has_mm && !s.kthread && s.uid[1] == geteuid(),
		"which is its own");
	IS(limits_nofile(p, &soft, &hard), 0, "has limits");
	IS(maps_each(p, count_map, &maps), 0, "has maps");
	OK(maps > 5, "several");
	for (int i = 0; i < 2000 && thread_state(p, k.pid) != 'S'; i++)
		usleep(1000);
	OK(thread_state(p, k.pid) == 'S', "sleeps");
	IS(thread_state(p, 1), '?', "has no thread 1");
	IS(status_read(p, 1, &s), ERR_NOTHREAD, "nor a status of it");
	kid_end(&k);
	IS(proc_check(p), ERR_GONE, "is gone at last");
	proc_close(p);
	proc_close(NULL);
}

static void test_limits(void)
{
	struct kid k = kid_start(kid_idle, NULL);
	struct proc *p = open_or_die(k.pid);
	struct {
		uint64_t soft, hard;
	} want = {123, 4567}, unlimited = {UINT64_MAX, UINT64_MAX};
	uint64_t soft = 0, hard = 0;

	if (syscall(SYS_prlimit64, k.pid, 7 /* RLIMIT_NOFILE */, &want, NULL) < 0)
		tap_skip("limit of descriptors", strerror(errno));
	else
		OK(limits_nofile(p, &soft, &hard) == 0 && soft == 123 && hard == 4567,
			"the limit of descriptors as it was set");
	/* The kernel never lets this limit be unlimited, so only the parser can meet the word. */
	OK(syscall(SYS_prlimit64, k.pid, 7, &unlimited, NULL) < 0, "cannot be unlimited");
	kid_end(&k);
	IS(limits_nofile(p, &soft, &hard), ERR_GONE, "limits of the dead");
	proc_close(p);
}

static void check_cmdline(struct proc *p, const char *want, const char *what)
{
	struct buf b = {0};
	int err = proc_cmdline(p, 4096, &b);

	IS(err, 0, "%s: command line", what);
	IS_STR(buf_cstr(&b), want, "%s: command line", what);
	buf_free(&b);
}

static void test_zombie(void)
{
	struct kid k = kid_start(kid_idle, NULL);
	struct proc *p, *later;
	struct fds f = {0};
	struct status s;
	unsigned maps = 0;
	char mem[8];

	p = open_or_die(k.pid);
	kid_kill(&k);
	later = open_or_die(k.pid);
	IS(proc_check(p), ERR_GONE, "a zombie has exited");
	IS(access_check(p), ERR_ZOMBIE, "is a zombie");
	IS(access_check(later), ERR_ZOMBIE, "also for who comes late");
	OK(status_read(p, 0, &s) == 0 && s.state == 'Z' && !s.has_mm, "its status can be read");
	check_cmdline(p, "t_live <defunct>", "a zombie");
	IS(fds_list(p, &f), ERR_GONE, "has no descriptors");
	IS(maps_each(p, count_map, &maps), ERR_GONE, "no maps");
	IS(proc_read_mem(p, (uintptr_t)mem, mem, 8), ERR_GONE, "no memory");
	fds_free(&f);
	proc_close(p);
	proc_close(later);
	kid_end(&k);
}

static char secret[] = "what only a living thread can show";

static void *outlive(void *arg)
{
	const struct kid_side *k = arg;

	/* Until the leader is a zombie. */
	for (;;) {
		char line[64] = "", *paren;
		int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, line, sizeof(line) - 1);

		close(fd);
		paren = n > 0 ? strrchr(line, ')') : NULL;
		if (paren && paren[2] == 'Z')
			break;
		usleep(1000);
	}
	kid_ready(k);
	kid_wait(k);
	_exit(7);
}

static int half_dead(const struct kid_side *k, void *arg)
{
	pthread_t t;

	(void)arg;
	if (pthread_create(&t, NULL, outlive, (void *)(uintptr_t)k))
		return 1;
	syscall(SYS_exit, 0);
	return 1;
}

static void test_dead_leader(void)
{
	struct kid k = kid_start(half_dead, NULL);
	struct proc *p = open_or_die(k.pid);
	struct fds f = {0}, own = {0};
	struct threads t = {0};
	char mem[sizeof(secret)];
	struct status s;
	struct fd_view v;
	struct buf b = {0};
	unsigned maps = 0;

	OK(status_read(p, 0, &s) == 0 && s.state == 'Z' && s.threads == 2,
		"the leader is a zombie");
	IS(proc_check(p), 0, "the process lives");
	IS(access_check(p), 0, "and may be looked at");
	OK(threads_list(p, &t) == 0 && t.n == 2, "two threads are listed");
	OK(proc_cmdline(p, 4096, &b) == 0 && strstr(buf_cstr(&b), "t_live"), "its command line");
	OK(fds_list(p, &f) == 0 && f.n >= 5, "its descriptors");
	IS(fd_view_open(p, &v), 0, "a view of them");
	buf_clear(&b);
	OK(fd_view_link(&v, 1, &b) == 0 && b.len, "which shows them");
	OK(maps_each(p, count_map, &maps) == 0 && maps > 5, "its maps");
	OK(proc_read_mem(p, (uintptr_t)secret, mem, sizeof(mem)) == 0 && !strcmp(mem, secret),
		"its memory");
	fd_view_close(&v);
	OK(kid_end(&k) == 7 << 8, "it ended unharmed");
	IS(proc_check(p), ERR_GONE, "and then it is gone");
	IS(fds_list(p, &f), ERR_GONE, "with its descriptors");
	proc_close(p);
	fds_free(&f);
	fds_free(&own);
	threads_free(&t);
	buf_free(&b);
}

static void test_kernel_thread(void)
{
	struct proc *p;
	struct fds f = {0};
	struct buf b = {0};
	unsigned maps = 0;
	char mem[8];

	proc_comm_of(2, &b);
	if (strcmp(buf_cstr(&b), "kthreadd") != 0 || proc_open(2, &p)) {
		tap_skip("kernel thread", "pid 2 is not kthreadd");
		buf_free(&b);
		return;
	}
	IS(access_check(p), ERR_KTHREAD, "a kernel thread");
	check_cmdline(p, "[kthreadd]", "a kernel thread");
	OK(fds_list(p, &f) == 0 || geteuid(), "its descriptors");
	IS(f.n, 0, "are none");
	OK(maps_each(p, count_map, &maps) == 0 || geteuid(), "its maps");
	IS(maps, 0, "are none");
	OK(proc_read_mem(p, (uintptr_t)mem, mem, 8) < 0, "its memory cannot be read");
	buf_clear(&b);
	proc_explain(p, ERR_KTHREAD, &b);
	IS_STR(buf_cstr(&b), "system process", "in the original's words");
	buf_free(&b);
	fds_free(&f);
	proc_close(p);
}

/* The leader of a group dies first: the number lives on, but as that of no process. */
static void test_group_number(void)
{
	struct kid k = kid_start(kid_idle, NULL), member = kid_start(kid_idle, NULL);
	struct proc *p;

	setpgid(k.pid, k.pid);
	setpgid(member.pid, k.pid);
	kid_kill(&k);
	kid_end(&k);
	OK(getpgid(member.pid) == k.pid, "a group outlives its leader");
	IS(proc_open(k.pid, &p), ERR_NOPROC, "its number is no process");
	kid_end(&member);
}

static void *thread_of(void *arg)
{
	*(pid_t *)arg = gettid();
	pause();
	return NULL;
}

static void test_not_a_leader(void)
{
	volatile pid_t tid = 0;
	struct proc *p;
	pthread_t t;

	pthread_create(&t, NULL, thread_of, (void *)(uintptr_t)&tid);
	while (!tid)
		usleep(100);
	IS(proc_open(tid, &p), ERR_NOTHREAD, "a thread is no process");
	IS(proc_open(0, &p), ERR_NOPROC, "nor is 0");
	IS(proc_open(-1, &p), ERR_NOPROC, "nor -1");
	IS(proc_open(0x7fffffff, &p), ERR_NOPROC, "nor the largest number");
	pthread_cancel(t);
	pthread_join(t, NULL);
}

int main(void)
{
	test_alive();
	test_limits();
	test_zombie();
	test_dead_leader();
	test_kernel_thread();
	test_group_number();
	test_not_a_leader();
	return tap_end();
}
