/* SPDX-License-Identifier: MIT */
/*
 * SIGBUS belongs to the whole program, so this is the one place of common/sym with state of its own: the list of the images
 * that are mapped, which the handler looks through. It is there only while there are any; what it does not know it leaves
 * to whoever was there before.
 */
#include "sym/image.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

/* Address space only. The largest debug files are of some gigabytes. */
#define IMAGE_MAX ((size_t)64 << 30)

struct guarded {
	uintptr_t start, end;
	struct guarded *next;
};

static struct {
	struct guarded *volatile first;
	struct sigaction before;
	uintptr_t page;
} guard;

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr & -guard.page;
	int saved = errno;

	(void)context;
	for (const struct guarded *g = guard.first; g; g = g->next) {
		if (at < g->start || at >= g->end)
			continue;
		if (mmap((void *)at, guard.page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
			errno = saved;
			return;
		}
	}
	/* Not ours: it happens again, and to the one who was there before. */
	sigaction(sig, &guard.before, NULL);
}

static int guard_add(const struct image *i)
{
	struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_RESTART};
	struct guarded *g = malloc(sizeof(*g));

	if (!g)
		return -ENOMEM;
	*g = (struct guarded){(uintptr_t)i->data, (uintptr_t)i->data + i->size, guard.first};
	guard.page = (uintptr_t)sysconf(_SC_PAGESIZE);
	if (!guard.first && sigaction(SIGBUS, &action, &guard.before) < 0) {
		free(g);
		return -errno;
	}
	guard.first = g;
	return 0;
}

static void guard_remove(const struct image *i)
{
	struct guarded *prev = NULL, *g = guard.first;

	for (; g && g->start != (uintptr_t)i->data; g = g->next)
		prev = g;
	if (!g)
		return;
	if (prev)
		prev->next = g->next;
	else
		guard.first = g->next;
	free(g);
	if (!guard.first)
		sigaction(SIGBUS, &guard.before, NULL);
}

int image_map(int fd, struct image *out)
{
	struct stat s;
	void *p;
	int err;

	*out = (struct image){0};
	if (fstat(fd, &s) < 0)
		return -errno;
	if (!S_ISREG(s.st_mode) || s.st_size <= 0)
		return ERR_FORMAT;
	if ((uint64_t)s.st_size > IMAGE_MAX)
		return ERR_TOOBIG;
	p = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*out = (struct image){p, (size_t)s.st_size};
	err = guard_add(out);
	if (err)
		image_free(out);
	return err;
}

int image_make(size_t size, struct image *out, unsigned char **bytes)
{
	void *p;

	*out = (struct image){0};
	if (!size || size > IMAGE_MAX)
		return ERR_TOOBIG;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		-1, 0);
	if (p == MAP_FAILED)
		return -errno;
	*out = (struct image){p, size};
	*bytes = p;
	return 0;
}

bool image_may_write(const struct image *i)
{
	return mprotect((void *)(uintptr_t)i->data, i->size, PROT_READ | PROT_WRITE) == 0;
}

void image_free(struct image *i)
{
	if (!i->data)
		return;
	guard_remove(i);
	munmap((void *)(uintptr_t)i->data, i->size);
	*i = (struct image){0};
}
