/* SPDX-License-Identifier: MIT */
/* Reading a process's memory up to, at and beyond the edges of what is mapped. */
#include <stdint.h>
#include <sys/mman.h>

#include "base/err.h"
#include "kids.h"
#include "proc/proc.h"
#include "tap.h"

static size_t page;

/* Four pages of known bytes: readable, without rights, a hole, readable. */
static unsigned char *area;

static unsigned char expected(size_t at)
{
	return (unsigned char)(at * 7 + at / 251);
}

static void make_area(void)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
	area = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		exit(99);
	for (size_t i = 0; i < 4 * page; i++)
		area[i] = expected(i);
	mprotect(area + page, page, PROT_NONE);
	munmap(area + 2 * page, page);
}

static void check(const struct proc *p, size_t at, size_t len, int want, const char *what)
{
	unsigned char *got = calloc(1, len + 1);
	bool good = true;
	int err = proc_read_mem(p, (uint64_t)(uintptr_t)area + at, got, len);

	IS(err, want, "%s", what);
	for (size_t i = 0; i < len && !err && good; i++)
		good = got[i] == expected(at + i);
	OK(err || good, "%s: the bytes", what);
	OK(got[len] == 0, "%s: not one more", what);
	free(got);
}

static void test_edges(const struct proc *p)
{
	char c;

	check(p, 0, 1, 0, "first byte");
	check(p, page - 1, 1, 0, "last byte of a page");
	check(p, 0, page, 0, "a whole page");
	check(p, page - 1, 2, 0, "into a page without rights, by the file");
	check(p, 100, 2 * page - 100, 0, "through it");
	check(p, page + 5, 10, 0, "within it");
	check(p, 2 * page - 1, 2, -EFAULT, "into a hole");
	check(p, 0, 3 * page, -EFAULT, "all or nothing");
	check(p, 2 * page, 1, -EFAULT, "in a hole");
	check(p, 3 * page - 1, 2, -EFAULT, "out of a hole");
	check(p, 3 * page, page, 0, "behind it");
	check(p, 2 * page, 0, 0, "no byte at all");
	IS(proc_read_mem(p, 0, &c, 1), -EFAULT, "address 0");
	IS(proc_read_mem(p, UINT64_MAX, &c, 1), -EFAULT, "the last address");
	IS(proc_read_mem(p, UINT64_MAX - 1, &c, 100), -EFAULT, "around the end");
	IS(proc_read_mem(p, UINT64_C(0xffff800000000000), &c, 1), -EFAULT, "the kernel's");
	IS(proc_read_mem(p, UINT64_C(0x0000800000000000), &c, 1), -EFAULT, "no canonical address");
}

static void test_big(const struct proc *p, const unsigned char *big, size_t size)
{
	unsigned char *got = malloc(size);

	IS(proc_read_mem(p, (uintptr_t)big, got, size), 0, "20 MiB at once");
	OK(memcmp(got, big, size) == 0, "are right");
	free(got);
}

int main(void)
{
	size_t size = 20u << 20;
	unsigned char *big;
	struct proc *p;
	struct kid k;

	make_area();
	big = malloc(size);
	for (size_t i = 0; i < size; i++)
		big[i] = (unsigned char)(i >> 12 ^ i);
	k = kid_start(kid_idle, NULL);
	if (proc_open(k.pid, &p))
		return 99;
	test_edges(p);
	test_big(p, big, size);
	IS(kid_end(&k), 0, "the child ends unharmed");
	IS(proc_read_mem(p, (uintptr_t)area, big, 1), ERR_GONE, "memory of the dead");
	IS(proc_read_mem(p, (uintptr_t)area, big, 0), 0, "no byte of the dead");
	proc_close(p);
	free(big);
	return tap_end();
}
