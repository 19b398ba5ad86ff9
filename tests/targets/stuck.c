/* SPDX-License-Identifier: MIT */
/*
 * A thread in the kernel that nothing but SIGKILL wakes up (state D): it reads, by process_vm_readv(2), a page whose content
 * is up to us (userfaultfd(2)). Facts: possible=yes, or no where the kernel does not let us; stuck, its id; chain. In the
 * end it gets its page.
 */
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "victim.h"

enum { PAGE = 4096, BYTES = 16 };

static char *page;
static _Atomic int tid;
static ssize_t got;

__attribute__((noinline)) static void stuck_here(char *to)
{
	struct iovec local = {to, BYTES}, remote = {page, BYTES};

	got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
}

static void *stuck(void *arg)
{
	tid = (int)syscall(SYS_gettid);
	stuck_here(arg);
	return NULL;
}

static char state(void)
{
	char path[64], c = '?';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%*d (%*[^)]) %c", &c) != 1)
		c = '?';
	if (f)
		fclose(f);
	return c;
}

static bool guard_page(int fd)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register r = {.mode = UFFDIO_REGISTER_MODE_MISSING};

	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(page != MAP_FAILED);
	r.range = (struct uffdio_range){(uintptr_t)page, PAGE};
	return fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0 && ioctl(fd, UFFDIO_REGISTER, &r) == 0;
}

int main(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_zeropage zero = {0};
	char bytes[BYTES] = "not yet";
	bool possible = guard_page(fd);
	pthread_t t;

	if (!possible) {
		puts("possible=no");
		victim_wait();
		return 0;
	}
	must(pthread_create(&t, NULL, stuck, bytes) == 0);
	for (int tries = 0; tries < 5000 && (!tid || state() != 'D'); tries++)
		usleep(1000);
	printf("possible=%s\nstuck=%d\nchain=stuck_here stuck\n", state() == 'D' ? "yes" : "no",
		tid);
	victim_wait();
	must(state() != 'D' || !strcmp(bytes, "not yet"));
	zero.range = (struct uffdio_range){(uintptr_t)page, PAGE};
	must(ioctl(fd, UFFDIO_ZEROPAGE, &zero) == 0);
	must(pthread_join(t, NULL) == 0);
	must(got == BYTES && bytes[0] == '\0');
	return 0;
}
