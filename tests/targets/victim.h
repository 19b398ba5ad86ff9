/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TESTS_VICTIM_H
#define PTOOLS_TESTS_VICTIM_H

/*
 * What every victim does: it makes its state, prints the blocks that pfiles has to show for its
 * descriptors (first line from its own fstat(2), the rest as it set things up), a line "ready",
 * waits for the end of its input, and then looks whether it is still as it was. Its exit status
 * says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Ends the victim with the place and reason if a step fails. */
#define must(step)                                                                                 \
	do {                                                                                       \
		if (!(step)) {                                                                     \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #step,              \
				strerror(errno));                                                  \
			exit(70);                                                                  \
		}                                                                                  \
	} while (0)

static inline const char *victim_type(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return "S_IFREG";
	case S_IFDIR: return "S_IFDIR";
	case S_IFCHR: return "S_IFCHR";
	case S_IFBLK: return "S_IFBLK";
	case S_IFIFO: return "S_IFIFO";
	case S_IFLNK: return "S_IFLNK";
	case S_IFSOCK: return "S_IFSOCK";
	default: return "anon_inode";
	}
}

static inline void victim_first_line(int fd)
{
	struct stat s;

	must(fstat(fd, &s) == 0);
	printf("%4d: %s mode:0%03o dev:%u,%u ino:%llu uid:%u gid:%u ", fd, victim_type(s.st_mode),
		s.st_mode & 07777, major(s.st_dev), minor(s.st_dev), (unsigned long long)s.st_ino,
		s.st_uid, s.st_gid);
	if (S_ISCHR(s.st_mode) || S_ISBLK(s.st_mode))
		printf("rdev:%u,%u\n", major(s.st_rdev), minor(s.st_rdev));
	else
		printf("size:%llu\n", (unsigned long long)s.st_size);
}

/* The number behind a key in our own fdinfo, -1: there is none. */
static inline long victim_fdinfo(int fd, const char *key)
{
	char path[64], line[256];
	long v = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	must((f = fopen(path, "r")));
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			v = strtol(line + strlen(key), NULL, 10);
	fclose(f);
	return v;
}

/* The block of fd: first line, the line of flags, then `format` with all its line ends. */
__attribute__((format(printf, 3, 4))) static inline void expect(
	int fd, const char *flags, const char *format, ...)
{
	va_list ap;

	victim_first_line(fd);
	printf("      %s\n", flags);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
}

/* "ready", then waits for the end of standard input. */
static inline void victim_wait(void)
{
	char c;
	ssize_t n;

	/* Where Yama restricts ptrace(2) to descendants. */
	prctl(PR_SET_PTRACER, -1UL, 0, 0, 0);
	puts("ready");
	must(fflush(stdout) == 0);
	do
		n = read(STDIN_FILENO, &c, 1);
	while (n == 1);
	must(n == 0);
}

/* A descriptor in the place `want`, which nothing else may have. */
static inline int put_at(int fd, int want)
{
	must(fd >= 0);
	if (fd != want) {
		int cloexec = fcntl(fd, F_GETFD) & FD_CLOEXEC;

		must(dup3(fd, want, cloexec ? O_CLOEXEC : 0) == want);
		must(close(fd) == 0);
	}
	return want;
}

#endif
