/* SPDX-License-Identifier: MIT */
/*
 * A process that changes under whoever looks at it: one thread writes garbage over the stack of another, which sleeps, and
 * puts back what was there, maps and unmaps programs (its own, one that is cut short and grows again, one of garbage)
 * where the garbage points to, and takes its own right to read them. In the end the sleeper must find its stack as it
 * left it.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "victim.h"

enum { DEPTH = 40, PLACES = 4, PAGES = 16, PAGE = 4096, PLACE = PAGES * PAGE };

static _Atomic int woken, over;
static _Atomic uintptr_t low, high; /* of the sleeper's stack */
static char *place;
static uint32_t seed = 1;

static uint32_t draw(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

#ifdef __clang__
#define NOINLINE static __attribute__((noinline))
#else
#define NOINLINE static __attribute__((noipa))
#endif

NOINLINE uintptr_t sink(unsigned n)
{
	volatile uintptr_t mine[4] = {n, n + 1, n + 2, n + 3};
	uintptr_t below = 0;

	if (!n) {
		low = (uintptr_t)mine;
		/* A plain call: nothing else than its own stack may be needed to wake up. */
		while (!woken)
			syscall(SYS_futex, &woken, FUTEX_WAIT, 0, NULL, NULL, 0);
	} else {
		below = sink(n - 1);
	}
	must(mine[0] == n && mine[3] == n + 3);
	return below + mine[0];
}

static void *sleeper(void *arg)
{
	high = (uintptr_t)__builtin_frame_address(0);
	must(sink(DEPTH) == DEPTH * (DEPTH + 1) / 2);
	return arg;
}

static uintptr_t garbage(void)
{
	switch (draw(5)) {
	case 0: return low + draw((uint32_t)(high - low));
	case 1: return (uintptr_t)place + draw(PLACES * PLACE);
	case 2: return (uintptr_t)sink + draw(200);
	case 3: return draw(100);
	default: return (uintptr_t)seed * 0x9e3779b97f4a7c15u;
	}
}

static void rewrite_stack(void)
{
	static uintptr_t was[PAGE];
	uintptr_t *at = (uintptr_t *)(low & ~(uintptr_t)7);
	size_t n = (high - low) / sizeof(*at);

	if (n > PAGE)
		n = PAGE;
	memcpy(was, at, n * sizeof(*at));
	for (size_t i = 0; i < n; i++) {
		if (!draw(3))
			((volatile uintptr_t *)at)[i] = garbage();
	}
	if (!draw(4))
		usleep(draw(300));
	memcpy(at, was, n * sizeof(*at));
}

static void remap(int self, int other)
{
	char *at = place + draw(PLACES) * PLACE;
	int fd = draw(2) ? self : other;

	must(mmap(at, PLACE, PROT_READ | (draw(2) ? PROT_EXEC : 0), MAP_PRIVATE | MAP_FIXED, fd,
		     (off_t)draw(2) * PAGE) == at);
	if (!draw(3))
		must(munmap(at + draw(PAGES) * PAGE, PAGE) == 0);
	if (!draw(4))
		must(mprotect(at, PLACE / 2, PROT_NONE) == 0 || errno == ENOMEM);
	if (!draw(3))
		must(ftruncate(other, (off_t)draw(2 * PLACE)) == 0);
	if (!draw(3))
		must(pwrite(other, &seed, sizeof(seed), (off_t)draw(PAGE)) == sizeof(seed));
}

static int copy_of(int self)
{
	static char bytes[PLACE];
	int fd = memfd_create("other", MFD_CLOEXEC);
	ssize_t n = pread(self, bytes, sizeof(bytes), 0);

	must(fd >= 0 && n > 0 && write(fd, bytes, (size_t)n) == n);
	return fd;
}

static void *rewriter(void *arg)
{
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), other = copy_of(self);

	must(self >= 0);
	place = mmap(NULL, PLACES * PLACE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(place != MAP_FAILED);
	while (!over) {
		remap(self, other);
		rewrite_stack();
	}
	return arg;
}

int main(void)
{
	pthread_t asleep, busy;

	must(pthread_create(&asleep, NULL, sleeper, NULL) == 0);
	while (!low)
		usleep(1000);
	usleep(50000);
	must(pthread_create(&busy, NULL, rewriter, NULL) == 0);
	victim_wait();
	over = 1;
	must(pthread_join(busy, NULL) == 0);
	woken = 1;
	syscall(SYS_futex, &woken, FUTEX_WAKE, 1, NULL, NULL, 0);
	must(pthread_join(asleep, NULL) == 0);
	return 0;
}
