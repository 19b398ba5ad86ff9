/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FIRST_MS 1000
#define AGAIN_MS 200

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void progress_begin(struct progress *p, pid_t pid, bool wanted)
{
	*p = (struct progress){.wanted = wanted && isatty(STDERR_FILENO), .pid = pid};
	if (p->wanted)
		p->next = now_ms() + FIRST_MS;
}

static bool write_now(const char *text)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&out, 1, 0) == 1 && out.revents == POLLOUT &&
		write(STDERR_FILENO, text, strlen(text)) > 0;
}

void progress_step(struct progress *p, size_t done, size_t all)
{
	char text[96];

	if (!p->wanted || now_ms() < p->next)
		return;
	p->next = now_ms() + AGAIN_MS;
	snprintf(
		text, sizeof(text), "\rpfiles: %d: %zu of %zu descriptors", (int)p->pid, done, all);
	p->shown |= write_now(text);
}

/* ECMA-48: erase to the end of the line. */
void progress_end(struct progress *p)
{
	if (p->shown)
		write_now("\r\033[K");
	p->wanted = false;
}
