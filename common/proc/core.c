/* SPDX-License-Identifier: MIT */
#include "proc/core.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#define NOTES_MOST  (16U << 20) /* a note for each thread, and one for all mapped files */
#define HEADERS_MAX 65536

/* Where struct elf_prpsinfo (linux/elfcore.h) has its parts: uids are 16 bits wide in the 32-bit one. */
struct layout {
	size_t pid, args, size;
};
static const struct layout layout64 = {.pid = 24, .args = 56, .size = 136};
static const struct layout layout32 = {.pid = 12, .args = 44, .size = 124};

#define ARGS_MOST  80
#define CURSIG_AT  12 /* in struct elf_prstatus, behind struct elf_siginfo */
#define CURSIG_END 14

struct reading {
	int fd;
	bool wide; /* ELFCLASS64 */
	struct core *out;
	bool found; /* its process */
};

static bool read_at(int fd, void *to, size_t n, uint64_t at)
{
	return pread(fd, to, n, (off_t)at) == (ssize_t)n;
}

static void take_psinfo(struct reading *r, const unsigned char *desc, size_t len)
{
	const struct layout *l = r->wide ? &layout64 : &layout32;
	const char *args = (const char *)desc + l->args;
	int32_t pid;
	size_t n;

	if (len < l->size || r->found)
		return;
	memcpy(&pid, desc + l->pid, sizeof(pid));
	r->out->pid = pid;
	n = strnlen(args, ARGS_MOST);
	while (n && args[n - 1] == ' ')
		n--; /* the kernel ends each argument with one */
	buf_add(&r->out->command, args, n);
	r->found = true;
}

/* The first thread's: the one that was ended. */
static void take_status(struct reading *r, const unsigned char *desc, size_t len)
{
	int16_t signal;

	if (len < CURSIG_END || r->out->signal)
		return;
	memcpy(&signal, desc + CURSIG_AT, sizeof(signal));
	r->out->signal = signal;
}

#define ALIGN4(n) (((size_t)(n) + 3) & ~(size_t)3)

static void take_notes(struct reading *r, const unsigned char *p, size_t n)
{
	while (n >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr h; /* the same in both classes */
		size_t name, desc;

		memcpy(&h, p, sizeof(h));
		name = ALIGN4(h.n_namesz);
		desc = ALIGN4(h.n_descsz);
		if (name > n || desc > n || sizeof(h) + name + desc > n)
			return;
		if (h.n_type == NT_PRPSINFO)
			take_psinfo(r, p + sizeof(h) + name, h.n_descsz);
		else if (h.n_type == NT_PRSTATUS)
			take_status(r, p + sizeof(h) + name, h.n_descsz);
		p += sizeof(h) + name + desc;
		n -= sizeof(h) + name + desc;
	}
}

static int read_notes(struct reading *r, uint64_t at, uint64_t size)
{
	unsigned char *notes;

	if (size > NOTES_MOST)
		return ERR_FORMAT;
	notes = malloc(size ? size : 1);
	if (!notes)
		return -ENOMEM;
	if (read_at(r->fd, notes, size, at))
		take_notes(r, notes, size);
	free(notes);
	return 0;
}

static int read_segments(struct reading *r, uint64_t at, unsigned n, unsigned size)
{
	int err = 0;

	if (size < (r->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)) || n > HEADERS_MAX)
		return ERR_FORMAT;
	for (unsigned i = 0; i < n && !err; i++) {
		Elf64_Phdr wide;
		Elf32_Phdr narrow;

		if (r->wide) {
			if (!read_at(r->fd, &wide, sizeof(wide), at + (uint64_t)i * size))
				return ERR_FORMAT;
			if (wide.p_type == PT_NOTE)
				err = read_notes(r, wide.p_offset, wide.p_filesz);
		} else {
			if (!read_at(r->fd, &narrow, sizeof(narrow), at + (uint64_t)i * size))
				return ERR_FORMAT;
			if (narrow.p_type == PT_NOTE)
				err = read_notes(r, narrow.p_offset, narrow.p_filesz);
		}
	}
	return err;
}

static int read_file(struct reading *r)
{
	unsigned char ident[EI_NIDENT];
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;

	if (!read_at(r->fd, ident, sizeof(ident), 0) || memcmp(ident, ELFMAG, SELFMAG) != 0 ||
		ident[EI_DATA] != ELFDATA2LSB)
		return ERR_FORMAT;
	r->wide = ident[EI_CLASS] == ELFCLASS64;
	if (r->wide) {
		if (!read_at(r->fd, &wide, sizeof(wide), 0) || wide.e_type != ET_CORE)
			return ERR_FORMAT;
		return read_segments(r, wide.e_phoff, wide.e_phnum, wide.e_phentsize);
	}
	if (!read_at(r->fd, &narrow, sizeof(narrow), 0) || narrow.e_type != ET_CORE)
		return ERR_FORMAT;
	return read_segments(r, narrow.e_phoff, narrow.e_phnum, narrow.e_phentsize);
}

int core_read(const char *path, struct core *out)
{
	struct reading r = {.out = out};
	struct stat s;
	int err;

	*out = (struct core){0};
	/* A FIFO or a device must not make us wait. */
	r.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (r.fd < 0)
		return -errno;
	err = fstat(r.fd, &s) < 0 ? -errno : S_ISREG(s.st_mode) ? read_file(&r) : ERR_FORMAT;
	close(r.fd);
	if (!err && out->command.failed)
		err = -ENOMEM;
	return err ? err : r.found ? 0 : ERR_FORMAT;
}

void core_free(struct core *c)
{
	buf_free(&c->command);
}
