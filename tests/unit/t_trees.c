/* SPDX-License-Identifier: MIT */
/* Recorded processes: old kernels, hostile, torn and missing text. Runs in the root of the
 * repository. */
#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/escape.h"
#include "proc/access.h"
#include "proc/fds.h"
#include "proc/maps.h"
#include "proc/status.h"
#include "proc/threads.h"
#include "tap.h"

#define TREES "tests/trees/"

static struct proc *open_or_die(const char *root, pid_t pid)
{
	struct proc *p;
	int err = proc_open_dir(root, pid, &p);

	if (err) {
		printf("Bail out! %s/%d: %s\n", root, pid, err_str(err));
		exit(99);
	}
	return p;
}

static struct fd_view view_or_die(const struct proc *p)
{
	struct fd_view v;
	int err = fd_view_open(p, &v);

	if (err) {
		printf("Bail out! fd_view_open: %s\n", err_str(err));
		exit(99);
	}
	return v;
}

struct mapped {
	unsigned n, exec;
	uint64_t vsyscall;
	char last[200];
};

static int note_map(const struct map *m, void *arg)
{
	struct mapped *to = arg;

	to->n++;
	to->exec += m->exec;
	if (strcmp(m->name, "[vsyscall]") == 0)
		to->vsyscall = m->start;
	snprintf(to->last, sizeof(to->last), "%s", m->name);
	return 0;
}

static int stop_at_second(const struct map *m, void *arg)
{
	(void)m;
	return ++*(int *)arg == 2 ? 77 : 0;
}

static void check_cmdline(const struct proc *p, const char *want)
{
	struct buf b = {0};

	IS(proc_cmdline(p, 4096, &b), 0, "command line");
	IS_STR(buf_cstr(&b), want, "as it should be");
	buf_free(&b);
}

/* What both kernels show. */
static void check_shop(const struct proc *p)
{
	struct mapped maps = {0};
	struct threads t = {0};
	struct thread_place place;
	struct status s;
	uint64_t soft, hard;
	int seen = 0;

	OK(!proc_is_live(p) && proc_pidfd(p) == -1 && proc_pid(p) == 4242, "a recording");
	IS(proc_check(p), 0, "never dies");
	IS(proc_start_time(p), 386715, "start time");
	check_cmdline(p, "python3 shop.py --port 80 two words");
	OK(status_read(p, 0, &s) == 0 && !strcmp(s.name, "shop") && s.state == 'S' &&
			s.tgid == 4242 && s.ppid == 4200 && s.threads == 2 && s.seccomp == 0 &&
			s.has_mm && !s.kthread && !s.core_dumping && s.sig_ignored == 0x1001006,
		"status");
	OK(status_read(p, 4243, &s) == 0 && s.pid == 4243, "status of a thread");
	IS(status_read(p, 1, &s), ERR_NOTHREAD, "no such thread");
	OK(limits_nofile(p, &soft, &hard) == 0 && soft == 20000 && hard == 20000, "limits");
	OK(threads_list(p, &t) == 0 && t.n == 2 && t.tid[0] == 4242 && t.tid[1] == 4243, "threads");
	OK(thread_place(p, 4243, &place) == 0 && place.nr == 34 && place.sp == 0x7faf7a44ba30,
		"where one sleeps");
	OK(thread_state(p, 4243) == 'S', "its state");
	OK(maps_each(p, note_map, &maps) == 0 && maps.n > 40 && maps.exec > 5, "maps");
	OK(maps.vsyscall == 0xffffffffff600000 || !maps.vsyscall, "up to the last");
	IS(maps_each(p, stop_at_second, &seen), 77, "the callback ends the walk");
	IS(access_check(p), 0, "may be looked at");
	threads_free(&t);
}

static void check_shop_files(const struct proc *p, bool has_ino)
{
	struct fd_view v = view_or_die(p);
	struct fdinfo i = {0};
	struct fds f = {0};
	struct buf b = {0};
	struct statx st;
	bool ascending = true;

	OK(fds_list(p, &f) == 0 && f.n == 21, "21 descriptors");
	for (size_t n = 0; n < f.n; n++)
		ascending = ascending && f.fd[n] == (int)n;
	OK(ascending, "in ascending order, whatever the file system's order is");
	OK(fd_view_link(&v, 8, &b) == 0 &&
			!strcmp(buf_cstr(&b),
				"/tmp/sample/Gr\xc3\xbc\xc3\x9f"
				"e"),
		"a link");
	OK(fd_view_info(&v, 3, &i) == 0 && i.pos == 64 && i.flags == 02100002 && i.mnt_id == 27,
		"info");
	IS(i.ino, has_ino ? 10969179 : 0, "ino");
	OK(i.nlocks == 1 && i.lock[0].kind == FD_LOCK_POSIX && i.lock[0].pid == 4242 &&
			i.lock[0].start == 10 && i.lock[0].end == 29,
		"its lock");
	OK(fd_view_info(&v, 6, &i) == 0 && i.nlocks == 1 && i.lock[0].kind == FD_LOCK_LEASE,
		"lease");
	OK(fd_view_info(&v, 15, &i) == 0 && strstr(buf_cstr(&i.text), "tfd:       13"), "epoll");
	/* The link says /dev/null; the recording must not be taken for the file of this machine. */
	IS(fd_view_stat(&v, 0, &st), ERR_NOTSUP, "no stat");
	IS(fd_view_link(&v, 99, &b), -ENOENT, "no such descriptor");
	IS(fd_view_info(&v, 99, &i), -ENOENT, "no such info");
	fd_view_close(&v);
	fds_free(&f);
	fdinfo_free(&i);
	buf_free(&b);
}

static void test_kernels(void)
{
	struct proc *p = open_or_die(TREES "linux-6.18", 4242);
	char mem[64] = "";

	check_shop(p);
	check_shop_files(p, true);
	IS(proc_read_mem(p, 0x0dc83000 + 4, mem, 11), 0, "recorded memory");
	OK(memcmp(mem, "quick brown", 11) == 0, "its bytes");
	IS(proc_read_mem(p, 0x0dc83000 + 60, mem, 10), -EFAULT, "all or nothing");
	proc_close(p);
	p = open_or_die(TREES "linux-5.4", 4242);
	check_shop(p);
	check_shop_files(p, false);
	IS(proc_read_mem(p, 0x0dc83000, mem, 1), -EFAULT, "none recorded");
	proc_close(p);
}

static void test_old_kernel_thread(void)
{
	struct proc *p = open_or_die(TREES "linux-5.4", 2);
	struct mapped maps = {0};
	struct fds f = {0};
	struct status s;

	OK(status_read(p, 0, &s) == 0 && s.kthread && !s.has_mm, "a kernel thread of old");
	OK(status_read(p, 2, &s) == 0 && s.kthread, "and as its thread");
	IS(access_check(p), ERR_KTHREAD, "is known as one");
	check_cmdline(p, "[kthreadd]");
	OK(fds_list(p, &f) == 0 && f.n == 0, "no descriptors");
	OK(maps_each(p, note_map, &maps) == 0 && maps.n == 0, "no maps");
	proc_close(p);
	fds_free(&f);
}

static void test_hostile_process(void)
{
	struct proc *p = open_or_die(TREES "hostile", 666), *none;
	struct mapped maps = {0};
	struct threads t = {0};
	struct thread_place place;
	struct status s;
	uint64_t soft, hard;
	char mem[32];

	OK(status_read(p, 0, &s) == 0 && s.state == 'S' && s.tgid == 666,
		"a name cannot forge fields");
	IS_STR(s.name, "x\nState:\tR\nTgid:\t1\n", "it is a name");
	IS(proc_start_time(p), 999, "nor can one with a parenthesis");
	check_cmdline(p, "/bin/sh -c \033[2Jrm -rf /\n \xe2\x80\xaegpj.exe \xff\xfe");
	OK(limits_nofile(p, &soft, &hard) == 0 && soft == UINT64_MAX && hard == UINT64_MAX,
		"limits");
	OK(maps_each(p, note_map, &maps) == 0 && maps.n == 3, "maps");
	OK(threads_list(p, &t) == 0 && t.n == 2 && t.tid[1] == 667, "only numbers are threads");
	IS(thread_state(p, 666), '?', "a stat without a name");
	IS(thread_state(p, 667), 'Q', "a state we do not know");
	IS(thread_place(p, 666, &place), ERR_FORMAT, "a torn place");
	IS(thread_place(p, 667, &place), ERR_FORMAT, "words for a place");
	OK(proc_read_mem(p, 0x1008, mem, 16) == 0 && !memcmp(mem, "AAAAAAAABBBBBBBB", 16),
		"memory out of two pieces");
	IS(proc_read_mem(p, 0x1010, mem, 17), -EFAULT, "and not beyond");
	IS(proc_open_dir(TREES "hostile", 667, &none), ERR_NOPROC, "who is not there");
	threads_free(&t);
	proc_close(p);
}

static void test_hostile_files(void)
{
	struct proc *p = open_or_die(TREES "hostile", 666);
	struct fd_view v = view_or_die(p);
	struct fdinfo i = {0};
	struct fds f = {0};
	struct buf b = {0}, shown = {0};

	OK(fds_list(p, &f) == 0 && f.n == 6 && f.fd[5] == 10, "only numbers are descriptors");
	IS(fd_view_link(&v, 3, &b), 0, "a link with controls");
	escape_add(&shown, b.data, b.len);
	IS_STR(buf_cstr(&shown), "/tmp/\\x1b]0;owned\\x07\\n  4: S_IFSOCK", "is shown without");
	buf_clear(&b);
	OK(fd_view_link(&v, 6, &b) == 0 && b.len == 3001, "a long one is whole");
	OK(fd_view_info(&v, 3, &i) == 0 && i.flags == UINT64_MAX && i.ino == UINT64_MAX &&
			i.mnt_id == -1,
		"the largest numbers");
	OK(i.nlocks == 4 && i.lock[0].pid == INT32_MIN && i.lock[1].kind == FD_LOCK_OTHER &&
			!strcmp(i.lock[1].word, "MAYBE") && i.lock[2].blocked &&
			i.lock[3].kind == FD_LOCK_OTHER && !strcmp(i.lock[3].word, "?"),
		"odd locks are still locks");
	OK(fd_view_info(&v, 4, &i) == 0 && i.pos == 0 && i.nlocks == 0,
		"a name cannot forge a lock");
	IS(fd_view_info(&v, 5, &i), ERR_FORMAT, "too large a number");
	IS(fd_view_info(&v, 6, &i), ERR_FORMAT, "not octal");
	IS(fd_view_info(&v, 7, &i), ERR_FORMAT, "zeroes");
	IS(fd_view_info(&v, 10, &i), ERR_FORMAT, "nothing");
	fd_view_close(&v);
	fds_free(&f);
	fdinfo_free(&i);
	buf_free(&b);
	buf_free(&shown);
	proc_close(p);
}

static void test_truncated(void)
{
	struct proc *p = open_or_die(TREES "truncated", 4242);
	struct fd_view v = view_or_die(p);
	struct mapped maps = {0};
	struct thread_place place;
	struct fdinfo i = {0};
	struct status s;
	uint64_t soft, hard;

	OK(status_read(p, 0, &s) == 0 && s.tgid == 4242 && s.ppid == 0 && s.threads == 0,
		"whole lines count, the torn one does not");
	IS(proc_start_time(p), 0, "no start time");
	IS(limits_nofile(p, &soft, &hard), ERR_FORMAT, "a torn limit is none");
	IS(maps_each(p, note_map, &maps), ERR_FORMAT, "torn maps");
	IS(maps.n, 1, "after the whole ones");
	IS(thread_place(p, 4243, &place), ERR_FORMAT, "a torn place");
	check_cmdline(p, "python3 shop.py --po");
	IS(fd_view_info(&v, 3, &i), ERR_FORMAT, "torn flags");
	OK(fd_view_info(&v, 4, &i) == 0 && i.nlocks == 0, "a torn lock is none");
	fd_view_close(&v);
	fdinfo_free(&i);
	proc_close(p);
}

static void test_absent(void)
{
	struct proc *p = open_or_die(TREES "absent", 7);
	struct mapped maps = {0};
	struct threads t = {0};
	struct fd_view v;
	struct fds f = {0};
	struct buf b = {0};
	struct status s;
	uint64_t soft, hard;

	OK(status_read(p, 0, &s) == 0 && !strcmp(s.name, "ghost") && s.uid[0] == (uid_t)-1 &&
			s.seccomp == -1 && !s.kthread && !s.has_mm,
		"a short status");
	IS(access_check(p), 0, "is no reason to refuse");
	IS(limits_nofile(p, &soft, &hard), -ENOENT, "no limits");
	IS(maps_each(p, note_map, &maps), -ENOENT, "no maps");
	IS(threads_list(p, &t), -ENOENT, "no threads");
	IS(proc_cmdline(p, 100, &b), -ENOENT, "no command line");
	OK(fds_list(p, &f) == 0 && f.n == 1, "a descriptor");
	IS(fd_view_open(p, &v), -ENOENT, "without info");
	fd_view_close(&v);
	fds_free(&f);
	proc_close(p);
}

static void write_file(const char *path, const char *unit, size_t times, const char *end)
{
	FILE *f = fopen(path, "we");

	if (!f)
		exit(99);
	for (size_t i = 0; i < times; i++)
		fputs(unit, f);
	fputs(end, f);
	fclose(f);
}

/* Too large to keep in the repository. */
static void test_huge(void)
{
	char dir[] = "/tmp/t_trees.XXXXXX", path[100];
	struct mapped maps = {0};
	struct buf b = {0};
	struct status s;
	uint64_t soft, hard;
	struct proc *p;

	if (!mkdtemp(dir) || chdir(dir) < 0 || mkdir("9", 0700) < 0)
		exit(99);
	write_file("9/status", "Groups:\t1 2 3\n", 100000, "");
	write_file("9/limits", "Max open files\t", 100000, "\n");
	write_file("9/maps", "1000-2000 r--p 00000000 00:00 0 /lib/a\n", 70000, "");
	write_file("9/cmdline", "argument ", 1000000, "");
	p = open_or_die(dir, 9);
	IS(status_read(p, 0, &s), ERR_TOOBIG, "1.4 MB of status");
	IS(limits_nofile(p, &soft, &hard), ERR_TOOBIG, "1.5 MB of limits");
	OK(maps_each(p, note_map, &maps) == 0 && maps.n == 70000, "70,000 maps are possible");
	OK(proc_cmdline(p, 1000, &b) == 0 && b.len <= 1000 && b.len > 990,
		"9 MB of arguments, cut");
	buf_clear(&b);
	IS(proc_read_file(p, "cmdline", 1000, &b), ERR_TOOBIG, "a file cut where we say");
	IS(b.len, 1000, "has so much");
	buf_clear(&b);
	IS(proc_read_file(p, "cmdline", 9000000, &b), 0, "a file that just fits");
	IS(b.len, 9000000, "is whole");
	buf_clear(&b);
	IS(proc_read_file(p, "cmdline", 0, &b), ERR_TOOBIG, "no byte wanted");
	write_file("9/maps", "x", 3000000, "\n");
	IS(maps_each(p, note_map, &maps), ERR_TOOBIG, "a line of 3 MB");
	write_file("9/maps", "\n", 3, "");
	IS(maps_each(p, note_map, &maps), ERR_FORMAT, "empty lines");
	proc_close(p);
	snprintf(path, sizeof(path), "rm -rf %s", dir);
	OK(chdir("/") == 0 && system(path) == 0, "cleaned up");
	buf_free(&b);
}

int main(void)
{
	test_kernels();
	test_old_kernel_thread();
	test_hostile_process();
	test_hostile_files();
	test_truncated();
	test_absent();
	test_huge();
	return tap_end();
}
