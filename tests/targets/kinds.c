/* SPDX-License-Identifier: MIT */
/* build: static 32 */
/* kinds DIR: one descriptor of each kind that is not a socket; its files are made in DIR. */
#define _FILE_OFFSET_BITS 64
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "victim.h"

static const char *dir;
static char name[4096];

static const char *in_dir(const char *file)
{
	snprintf(name, sizeof(name), "%s/%s", dir, file);
	return name;
}

static void regular_files(void)
{
	int fd = put_at(open(in_dir("plain"), O_RDWR | O_CREAT | O_TRUNC, 0640), 10);

	must(write(fd, "0123456789", 10) == 10 && lseek(fd, 4, SEEK_SET) == 4);
	expect(fd, "O_RDWR|O_LARGEFILE", "      %s/plain\n      offset:4\n", dir);
	fd = put_at(open(in_dir("plain"), O_RDONLY | O_CLOEXEC), 11);
	expect(fd, "O_RDONLY|O_LARGEFILE FD_CLOEXEC", "      %s/plain\n      offset:0\n", dir);
	fd = put_at(open(in_dir("log"), O_WRONLY | O_CREAT | O_APPEND | O_SYNC, 0600), 12);
	must(fchmod(fd, 04711) == 0);
	expect(fd, "O_WRONLY|O_APPEND|O_SYNC|O_LARGEFILE", "      %s/log\n      offset:0\n", dir);
	fd = put_at(open(in_dir("log"), O_WRONLY | O_DSYNC | O_NONBLOCK | O_NOFOLLOW), 13);
	expect(fd, "O_WRONLY|O_NONBLOCK|O_DSYNC|O_LARGEFILE|O_NOFOLLOW",
		"      %s/log\n      offset:0\n", dir);
	fd = put_at(open(in_dir("gone"), O_RDWR | O_CREAT, 0), 14);
	must(unlink(in_dir("gone")) == 0);
	expect(fd, "O_RDWR|O_LARGEFILE", "      %s/gone (deleted)\n      offset:0\n", dir);
	fd = put_at(open(in_dir("large"), O_RDWR | O_CREAT, 0600), 15);
	must(ftruncate(fd, 5LL << 32) == 0 && lseek(fd, 3LL << 32, SEEK_SET) > 0);
	expect(fd, "O_RDWR|O_LARGEFILE", "      %s/large\n      offset:12884901888\n", dir);
	fd = put_at(open(in_dir("line\nend\033[31m\\"), O_RDWR | O_CREAT, 0600), 16);
	expect(fd, "O_RDWR|O_LARGEFILE", "      %s/line\\nend\\x1b[31m\\\\\n      offset:0\n", dir);
	fd = put_at(memfd_create("shared", MFD_CLOEXEC), 17);
	expect(fd, "O_RDWR|O_LARGEFILE FD_CLOEXEC",
		"      /memfd:shared (deleted)\n      offset:0\n");
	fd = put_at(open(in_dir("plain"), O_RDONLY | O_NOATIME), 18);
	expect(fd, "O_RDONLY|O_LARGEFILE|O_NOATIME", "      %s/plain\n      offset:0\n", dir);
}

static void places(void)
{
	int fd = put_at(open(dir, O_RDONLY | O_DIRECTORY), 20);

	expect(fd, "O_RDONLY|O_LARGEFILE|O_DIRECTORY", "      %s\n      offset:0\n", dir);
	fd = put_at(open(in_dir("plain"), O_PATH), 21);
	expect(fd, "O_PATH", "      %s/plain\n", dir);
	must(symlink("plain", in_dir("link")) == 0);
	fd = put_at(open(in_dir("link"), O_PATH | O_NOFOLLOW | O_CLOEXEC), 22);
	expect(fd, "O_PATH|O_NOFOLLOW FD_CLOEXEC", "      %s/link\n", dir);
	fd = put_at(open("/dev/null", O_RDWR), 23);
	expect(fd, "O_RDWR|O_LARGEFILE", "      /dev/null\n");
	fd = put_at(open("/dev/zero", O_RDONLY | O_NONBLOCK), 24);
	expect(fd, "O_RDONLY|O_NONBLOCK|O_LARGEFILE", "      /dev/zero\n");
	must(mkfifo(in_dir("fifo"), 0622) == 0);
	fd = put_at(open(in_dir("fifo"), O_RDWR), 25);
	expect(fd, "O_RDWR|O_LARGEFILE", "      %s/fifo\n", dir);
}

static void pipes(void)
{
	int end[2];
	struct stat s;

	must(pipe2(end, O_NONBLOCK) == 0);
	put_at(end[0], 30);
	put_at(end[1], 31);
	must(fstat(30, &s) == 0);
	expect(30, "O_RDONLY|O_NONBLOCK", "      pipe:[%llu]\n", (unsigned long long)s.st_ino);
	expect(31, "O_WRONLY|O_NONBLOCK", "      pipe:[%llu]\n", (unsigned long long)s.st_ino);
}

static void anonymous(void)
{
	sigset_t set;
	int fd = put_at(epoll_create1(EPOLL_CLOEXEC), 40);

	expect(fd, "O_RDWR FD_CLOEXEC", "      anon_inode:[eventpoll]\n");
	fd = put_at(eventfd(7, EFD_NONBLOCK), 41);
	expect(fd, "O_RDWR|O_NONBLOCK", "      anon_inode:[eventfd]\n");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	fd = put_at(signalfd(-1, &set, 0), 42);
	expect(fd, "O_RDWR", "      anon_inode:[signalfd]\n");
	fd = put_at(timerfd_create(CLOCK_MONOTONIC, 0), 43);
	expect(fd, "O_RDWR", "      anon_inode:[timerfd]\n");
	fd = put_at(inotify_init1(0), 44);
	expect(fd, "O_RDONLY", "      anon_inode:inotify\n");
}

/* The number is wider than its column. */
static void high_numbers(void)
{
	must(fcntl(10, F_DUPFD, 999) == 999);
	expect(999, "O_RDWR|O_LARGEFILE", "      %s/plain\n      offset:4\n", dir);
	must(fcntl(10, F_DUPFD_CLOEXEC, 1000) == 1000);
	expect(1000, "O_RDWR|O_LARGEFILE FD_CLOEXEC", "      %s/plain\n      offset:4\n", dir);
}

int main(int argc, char **argv)
{
	must(argc == 2);
	dir = argv[1];
	regular_files();
	places();
	pipes();
	anonymous();
	high_numbers();
	victim_wait();
	must(lseek(10, 0, SEEK_CUR) == 4 && lseek(15, 0, SEEK_CUR) == 3LL << 32);
	must(fcntl(17, F_GETFD) == FD_CLOEXEC && fcntl(1000, F_GETFD) == FD_CLOEXEC);
	must((fcntl(30, F_GETFL) & O_NONBLOCK) && fcntl(45, F_GETFD) == -1 && errno == EBADF);
	return 0;
}
