/* SPDX-License-Identifier: MIT */
/*
 * Core files that anybody may have made: a sound one, made here, then bytes of its headers and notes changed, cut
 * short or put elsewhere. Whatever comes of it, reading comes to an end, stays within its own memory (the
 * sanitizers) and gives mappings in order. FUZZ_SECONDS and FUZZ_SEED in the environment, as in decode.c.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/core.h"
#include "proc/core_proc.h"
#include "proc/maps.h"
#include "proc/snap.h"
#include "proc/threads.h"
#include "tap.h"

enum { SECONDS = 3, ROOM = 16384, THREADS = 3 };

static uint64_t seed;

/* xorshift64*, so that a seed says it all. */
static uint64_t draw(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545f4914f6cdd1dull;
}

static size_t below(size_t n)
{
	return n ? (size_t)(draw() >> 33) % n : 0;
}

/* ---- a sound one ---- */

struct image {
	unsigned char bytes[ROOM];
	size_t len, notes, notes_len;
};

static void add_note(struct image *m, unsigned type, const void *desc, size_t n)
{
	Elf64_Nhdr h = {.n_namesz = 5, .n_descsz = (Elf64_Word)n, .n_type = type};

	memcpy(m->bytes + m->len, &h, sizeof(h));
	memcpy(m->bytes + m->len + sizeof(h), "CORE\0\0\0", 8);
	memcpy(m->bytes + m->len + sizeof(h) + 8, desc, n);
	m->len += sizeof(h) + 8 + ((n + 3) & ~(size_t)3);
}

static void add_notes(struct image *m)
{
	unsigned char status[336] = {0}, info[136] = {0}, sig[128] = {11, 0, 0, 0, 0, 0, 0, 0, 1};
	uint64_t files[2 + 6] = {2, 4096, 0x10000, 0x12000, 0, 0x20000, 0x21000, 1};
	unsigned char file_note[sizeof(files) + 16];
	uint64_t auxv[4] = {AT_SYSINFO_EHDR, 0x20000, 0, 0};

	status[12] = 11;
	for (unsigned char i = 0; i < THREADS; i++) {
		status[32] = (unsigned char)(10 + i);
		status[112 + 16 * 8 + 2] = 1; /* rip, rsp: in the segments */
		status[112 + 19 * 8 + 2] = 1;
		add_note(m, NT_PRSTATUS, status, sizeof(status));
	}
	info[24] = 10;
	memcpy(info + 40, "fuzz", 5);
	memcpy(info + 56, "fuzz -x ", 9);
	add_note(m, NT_PRPSINFO, info, sizeof(info));
	add_note(m, NT_SIGINFO, sig, sizeof(sig));
	add_note(m, NT_AUXV, auxv, sizeof(auxv));
	memcpy(file_note, files, sizeof(files));
	memcpy(file_note + sizeof(files), "/bin/a\0/lib/b.so\0", 16);
	add_note(m, NT_FILE, file_note, sizeof(file_note));
}

static void make(struct image *m, bool narrow_class)
{
	Elf64_Ehdr e = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1},
		.e_type = ET_CORE,
		.e_phoff = sizeof(e),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3};
	Elf64_Phdr p[3] = {{.p_type = PT_NOTE},
		{.p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_vaddr = 0x10000, .p_memsz = 0x2000},
		{.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x20000, .p_memsz = 0x1000}};

	memset(m, 0, sizeof(*m));
	m->len = m->notes = sizeof(e) + sizeof(p);
	add_notes(m);
	m->notes_len = m->len - m->notes;
	p[0].p_offset = m->notes;
	p[0].p_filesz = m->notes_len;
	for (int i = 1; i < 3; i++) {
		p[i].p_offset = m->len;
		p[i].p_filesz = 0x800;
		m->len += 0x800;
	}
	if (narrow_class)
		e.e_ident[EI_CLASS] = ELFCLASS32;
	memcpy(m->bytes, &e, sizeof(e));
	memcpy(m->bytes + sizeof(e), p, sizeof(p));
}

/* ---- harm ---- */

static void spoil(struct image *m)
{
	static const uint64_t odd[] = {0, 1, 0xff, 0xffff, 0x7fffffff, 0xffffffff, 1ull << 40,
		~0ull, 1ull << 63, 0x8000, 4096};

	for (size_t n = below(8); n > 0; n--) {
		uint64_t v = below(2) ? draw() : odd[below(sizeof(odd) / sizeof(*odd))];
		size_t at = below(below(3) ? m->notes + m->notes_len : 256),
		       some = 1ull << below(4);

		if (at + some < m->len)
			memcpy(m->bytes + at, &v, some);
	}
	if (!below(4))
		m->len = below(m->len);
}

/* ---- reading ---- */

struct seen {
	uint64_t end;
	unsigned maps, bad;
};

static int see_map(const struct map *map, void *arg)
{
	struct seen *s = arg;

	s->maps++;
	s->bad += map->start > map->end || !map->name || strlen(map->name) > ROOM;
	return 0;
}

static unsigned read_threads(struct proc *p, const struct spans *maps)
{
	static unsigned char room[1 << 16];
	unsigned bad = 0;

	for (size_t i = 0; i < proc_core_threads(p); i++) {
		const struct core_thread *t = proc_core_thread(p, i);
		struct snap s = {.tid = t->tid, .context = t->context};
		size_t used = snap_copy(&s, maps, proc_core_read, p, room, sizeof(room), 4096);
		uint64_t word;

		bad += used > sizeof(room) || s.pieces > SNAP_PIECES;
		(void)!snap_read(&s, room, t->context.sp, &word, sizeof(word));
		(void)!snap_was_cut(&s, maps, t->context.sp + 4096);
		s.nr = context_call(&s.context, s.arg);
	}
	return bad;
}

static unsigned read_one(const char *path, unsigned *sound)
{
	struct seen seen = {0};
	struct spans maps = {0};
	struct buf text = {0};
	struct core about;
	struct proc *p;
	char bytes[64];
	int err = core_read(path, &about);

	core_free(&about);
	err = proc_open_core(path, &p);
	if (err)
		return err != ERR_FORMAT && err != ERR_TRUNCATED;
	*sound += 1;
	err = maps_each(p, see_map, &seen);
	if (!err)
		err = spans_read(p, &maps);
	seen.bad += err != 0 || read_threads(p, &maps);
	for (int i = 0; i < 8; i++)
		(void)!proc_read_mem(p, 0x10000 + below(0x14000), bytes, below(sizeof(bytes)));
	(void)!proc_cmdline(p, 4096, &text);
	(void)proc_core_death(p);
	(void)proc_core_lacks(p);
	buf_free(&text);
	spans_free(&maps);
	proc_close(p);
	return seen.bad;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Lines of /proc/PID/maps, and places of threads: text of the kernel's, spoilt. */
static void spoil_texts(void)
{
	static const char *const good[] = {
		"7fddcb100000-7fddcb200000 r-xp 00026000 fe:00 1234567                    /usr/lib/libc.so.6",
		"0 0x7ffd 0x1 0x2 0x3 0x4 0x5 0x7ffc12345678 0x7fddcb1d3e53\n", "running\n",
		"-1 0x0 0x0\n"};
	struct thread_place at;
	struct map map;
	char line[128];

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		snprintf(line, sizeof(line), "%s", good[i]);
		for (size_t n = below(6); n > 0; n--)
			line[below(strlen(good[i]))] = (char)draw();
		(void)!maps_parse_line(line, &map);
		(void)!thread_place_parse(line, &at);
	}
}

int main(void)
{
	const char *seconds = getenv("FUZZ_SECONDS"), *given = getenv("FUZZ_SEED");
	double end = now() + (seconds ? atof(seconds) : SECONDS);
	static struct image m;
	unsigned tried = 0, sound = 0, bad = 0;
	char path[] = "/tmp/ptools-fuzz.XXXXXX";
	int fd = mkstemp(path);

	seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u + 1;
	printf("# FUZZ_SEED=%llu\n", (unsigned long long)seed);
	OK(fd >= 0, "a file to write them into");
	do {
		make(&m, !below(8));
		spoil(&m);
		if (ftruncate(fd, 0) || pwrite(fd, m.bytes, m.len, 0) != (ssize_t)m.len)
			break;
		bad += read_one(path, &sound);
		spoil_texts();
		tried++;
	} while (now() < end && bad < 5);
	OK(tried > 0 && sound > 0, "%u core files, %u of them taken for one", tried, sound);
	IS(bad, 0, "nothing came out that should not");
	close(fd);
	unlink(path);
	return tap_end();
}
