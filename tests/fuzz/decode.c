/* SPDX-License-Identifier: MIT */
/*
 * Random registers and random memory behind the memory callback: whatever a target hands over, the decoder
 * reads only what the callback gave, asks for no more than it may, comes to an end, and lets no control byte
 * through. Under the sanitizers it also stays within its own memory. FUZZ_SECONDS and FUZZ_SEED in the environment;
 * without a seed it takes one from the clock and says which.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sys/args.h"
#include "sys/bytes.h"
#include "sys/errname.h"
#include "sys/fault.h"
#include "sys/group.h"
#include "sys/request.h"
#include "sys/memory.h"
#include "sys/signame.h"
#include "sys/structs.h"
#include "sys/sysent.h"
#include "tap.h"

/* A line may hold a few strings of PATH_MAX, escaped; structures some dozen of them. */
enum { SECONDS = 3, LONGEST = 1 << 20, LARGEST = 9000, MOST_READS = 20000 };

struct world {
	uint64_t seed, base, reads, total, most;
	unsigned char *memory; /* of exactly `size` bytes, so that one more is noticed */
	size_t size;
	bool vanishing;  /* memory may end anywhere, and be gone the next time */
	bool everywhere; /* every address can be read: the same bytes again and again */
	uint64_t calls, bytes, bad;
	struct args_call call;
	struct args_line line;
	struct buf out;
};

/* xorshift64*, so that a seed says it all. */
static uint64_t draw(struct world *w)
{
	w->seed ^= w->seed >> 12;
	w->seed ^= w->seed << 25;
	w->seed ^= w->seed >> 27;
	return w->seed * 0x2545f4914f6cdd1dull;
}

static unsigned below(struct world *w, unsigned n)
{
	return (unsigned)((draw(w) >> 33) % n);
}

static size_t read_world(void *ctx, uint64_t addr, void *to, size_t n)
{
	struct world *w = ctx;

	w->reads++;
	if (n > w->most)
		w->most = n;
	if (w->vanishing && !below(w, 50))
		n = below(w, (unsigned)n + 1);
	for (size_t i = 0; w->everywhere && i < n; i++)
		((unsigned char *)to)[i] = w->memory[(addr + i) % w->size];
	if (w->everywhere)
		return n;
	if (addr < w->base || addr - w->base >= w->size)
		return 0;
	if (n > w->size - (addr - w->base))
		n = w->size - (size_t)(addr - w->base);
	memcpy(to, w->memory + (addr - w->base), n);
	return n;
}

/* Numbers that are likely to matter: small, at the edges, addresses of the world. */
static uint64_t number(struct world *w)
{
	switch (below(w, 10)) {
	case 0: return below(w, 8);
	case 1: return below(w, 300);
	case 2: return (uint64_t) - (int64_t)below(w, 200);
	case 3: return 1ull << below(w, 64);
	case 4: return draw(w);
	case 5: return draw(w) >> below(w, 64);
	case 6: return (uint32_t) - (int)below(w, 200);
	case 7: return w->base + (below(w, (unsigned)w->size) & ~7u);
	default: return w->base + below(w, (unsigned)w->size + 64) - 16;
	}
}

/* Words of either width at their places, as structures are made of; or numbers of any width anywhere. */
static void fill(struct world *w)
{
	static const char odd[] = "\033[2J\"\\\a%n\n\0\377\302\205";
	size_t step = below(w, 3) ? 4u << below(w, 2) : 0, i = 0;

	while (i < w->size) {
		uint64_t v = number(w);
		size_t n = step ? step : 1u << below(w, 4);

		if (n > w->size - i)
			n = w->size - i;
		if (!below(w, 20))
			memcpy(&v, odd + below(w, sizeof(odd) - sizeof(v)), sizeof(v));
		else if (!below(w, 6))
			v = 0;
		memcpy(w->memory + i, &v, n);
		i += n;
	}
}

/* New memory; where a 32-bit program could have it, or at the end of all addresses. */
static bool new_world(struct world *w)
{
	static const uint64_t bases[] = {0x1000, 0x8048000, 0x7f0000001000, 0xfffffffffffff000};

	free(w->memory);
	w->size = 1 + below(w, below(w, 4) ? 600 : LARGEST);
	w->base = bases[below(w, 4)];
	w->everywhere = !below(w, 5);
	w->vanishing = !below(w, 3);
	w->memory = malloc(w->size);
	if (w->memory)
		fill(w);
	return w->memory;
}

static bool clean(const struct world *w, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\n') || c == 0x7f)
			return false;
		/* C1 controls as UTF-8. */
		if (c == 0xc2 && i + 1 < n && (unsigned char)text[i + 1] < 0xa0)
			return false;
	}
	return n < LONGEST && w->most <= MEMORY_MAX && w->reads <= MOST_READS;
}

/* What came out; `lines` if it may be more than one. */
static void judge(struct world *w, uint64_t seed, const char *what, bool lines)
{
	bool good = clean(w, buf_cstr(&w->out), w->out.len) &&
		(lines ? !w->out.len || w->out.data[w->out.len - 1] == '\n'
		       : !memchr(buf_cstr(&w->out), '\n', w->out.len));

	w->bytes += w->out.len;
	if (!good && w->bad++ < 5)
		OK(false, "%s of %s (%s), FUZZ_SEED=%llu", what,
			w->call.ent ? w->call.ent->name : "?", abi_name(w->call.abi),
			(unsigned long long)seed);
	buf_clear(&w->out);
}

static void note_buffer(void *ctx, uint64_t addr, uint64_t n)
{
	struct world *w = ctx;

	bytes_add_peek(&w->out, w->call.mem, addr, n);
}

static void note_fd(void *ctx, int fd, struct buf *out)
{
	(void)ctx;
	buf_fmt(out, "<%d>", fd);
}

/* Calls whose structures lead on to others, and so are worth more than one look in 400. */
static const struct sysent *deep_call(struct world *w)
{
	static const char *const names[] = {"sendmsg", "recvmsg", "sendmmsg", "recvmmsg",
		"getdents64", "getdents", "readv", "writev", "poll", "select", "pselect6", "ipc",
		"socketcall", "clone3", "perf_event_open", "setsockopt", "getsockopt", "getgroups",
		"execve", "sched_getaffinity", "accept", "recvfrom", "fcntl", "ioctl", "waitid"};

	return sysent_named(w->call.abi, names[below(w, sizeof(names) / sizeof(*names))]);
}

static void new_call(struct world *w, const struct memory *m)
{
	unsigned count;
	const struct sysent *table;

	w->call = (struct args_call){.abi = (enum abi)below(w, ABI_COUNT), .mem = m};
	table = sysent_table(w->call.abi, &count);
	w->call.nr = below(w, 40) ? table[below(w, count)].number : draw(w);
	w->call.ent = below(w, 3) ? sysent_find(w->call.abi, w->call.nr) : deep_call(w);
	for (unsigned i = 0; i < SYSENT_ARGS; i++)
		w->call.arg[i] = number(w);
	if (!below(w, 4))
		w->call.fd = note_fd;
	if (!below(w, 50))
		w->call.mem = NULL;
}

static void finish_call(struct world *w)
{
	w->call.done = true;
	if (below(w, 3)) {
		w->call.result = (int64_t)number(w);
		w->call.error = 0;
	} else
		w->call.error = 1 + (int)below(w, 530);
}

static void one_call(struct world *w, const struct memory *m)
{
	uint64_t seed = w->seed;

	w->reads = 0;
	new_call(w, m);
	if (below(w, 2))
		args_unwrap(&w->call);
	args_enter(&w->line, &w->call, below(w, 8));
	args_leave(&w->line, &w->call, &w->out);
	judge(w, seed, "sleeping line", false);
	structs_add(&w->call, STRUCTS_IN | STRUCTS_INOUT, &w->out);
	judge(w, seed, "structures at entry", true);
	args_add_strings(&w->call, &w->out);
	judge(w, seed, "strings at entry", true);
	(void)args_vector_count(&w->call, args_vector(&w->call, below(w, 2)), 1000);
	finish_call(w);
	args_unwrap_result(&w->call);
	args_leave(&w->line, &w->call, &w->out);
	judge(w, seed, "line", false);
	args_add_result(&w->call, &w->out);
	judge(w, seed, "result", false);
	structs_add(&w->call, STRUCTS_INOUT | STRUCTS_OUT, &w->out);
	judge(w, seed, "structures at exit", true);
	args_add_strings(&w->call, &w->out);
	judge(w, seed, "strings at exit", true);
	args_each_buffer(&w->call, note_buffer, w);
	judge(w, seed, "buffers", false);
	for (unsigned i = 0; i < SYSENT_ARGS; i++)
		args_add(&w->call, i, below(w, 8), &w->out);
	judge(w, seed, "arguments", false);
	w->calls++;
	w->total += w->reads;
}

/* What is no call's: groups, requests, siginfo, addresses. */
static void others(struct world *w)
{
	uint64_t seed = w->seed;
	siginfo_t info;

	for (size_t i = 0; i < group_total(); i++)
		group_add(&w->out, group_at(i), number(w));
	judge(w, seed, "groups", false);
	request_add(&w->out, (uint32_t)number(w), below(w, 2));
	judge(w, seed, "ioctl", false);
	memset(&info, 0, sizeof(info));
	memcpy(&info, w->memory, w->size < sizeof(info) ? w->size : sizeof(info));
	signame_add_info(&w->out, &info);
	signame_add_set(&w->out, draw(w));
	judge(w, seed, "siginfo", false);
	structs_add_sockaddr(&w->out, w->memory, w->size < 128 ? w->size : 128);
	bytes_add_line(&w->out, w->memory, w->size);
	judge(w, seed, "address", false);
	(void)fault_of((int)number(w), (int)number(w));
	(void)errname((int)number(w));
	(void)signame((int)number(w));
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(void)
{
	const char *seconds = getenv("FUZZ_SECONDS"), *seed = getenv("FUZZ_SEED");
	double end = now() + (seconds ? atof(seconds) : SECONDS);
	static struct world w;
	struct memory m = {.read = read_world, .ctx = &w};

	w.seed = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u + 1;
	printf("# FUZZ_SEED=%llu\n", (unsigned long long)w.seed);
	/* Whatever the seed, something is tried. */
	do {
		if (!new_world(&w))
			break;
		for (unsigned i = 0; i < 20; i++)
			one_call(&w, &m);
		others(&w);
	} while (now() < end && w.bad < 5);
	OK(w.calls > 0, "%llu calls, %llu bytes of text, %llu reads, at most %llu bytes each",
		(unsigned long long)w.calls, (unsigned long long)w.bytes,
		(unsigned long long)w.total, (unsigned long long)w.most);
	IS(w.bad, 0, "nothing came out that should not");
	free(w.memory);
	args_free(&w.line);
	buf_free(&w.out);
	return tap_end();
}
