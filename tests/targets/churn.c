/* SPDX-License-Identifier: MIT */
/*
 * churn DIR: threads that put one file after the other under the same few numbers, as fast as they
 * can. The facts are all blocks that may be seen; a block that is none of them is a mixture.
 *   10  opened, closed, opened again: two files with other modes, flags, offsets
 *   11  the same by dup3(2), so that the number is never free
 *   12  a file, a device, a pipe, a socket by turns
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "victim.h"

static const char *dir;
static atomic_bool end;
static int file_a, file_b, device, end_of_pipe, sock_c, sock_d;

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

static void *open_and_close(void *arg)
{
	char a[4096], b[4096];

	(void)arg;
	snprintf(a, sizeof(a), "%s/a", dir);
	snprintf(b, sizeof(b), "%s/b", dir);
	while (!end) {
		/* The only one who takes the lowest number; 10 is the lowest free one. */
		must(open(a, O_RDWR) == 10);
		must(close(10) == 0);
		must(open(b, O_RDONLY | O_CLOEXEC | O_NONBLOCK) == 10);
		must(close(10) == 0);
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
		must(dup2(sock_c, 12) == 12);
		must(dup3(sock_d, 12, O_CLOEXEC) == 12);
	}
	return NULL;
}

static int named_socket(const char *name, int want)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, want == 33 ? SOCK_DGRAM : SOCK_STREAM, 0), n = 1;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", name);
	must(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	if (want == 34)
		must(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &n, sizeof(n)) == 0);
	return put_at(fd, want);
}

static int buffer(int name)
{
	int n;
	socklen_t len = sizeof(n);

	must(getsockopt(sock_c, SOL_SOCKET, name, &n, &len) == 0);
	return n;
}

static void say_socks(int number)
{
	snprintf(text, sizeof(text),
		"\tSOCK_DGRAM\n\tSO_SNDBUF(%d),SO_RCVBUF(%d)\n\tsockname: AF_UNIX c\n",
		buffer(SO_SNDBUF), buffer(SO_RCVBUF));
	expect_as(sock_c, number, "O_RDWR", text);
	snprintf(text, sizeof(text),
		"\tSOCK_STREAM\n\tSO_KEEPALIVE,SO_SNDBUF(%d),SO_RCVBUF(%d)\n"
		"\tsockname: AF_UNIX d\n",
		buffer(SO_SNDBUF), buffer(SO_RCVBUF));
	expect_as(sock_d, number, "O_RDWR FD_CLOEXEC", text);
}

static void say_files(void)
{
	const char *as_b = "O_RDONLY|O_NONBLOCK|O_LARGEFILE FD_CLOEXEC";

	/* Opened anew: at the beginning. */
	expect_as(file_a, 10, "O_RDWR|O_LARGEFILE", lines_of_file("a", 0));
	expect_as(file_b, 10, as_b, lines_of_file("b", 0));
	expect_as(file_a, 11, "O_RDWR|O_LARGEFILE", lines_of_file("a", 55));
	expect_as(file_b, 11, as_b, lines_of_file("b", 1));
	expect_as(file_a, 12, "O_RDWR|O_LARGEFILE", lines_of_file("a", 55));
	expect_as(device, 12, "O_WRONLY|O_LARGEFILE", "      /dev/null\n");
}

int main(int argc, char **argv)
{
	void *(*const run[])(void *) = {open_and_close, replace, replace_kinds};
	pthread_t thread[3];
	struct stat s;
	int pipes[2];

	must(argc == 2 && chdir(argv[1]) == 0);
	dir = argv[1];
	for (int fd = 3; fd < 30; fd++)
		close(fd);
	file_a = put_at(file("a", O_RDWR, 111), 30);
	close(file("b", O_WRONLY, 3));
	file_b = put_at(file("b", O_RDONLY | O_NONBLOCK, 3), 31);
	device = put_at(open("/dev/null", O_WRONLY), 32);
	sock_c = named_socket("c", 33);
	sock_d = named_socket("d", 34);
	must(pipe(pipes) == 0);
	end_of_pipe = put_at(pipes[1], 35);
	put_at(pipes[0], 36);
	say_files();
	say_socks(12);
	must(fstat(35, &s) == 0);
	snprintf(text, sizeof(text), "      pipe:[%llu]\n", (unsigned long long)s.st_ino);
	expect_as(end_of_pipe, 12, "O_WRONLY", text);
	/* So that 10 is the lowest free number. */
	for (int fd = 3; fd < 10; fd++)
		must(dup2(STDERR_FILENO, fd) == fd);
	for (int fd = 11; fd < 30; fd++)
		must(dup2(STDERR_FILENO, fd) == fd);
	for (int i = 0; i < 3; i++)
		must(pthread_create(&thread[i], NULL, run[i], NULL) == 0);
	victim_wait();
	end = true;
	for (int i = 0; i < 3; i++)
		must(pthread_join(thread[i], NULL) == 0);
	return 0;
}
