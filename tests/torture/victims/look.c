/* SPDX-License-Identifier: MIT */
#include "runner.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define TEXT_MAX 65536
#define VDSO_MAX 32768

/* What we were before anybody came. */
static char maps_then[TEXT_MAX], maps_now[TEXT_MAX];
static unsigned char vdso_then[VDSO_MAX];
static size_t vdso_len;
static int threads_then;

/*
 * Both files are open for ever: JOB_WAIT in another thread watches the lowest free descriptor. From
 * offset 0 the kernel makes the text anew.
 */
static int maps_fd, status_fd;

void look_open(void)
{
	maps_fd = open("/proc/self/maps", O_RDONLY);
	status_fd = open("/proc/self/status", O_RDONLY);
	if (maps_fd < 0 || status_fd < 0)
		fail("cannot open /proc/self/maps or status");
}

static void read_file(int fd, char *text)
{
	size_t n = 0;
	ssize_t got;

	while (n < TEXT_MAX - 1 && (got = pread(fd, text + n, TEXT_MAX - 1 - n, (off_t)n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
}

static int threads_now(void)
{
	static char text[TEXT_MAX];
	char *line;

	read_file(status_fd, text);
	line = strstr(text, "\nThreads:");
	return line ? atoi(line + 9) : -1;
}

static void find_vdso(void)
{
	unsigned long start = getauxval(AT_SYSINFO_EHDR), from, to;

	for (char *line = maps_then; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from == start)
			vdso_len = to - from;
	}
	if (vdso_len == 0 || vdso_len > VDSO_MAX)
		fail("no vdso in my maps");
	memcpy(vdso_then, (void *)start, vdso_len);
}

void look_init(void)
{
	read_file(maps_fd, maps_then);
	threads_then = threads_now();
	find_vdso();
}

static void complain(unsigned bit, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void complain(unsigned bit, const char *fmt, ...)
{
	struct board *b = runner.board;
	size_t used = strlen(b->verdict_text);
	va_list ap;

	b->verdict |= bit;
	va_start(ap, fmt);
	vsnprintf(b->verdict_text + used, BOARD_TEXT - used, fmt, ap);
	va_end(ap);
}

static void compare_maps(void)
{
	const char *a = maps_then, *b = maps_now;
	size_t i = 0;

	read_file(maps_fd, maps_now);
	if (strcmp(a, b) == 0)
		return;
	while (a[i] == b[i])
		i++;
	while (i > 0 && b[i - 1] != '\n')
		i--;
	complain(BAD_MAPS, "maps differ at %.*s; ", (int)strcspn(b + i, "\n"), b + i);
}

static void compare_vdso(void)
{
	const unsigned char *now = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
	size_t n = 0, first = 0;

	for (size_t i = 0; i < vdso_len; i++)
		if (now[i] != vdso_then[i] && n++ == 0)
			first = i;
	if (n)
		complain(BAD_VDSO, "%zu bytes of the vdso differ from %#zx on; ", n, first);
}

static void compare_signals(void)
{
	sigset_t mask, pending;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	sigpending(&pending);
	for (int s = 1; s < 64; s++) {
		bool own = s == SIGUSR2 || (s == SIGUSR1 && runner.flags & VICTIM_HANDLER);

		if ((s == 32 || s == 33) || s == TORTURE_SIGNAL)
			continue;
		if (sigismember(&mask, s) != own)
			complain(BAD_MASK, "signal %d %s; ", s, own ? "unblocked" : "blocked");
		if (sigismember(&pending, s) != (s == SIGUSR2))
			complain(BAD_PENDING, "signal %d %s; ", s,
				s == SIGUSR2 ? "lost" : "pending");
	}
}

void look_answer(void)
{
	struct board *b = runner.board;
	uint32_t ask = __atomic_load_n(&b->ask, __ATOMIC_SEQ_CST);
	int n, fd;

	if (ask == b->answered)
		return;
	b->verdict = 0;
	b->verdict_text[0] = '\0';
	compare_maps();
	n = threads_now();
	if (n != threads_then)
		complain(BAD_THREADS, "%d threads, not %d; ", n, threads_then);
	compare_vdso();
	compare_signals();
	/* The descriptors are looked at by JOB_WAIT too, but that one may not be running. */
	fd = runner.flags & VICTIM_RSEQ ? dup(runner.epoll) : runner.low_fd;
	if (fd != runner.low_fd)
		complain(BAD_FDS, "lowest free descriptor %d, not %d; ", fd, runner.low_fd);
	if (runner.flags & VICTIM_RSEQ)
		close(fd);
	__atomic_store_n(&b->answered, ask, __ATOMIC_SEQ_CST);
}
