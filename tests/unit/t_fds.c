/* SPDX-License-Identifier: MIT */
/* Descriptors of real processes: lists, links, fdinfo with real locks, stat. */
#include <fcntl.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/err.h"
#include "kids.h"
#include "proc/fds.h"
#include "tap.h"

static char dir[] = "/tmp/t_fds.XXXXXX";

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

static int sparse_number(int i)
{
	return 10 + i * 6;
}

#define SPARSE 3000

/* Nothing that it inherited: 0 to 2, the sparse ones, and two for talking to us. */
static int sparse(const struct kid_side *k, void *arg)
{
	struct rlimit l = {20000, 20000};
	struct kid_side high;

	(void)arg;
	if (setrlimit(RLIMIT_NOFILE, &l) < 0)
		return 1;
	high.ready = fcntl(k->ready, F_DUPFD, 19000);
	high.go = fcntl(k->go, F_DUPFD, 19000);
	close_range(3, 18999, 0);
	close_range(19002, ~0u, 0);
	for (int i = 0; i < SPARSE; i++) {
		if (dup2(high.go, sparse_number(i)) < 0)
			return 1;
	}
	kid_ready(&high);
	kid_wait(&high);
	return 0;
}

static void test_sparse(void)
{
	struct kid k = kid_start(sparse, NULL);
	struct proc *p = open_or_die(k.pid);
	struct fds f = {0};
	bool good = true;

	for (int again = 0; again < 2; again++) {
		IS(fds_list(p, &f), 0, "3,000 sparse descriptors");
		IS(f.n, SPARSE + 5, "are all there, and nothing else");
		for (int i = 0; i < SPARSE && good && f.n == SPARSE + 5; i++)
			good = f.fd[3 + i] == sparse_number(i);
		OK(good && f.fd[0] == 0 && f.fd[f.n - 1] == 19001, "in ascending order");
	}
	kid_end(&k);
	fds_free(&f);
	fds_free(&f);
	proc_close(p);
}

enum { FD_FILE = 100, FD_FLOCK, FD_OFD, FD_LEASE, FD_EPOLL, FD_SOCKET, FD_ODD, FD_GONE };

static int file_at(const char *name, int flags, int fd)
{
	char path[200];
	int got;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	got = open(path, flags, 0640);
	if (got < 0 || dup3(got, fd, flags & O_CLOEXEC) < 0)
		return -1;
	close(got);
	return 0;
}

/* A file at offset 5, and a lock of each kind on a file of its own. */
static int locks(const struct kid_side *k, void *arg)
{
	struct flock range = {.l_type = F_WRLCK, .l_start = 10, .l_len = 20};
	struct flock rest = {.l_type = F_RDLCK, .l_start = 7, .l_len = 0};
	int ep = epoll_create1(0);

	(void)arg;
	if (file_at("file", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, FD_FILE) ||
		file_at("flock", O_RDWR | O_CREAT, FD_FLOCK) ||
		file_at("ofd", O_RDWR | O_CREAT, FD_OFD) ||
		file_at("lease", O_RDONLY | O_CREAT, FD_LEASE) ||
		file_at("odd\n\033[2J \xff", O_RDONLY | O_CREAT, FD_ODD) ||
		file_at("gone", O_RDONLY | O_CREAT, FD_GONE))
		return 1;
	if (pwrite(FD_FILE, "0123456789", 10, 0) != 10 || lseek(FD_FILE, 5, SEEK_SET) != 5 ||
		fcntl(FD_FILE, F_SETLK, &range) || flock(FD_FLOCK, LOCK_EX) ||
		fcntl(FD_OFD, F_OFD_SETLK, &rest) || fcntl(FD_LEASE, F_SETLEASE, F_RDLCK))
		return 1;
	dup2(ep, FD_EPOLL);
	dup2(socket(AF_INET, SOCK_STREAM, 0), FD_SOCKET);
	for (int i = 0; i < 900; i++) {
		struct epoll_event ev = {.events = EPOLLIN, .data.u64 = UINT64_MAX};

		epoll_ctl(FD_EPOLL, EPOLL_CTL_ADD, eventfd(0, 0), &ev);
	}
	kid_ready(k);
	kid_wait(k);
	return 0;
}

static void check_locks(const struct fd_view *v, pid_t pid)
{
	struct fdinfo i = {0};

	IS(fd_view_info(v, FD_FILE, &i), 0, "info of a file");
	OK(i.pos == 5 && (i.flags & O_ACCMODE) == O_RDWR && (i.flags & O_APPEND) &&
			(i.flags & O_CLOEXEC) && i.mnt_id > 0,
		"position and flags");
	OK(i.nlocks == 1 && i.lock[0].kind == FD_LOCK_POSIX && i.lock[0].write &&
			i.lock[0].pid == pid && i.lock[0].start == 10 && i.lock[0].end == 29 &&
			!i.lock[0].blocked && !i.lock[0].mandatory,
		"POSIX lock");
	IS(fd_view_info(v, FD_FLOCK, &i), 0, "info again into the same");
	OK(i.nlocks == 1 && i.lock[0].kind == FD_LOCK_FLOCK && i.lock[0].write &&
			i.lock[0].pid == pid && i.lock[0].end == UINT64_MAX &&
			!(i.flags & O_CLOEXEC),
		"flock");
	IS(fd_view_info(v, FD_OFD, &i), 0, "info");
	OK(i.nlocks == 1 && i.lock[0].kind == FD_LOCK_OFD && !i.lock[0].write &&
			i.lock[0].pid == -1 && i.lock[0].start == 7 && i.lock[0].end == UINT64_MAX,
		"lock of an open file description");
	IS(fd_view_info(v, FD_LEASE, &i), 0, "info");
	OK(i.nlocks == 1 && i.lock[0].kind == FD_LOCK_LEASE && !strcmp(i.lock[0].word, "READ") &&
			i.lock[0].pid == pid,
		"lease");
	IS(fd_view_info(v, FD_EPOLL, &i), 0, "info of an epoll");
	OK(i.nlocks == 0 && i.text.len > 40000 && strstr(buf_cstr(&i.text), "tfd:"),
		"whole however long: %zu bytes", i.text.len);
	fdinfo_free(&i);
}

static void check_link(const struct fd_view *v, int fd, const char *want)
{
	struct buf b = {0}, path = {0};

	buf_fmt(&path, want[0] == '/' ? "%s%s" : "%.0s%s", dir, want);
	IS(fd_view_link(v, fd, &b), 0, "link of %d", fd);
	if (strchr(want, '*'))
		OK(strncmp(buf_cstr(&b), want, strcspn(want, "*")) == 0, "begins with %s", want);
	else
		IS_STR(buf_cstr(&b), buf_cstr(&path), "as it is");
	buf_free(&b);
	buf_free(&path);
}

static void test_view(void)
{
	struct kid k = kid_start(locks, NULL);
	struct proc *p = open_or_die(k.pid);
	struct fd_view v = view_or_die(p);
	struct fdinfo i = {0};
	struct statx st;
	struct stat want;
	struct buf b = {0};
	char path[200];

	check_locks(&v, k.pid);
	snprintf(path, sizeof(path), "%s/gone", dir);
	unlink(path);
	check_link(&v, FD_FILE, "/file");
	check_link(&v, FD_ODD, "/odd\n\033[2J \xff");
	check_link(&v, FD_GONE, "/gone (deleted)");
	check_link(&v, FD_SOCKET, "socket:[*");
	check_link(&v, FD_EPOLL, "anon_inode:[eventpoll]");
	snprintf(path, sizeof(path), "%s/file", dir);
	stat(path, &want);
	IS(fd_view_stat(&v, FD_FILE, &st), 0, "stat of a file");
	OK(st.stx_ino == want.st_ino && st.stx_size == 10 && (st.stx_mode & 07777) == 0640,
		"is that file's");
	IS(fd_view_stat(&v, FD_SOCKET, &st), 0, "stat of a socket");
	OK(S_ISSOCK(st.stx_mode), "is a socket's");
	IS(fd_view_link(&v, 19999, &b), -ENOENT, "link of what is not open");
	IS(fd_view_info(&v, 19999, &i), -ENOENT, "info of what is not open");
	IS(fd_view_stat(&v, 19999, &st), -ENOENT, "stat of what is not open");
	IS(fd_view_link(&v, -1, &b), -EBADF, "link of -1");
	IS(fd_view_info(&v, -1, &i), -EBADF, "info of -1");
	IS(fd_view_stat(&v, -1, &st), -EBADF, "stat of -1");
	fd_view_close(&v);
	fd_view_close(&v);
	IS(kid_end(&k), 0, "the locker ends");
	fdinfo_free(&i);
	buf_free(&b);
	proc_close(p);
}

/* Longer paths than any fixed buffer: the kernel gives up to a page. */
static int deep(const struct kid_side *k, void *arg)
{
	char name[251];
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	(void)arg;
	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int depth = 0; depth < 20 && fd >= 0; depth++) {
		int next;

		dup2(fd, 50 + depth);
		mkdirat(fd, name, 0700);
		next = openat(fd, name, O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = next;
	}
	kid_ready(k);
	kid_wait(k);
	return 0;
}

static void test_long_paths(void)
{
	struct kid k = kid_start(deep, NULL);
	struct proc *p = open_or_die(k.pid);
	struct fd_view v = view_or_die(p);
	struct buf b = {0};
	int err = 0;

	for (int depth = 0; depth < 20 && !err; depth++) {
		buf_clear(&b);
		err = fd_view_link(&v, 50 + depth, &b);
		if (!err && b.len != strlen(dir) + (size_t)depth * 251)
			break;
		if (depth == 15)
			IS(b.len, strlen(dir) + 15 * 251, "a path of %zu bytes is whole", b.len);
	}
	IS(err, -ENAMETOOLONG, "one that the kernel cannot show is an error");
	fd_view_close(&v);
	kid_end(&k);
	buf_free(&b);
	proc_close(p);
}

static void test_closing(void)
{
	struct fdinfo i = {0};
	struct fd_view v;
	struct proc *self;
	int fd = dup(0), err;

	/* Our own, where we know what is open. */
	err = proc_open(getpid(), &self);
	IS(err, 0, "opens itself (operands refuse it, the layer does not)");
	if (err)
		return;
	v = view_or_die(self);
	IS(fd_view_info(&v, fd, &i), 0, "open");
	close(fd);
	IS(fd_view_info(&v, fd, &i), -ENOENT, "closed meanwhile");
	fd_view_close(&v);
	fdinfo_free(&i);
	proc_close(self);
}

int main(void)
{
	char command[64];

	if (!mkdtemp(dir))
		return 99;
	test_sparse();
	test_view();
	test_long_paths();
	test_closing();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) | tap_end();
}
