/* SPDX-License-Identifier: MIT */
/*
 * churn DIR: threads that put one file after the other under the same few numbers, as fast as they
 * can. The facts are all blocks that may be seen; a block that is none of them is a mixture.
 *   10  opened, closed, opened again: two files with other modes, flags, offsets
 *   11  the same by dup3(2), so that the number is never free
 *   12  a file, a device, a pipe, a directory by turns
 *   13  one new socket after the other, of two kinds; in the facts their inode is 0
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "victim.h"

static const char *dir;
static atomic_bool end;
static int file_a, file_b, device, directory, end_of_pipe;

static int file(const char *name, int flags, off_t size)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags | O_CREAT, size == 111 ? 0600 : 0444);
	must(fd >= 0);
	if (size && (flags & O_ACCMODE) != O_RDONLY)
		must(ftruncate(fd, size) == 0);
	must(lseek(fd, size / 2, SEEK_SET) == size / 2);
	return fd;
}

/* The block of `fd` as it will look under another number. */
static void expect_as(int fd, int number, const char *flags, const char *lines)
{
	must(dup2(fd, number) == number);
	expect(number, flags, "%s", lines);
	must(close(number) == 0);
}

static char text[4096];

static const char *lines_of_file(const char *name, int offset)
{
	snprintf(text, sizeof(text), "      %s/%s\n      offset:%d\n", dir, name, offset);
	return text;
}

/* The lowest free number is 9, for the only thread that opens anything. */
static void open_at_10(const char *path, int flags, int cloexec)
{
	must(open(path, flags) == 9);
	must(dup3(9, 10, cloexec) == 10);
	must(close(9) == 0 && close(10) == 0);
}

static void socket_at_13(int family, int type, int cloexec)
{
	must(socket(family, type, 0) == 9);
	must(dup3(9, 13, cloexec) == 13);
	must(close(9) == 0);
}

static void *open_and_close(void *arg)
{
	char a[4096], b[4096];

	(void)arg;
	snprintf(a, sizeof(a), "%s/a", dir);
	snprintf(b, sizeof(b), "%s/b", dir);
	while (!end) {
		open_at_10(a, O_RDWR, 0);
		socket_at_13(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		open_at_10(b, O_RDONLY | O_NONBLOCK, O_CLOEXEC);
		socket_at_13(AF_INET, SOCK_STREAM, O_CLOEXEC);
	}
	return NULL;
}

static void *replace(void *arg)
{
	(void)arg;
	while (!end) {
		must(dup3(file_a, 11, 0) == 11);
		must(dup3(file_b, 11, O_CLOEXEC) == 11);
	}
	return NULL;
}

static void *replace_kinds(void *arg)
{
	(void)arg;
	while (!end) {
		must(dup2(file_a, 12) == 12);
		must(dup2(device, 12) == 12);
		must(dup2(end_of_pipe, 12) == 12);
		must(dup3(directory, 12, O_CLOEXEC) == 12);
	}
	return NULL;
}

static int option(int fd, int name)
{
	int n;
	socklen_t len = sizeof(n);

	must(getsockopt(fd, SOL_SOCKET, name, &n, &len) == 0);
	return n;
}

static void say_sock(int family, int type, const char *flags, const char *name)
{
	int fd = socket(family, type, 0);
	struct stat s;

	must(fd >= 0 && fstat(fd, &s) == 0);
	printf("  13: S_IFSOCK mode:0%03o dev:%u,%u ino:0 uid:%u gid:%u size:0\n"
	       "      %s\n\tSOCK_%s\n\tSO_SNDBUF(%d),SO_RCVBUF(%d)\n\tsockname: %s\n",
		s.st_mode & 07777, major(s.st_dev), minor(s.st_dev), s.st_uid, s.st_gid, flags,
		type == SOCK_STREAM ? "STREAM" : "DGRAM", option(fd, SO_SNDBUF),
		option(fd, SO_RCVBUF), name);
	must(close(fd) == 0);
}

static void say_all(void)
{
	const char *as_a = "O_RDWR|O_LARGEFILE";
	const char *as_b = "O_RDONLY|O_NONBLOCK|O_LARGEFILE FD_CLOEXEC";
	struct stat s;

	/* Opened anew: at the beginning. */
	expect_as(file_a, 10, as_a, lines_of_file("a", 0));
	expect_as(file_b, 10, as_b, lines_of_file("b", 0));
	expect_as(file_a, 11, as_a, lines_of_file("a", 55));
	expect_as(file_b, 11, as_b, lines_of_file("b", 1));
	expect_as(file_a, 12, as_a, lines_of_file("a", 55));
	expect_as(device, 12, "O_WRONLY|O_LARGEFILE", "      /dev/null\n");
	snprintf(text, sizeof(text), "      %s\n      offset:0\n", dir);
	expect_as(directory, 12, "O_RDONLY|O_LARGEFILE|O_DIRECTORY FD_CLOEXEC", text);
	must(fstat(end_of_pipe, &s) == 0);
	snprintf(text, sizeof(text), "      pipe:[%llu]\n", (unsigned long long)s.st_ino);
	expect_as(end_of_pipe, 12, "O_WRONLY", text);
	say_sock(AF_UNIX, SOCK_DGRAM, "O_RDWR|O_NONBLOCK", "AF_UNIX \n\tstate: UNCONNECTED");
	say_sock(AF_INET, SOCK_STREAM, "O_RDWR FD_CLOEXEC",
		"AF_INET 0.0.0.0  port: 0\n\tprotocol: TCP\n\tstate: CLOSE");
}

int main(int argc, char **argv)
{
	void *(*const run[])(void *) = {open_and_close, replace, replace_kinds};
	pthread_t thread[3];
	int pipes[2];

	must(argc == 2);
	dir = argv[1];
	for (int fd = 3; fd < 40; fd++)
		close(fd);
	file_a = put_at(file("a", O_RDWR, 111), 30);
	close(file("b", O_WRONLY, 3));
	file_b = put_at(file("b", O_RDONLY | O_NONBLOCK, 3), 31);
	device = put_at(open("/dev/null", O_WRONLY), 32);
	directory = put_at(open(dir, O_RDONLY | O_DIRECTORY), 33);
	must(pipe(pipes) == 0);
	end_of_pipe = put_at(pipes[1], 35);
	put_at(pipes[0], 36);
	say_all();
	/* What is opened meanwhile must not take one of the numbers. */
	for (int fd = 3; fd < 20; fd++)
		must(dup2(STDERR_FILENO, fd) == fd);
	must(close(9) == 0);
	for (int i = 0; i < 3; i++)
		must(pthread_create(&thread[i], NULL, run[i], NULL) == 0);
	victim_wait();
	end = true;
	for (int i = 0; i < 3; i++)
		must(pthread_join(thread[i], NULL) == 0);
	return 0;
}
