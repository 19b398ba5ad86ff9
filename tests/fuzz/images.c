/* SPDX-License-Identifier: MIT */
/*
 * Damaged programs: ELF files with bytes changed where it hurts (headers, unwind tables, symbols, debugging information), mapped
 * as no kernel would, over memory that makes no sense. Whatever they are, looking at them ends soon, within bounds, and under
 * the sanitizers within our own memory. FUZZ_SECONDS and FUZZ_SEED as in decode.c; FUZZ_CASE=N starts with that case.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "sym/elffile.h"
#include "sym/source.h"
#include "sym/space.h"
#include "sym/symbols.h"
#include "sym/unwind.h"
#include "tap.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

enum {
	SECONDS = 3,
	CASE_SECONDS = 100, /* several readers may take all the time that they have */
	MAPS = 24,
	STACK = 16384,
	ADDRESSES = 40,
	FRAMES = 20000,
	PAGE = 4096
};
#define FILE_MOST ((size_t)4 << 20)
#define STACK_AT  0x7ffd00000000ull

static const char *const programs[] = {"frames", "frames.gz", "frames.32", "frames.static",
	"frames.stripped", "frames.debugframe", "frames.pointer"};

struct world {
	uint64_t seed, number;
	unsigned char *bytes; /* of the file */
	size_t size;
	int fd;
	char path[64];
	struct map maps[MAPS];
	unsigned nmaps;
	uint64_t bias;
	unsigned char stack[STACK];
	uint64_t frames, named, lines, unread;
};

static uint64_t draw(struct world *w)
{
	w->seed ^= w->seed >> 12;
	w->seed ^= w->seed << 25;
	w->seed ^= w->seed >> 27;
	return w->seed * 0x2545f4914f6cdd1dull;
}

static size_t below(struct world *w, size_t n)
{
	return (size_t)((draw(w) >> 20) % n);
}

static uint64_t odd_number(struct world *w)
{
	switch (below(w, 7)) {
	case 0: return below(w, 16);
	case 1: return UINT64_MAX - below(w, 16);
	case 2: return 1ull << below(w, 64);
	case 3: return draw(w);
	case 4: return w->size - below(w, 64);
	case 5: return below(w, w->size);
	default: return 0x7fffffff + below(w, 3);
	}
}

static void change(struct world *w, uint64_t at, uint64_t n)
{
	uint64_t v = odd_number(w);
	size_t size = 1u << below(w, 4), from;

	if (at >= w->size || !n)
		return;
	if (n > w->size - at)
		n = w->size - at;
	from = (size_t)at + below(w, (size_t)n);
	if (size > w->size - from)
		size = w->size - from;
	if (!below(w, 3))
		w->bytes[from] = (unsigned char)(w->bytes[from] ^ (1u << below(w, 8)));
	else
		memcpy(w->bytes + from, &v, size);
}

/* Somewhere in a part of the file: a header, or a section or segment that is still found. */
static void change_part(struct world *w)
{
	struct image image = {0};
	unsigned char *copy;
	struct elffile f;

	if (!below(w, 4)) {
		change(w, 0, 64 + (below(w, 2) ? 700 : 0));
		return;
	}
	if (!below(w, 8)) {
		change(w, 0, w->size);
		return;
	}
	if (image_make(w->size, &image, &copy))
		return;
	memcpy(copy, w->bytes, w->size);
	if (elffile_open(image, &f))
		return;
	if (f.nsections && below(w, 4)) {
		const Elf64_Shdr *s = &f.sections[below(w, f.nsections)];

		if (below(w, 5))
			change(w, s->sh_offset, s->sh_size);
		else
			change(w, w->size - f.nsections * 64,
				f.nsections * 64); /* the table is last, as a rule */
	} else if (f.nsegments) {
		const Elf64_Phdr *p = &f.segments[below(w, f.nsegments)];

		change(w, p->p_offset, below(w, 2) ? 64 : p->p_filesz);
	}
	elffile_free(&f);
}

static bool load(struct world *w, const char *name)
{
	char self[PATH_MAX] = "", path[PATH_MAX + 64];
	struct stat s;
	int fd;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return false;
	snprintf(path, sizeof(path), "%s/../targets/%s", dirname(self), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	w->size =
		fstat(fd, &s) == 0 && (size_t)s.st_size < FILE_MOST ? (size_t)s.st_size : FILE_MOST;
	w->size = (size_t)read(fd, w->bytes, w->size);
	close(fd);
	return w->size > PAGE;
}

/* The segments where the kernel would have them, or anywhere. */
static void lay_out(struct world *w)
{
	struct image image = {0};
	unsigned char *copy;
	struct elffile f;

	w->nmaps = 0;
	w->bias = below(w, 3) ? 0x10000 * (1 + below(w, 1 << 16)) : 0;
	if (image_make(w->size, &image, &copy))
		return;
	memcpy(copy, w->bytes, w->size);
	if (elffile_open(image, &f))
		return;
	for (size_t i = 0; i < f.nsegments && w->nmaps < MAPS - 2; i++) {
		const Elf64_Phdr *p = &f.segments[i];
		uint64_t start = (w->bias + p->p_vaddr) & -(uint64_t)PAGE;
		uint64_t end = (w->bias + p->p_vaddr + p->p_memsz + PAGE - 1) & -(uint64_t)PAGE;

		if (p->p_type != PT_LOAD || end <= start || end > STACK_AT ||
			(w->nmaps && start < w->maps[w->nmaps - 1].end))
			continue;
		w->maps[w->nmaps++] = (struct map){.start = start,
			.end = end,
			.offset =
				below(w, 30) ? p->p_offset & -(uint64_t)PAGE : PAGE * below(w, 100),
			.ino = 1,
			.read = true,
			.exec = true,
			.write = !below(w, 4),
			.name = below(w, 20) ? w->path : "[vdso]"};
	}
	elffile_free(&f);
	w->maps[w->nmaps++] = (struct map){.start = STACK_AT,
		.end = STACK_AT + STACK,
		.read = true,
		.write = true,
		.name = "[stack]"};
}

static int give_maps(void *ctx, map_fn *fn, void *arg)
{
	struct world *w = ctx;
	int err = 0;

	for (unsigned i = 0; i < w->nmaps && !err; i++)
		err = fn(&w->maps[i], arg);
	return err;
}

static size_t give_memory(void *ctx, uint64_t addr, void *to, size_t n)
{
	struct world *w = ctx;
	size_t done = 0;

	for (; done < n; done++, addr++) {
		unsigned i = 0;

		while (i < w->nmaps && (addr < w->maps[i].start || addr >= w->maps[i].end))
			i++;
		if (i == w->nmaps)
			break;
		if (w->maps[i].start == STACK_AT)
			((unsigned char *)to)[done] = w->stack[addr - STACK_AT];
		else {
			uint64_t at = w->maps[i].offset + (addr - w->maps[i].start);

			((unsigned char *)to)[done] = at < w->size ? w->bytes[at] : 0;
		}
	}
	return done;
}

/* An address of the program's, or near it. */
static uint64_t code(struct world *w)
{
	const struct map *m = &w->maps[below(w, w->nmaps)];

	return below(w, 10) ? m->start + below(w, (size_t)(m->end - m->start)) : odd_number(w);
}

static void fill_stack(struct world *w)
{
	for (size_t i = 0; i < STACK; i += 8) {
		uint64_t v = below(w, 3) ? code(w) : STACK_AT + below(w, STACK);

		if (!below(w, 10))
			v = odd_number(w);
		memcpy(w->stack + i, &v, sizeof(v));
	}
}

static int count_line(const struct source *src, void *arg)
{
	struct world *w = arg;

	w->lines += src->line != 0;
	return 0;
}

static void count_unread(const char *file, int err, void *arg)
{
	struct world *w = arg;

	(void)file;
	w->unread += err != 0;
}

static void unwind_some(struct world *w, struct space *s, struct frames *frames)
{
	struct unwind *u;
	struct unwind_stack stack = {.start = STACK_AT, .bytes = w->stack, .size = STACK};
	struct unwind_result result;

	if (unwind_open(s, &u))
		return;
	for (unsigned n = 0; n < 8; n++) {
		stack.regs.machine = below(w, 2) ? REGS_I386 : REGS_X86_64;
		stack.regs.have = below(w, 2) ? regs_all(stack.regs.machine) : (uint32_t)draw(w);
		for (unsigned i = 0; i < REGS_COUNT; i++)
			stack.regs.v[i] = below(w, 2) ? STACK_AT + below(w, STACK) : odd_number(w);
		stack.regs.v[regs_pc(stack.regs.machine)] = code(w);
		stack.regs.v[regs_sp(stack.regs.machine)] = STACK_AT + below(w, STACK);
		if (unwind_thread(u, &stack, FRAMES, frames, &result))
			break;
		w->frames += frames->n;
		if (frames->n > ADDRESSES)
			frames->n = ADDRESSES;
	}
	unwind_close(u);
}

static void name_some(struct world *w, struct space *s, const struct frames *frames, bool lines)
{
	struct source_memory memory = {.read = give_memory, .ctx = w};
	struct symbol v[2 * ADDRESSES];
	struct buf out = {0};
	size_t n = 0;

	for (; n < frames->n; n++)
		v[n].addr = frame_lookup(&frames->v[n]);
	for (; n < 2 * ADDRESSES; n++)
		v[n].addr = code(w);
	if (symbols_find(s, v, n))
		return;
	for (size_t i = 0; i < n; i++) {
		struct regs regs = {.machine = REGS_X86_64, .have = (uint32_t)draw(w)};

		buf_clear(&out);
		if (v[i].name)
			symbols_add_name(&out, v[i].name, false);
		w->named += v[i].name != NULL;
		if (!lines)
			continue;
		if (source_each(s, v[i].addr, count_line, w))
			break;
		for (unsigned r = 0; r < REGS_COUNT; r++)
			regs.v[r] = code(w);
		(void)source_add_args(s, v[i].addr, &regs, &memory, &out);
	}
	source_unread(s, count_unread, w);
	buf_free(&out);
}

static void one_case(struct world *w, bool lines)
{
	struct space_target t = {.maps = give_maps, .read = give_memory, .ctx = w};
	struct frames frames = {0};
	struct space *s;

	if (!load(w, programs[below(w, sizeof(programs) / sizeof(*programs))]))
		exit(99);
	lay_out(w);
	for (size_t n = below(w, 12); n > 0; n--)
		change_part(w);
	if (!below(w, 6))
		lay_out(w);
	if (!below(w, 20))
		w->size = PAGE + below(w, w->size - PAGE);
	if (!w->nmaps || ftruncate(w->fd, 0) ||
		pwrite(w->fd, w->bytes, w->size, 0) != (ssize_t)w->size)
		return;
	fill_stack(w);
	if (space_open(&t, &s))
		return;
	unwind_some(w, s, &frames);
	name_some(w, s, &frames, lines);
	frames_free(&frames);
	space_close(s);
}

static struct world w;

/* Which case it was that never came back, or crashed. */
static void on_end(int sig)
{
	char text[120];
	int n = snprintf(text, sizeof(text), "# signal %d in FUZZ_CASE=%llu\n", sig,
		(unsigned long long)w.number);

	if (write(1, text, (size_t)n) < 0 || sig == SIGALRM)
		_exit(98);
	signal(sig, SIG_DFL);
	raise(sig);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/*
 * What the sanitizers find in a reader: libdw may crash there, we may not. Shared with the readers.
 */
static unsigned *bugs;

#ifdef __SANITIZE_ADDRESS__
static bool reported;

static void on_report(const char *text)
{
	const char *top = strstr(text, "#0 "), *end = top ? strstr(top, "#2 ") : NULL;
	const char *ours = top ? strstr(top, "common/") : NULL;

	reported = true;
	*bugs += ours && (!end || ours < end);
}

/* Without a report it was undefined behaviour, which is looked for in our code alone. */
static void on_death(void)
{
	*bugs += !reported;
}

static void watch_sanitizers(void)
{
	__asan_set_error_report_callback(on_report);
	__sanitizer_set_death_callback(on_death);
}
#else
static void watch_sanitizers(void)
{
}
#endif

int main(void)
{
	const char *seconds = getenv("FUZZ_SECONDS"), *seed = getenv("FUZZ_SEED"),
		   *first = getenv("FUZZ_CASE");
	double end = now() + (seconds ? atof(seconds) : SECONDS);
	uint64_t start = seed ? strtoull(seed, NULL, 0)
			      : (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u + 1,
		 cases = 0;
	bool lines = !getenv("FUZZ_NO_LINES");
	struct rusage usage;

	w.bytes = malloc(FILE_MOST);
	w.fd = memfd_create("damaged", MFD_CLOEXEC);
	bugs = mmap(NULL, sizeof(*bugs), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!w.bytes || w.fd < 0 || bugs == MAP_FAILED)
		return 99;
	watch_sanitizers();
	snprintf(w.path, sizeof(w.path), "/proc/self/fd/%d", w.fd);
	printf("# FUZZ_SEED=%llu\n", (unsigned long long)start);
	fflush(stdout);
	signal(SIGALRM, on_end);
#ifndef __SANITIZE_ADDRESS__
	signal(SIGSEGV, on_end);
	signal(SIGABRT, on_end);
#endif
	w.number = first ? strtoull(first, NULL, 0) : 0;
	/* A case depends on the seed and its number alone. */
	do {
		w.seed = (start + w.number * 0x9e3779b97f4a7c15u) | 1;
		(void)draw(&w);
		alarm(CASE_SECONDS);
		one_case(&w, lines);
		w.number++;
		cases++;
	} while (now() < end);
	alarm(0);
	getrusage(RUSAGE_SELF, &usage);
	OK(cases > 0 && w.frames > 0,
		"%llu damaged programs: %llu frames, %llu names, %llu lines, %llu unreadable",
		(unsigned long long)cases, (unsigned long long)w.frames,
		(unsigned long long)w.named, (unsigned long long)w.lines,
		(unsigned long long)w.unread);
	OK(usage.ru_maxrss < 2 << 20, "%ld KiB of memory at most", usage.ru_maxrss);
	getrusage(RUSAGE_CHILDREN, &usage);
	OK(usage.ru_maxrss < 4 << 20, "%ld KiB in a reader", usage.ru_maxrss);
	IS(*bugs, 0, "in the readers the sanitizers found nothing of ours");
	free(w.bytes);
	close(w.fd);
	return tap_end();
}
