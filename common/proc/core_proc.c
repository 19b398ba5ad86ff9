/* SPDX-License-Identifier: MIT */
#include "proc/core_proc.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "proc/core.h"
#include "proc/core_image.h"
#include "proc/handle.h"
#include "proc/maps.h"

#define THREADS_MOST (1U << 20)
#define FILES_MOST   (1U << 20)

/* Where struct elf_prstatus (linux/elfcore.h) has its parts. */
struct status_layout {
	size_t blocked, blocked_len, pid, regs, regs_len;
};
static const struct status_layout status64 = {24, 8, 32, 112, 216}, status32 = {20, 4, 24, 72, 68};

/* A mapped file, out of NT_FILE. */
struct core_file {
	uint64_t start, end, offset;
	const char *name; /* in the notes */
};

struct core_proc {
	struct proc base; /* first: the handle */
	struct core_image image;
	struct core about;
	struct core_thread *thread;
	size_t threads;
	struct core_file *file;
	size_t files;
	const unsigned char *auxv;
	size_t auxv_len;
	uint64_t vdso; /* address, 0: none */
	struct core_death death;
};

static struct core_proc *core_of(const struct proc *p)
{
	return (struct core_proc *)(uintptr_t)p;
}

/* ---- notes ---- */

static int grow(void **v, size_t n, size_t size, size_t most)
{
	void *grown;

	if (n & (n - 1) || (n && n < 16))
		return 0; /* room up to the next power of two */
	if (n >= most)
		return ERR_FORMAT;
	grown = reallocarray(*v, n ? n * 2 : 16, size);
	if (!grown)
		return -ENOMEM;
	*v = grown;
	return 0;
}

static int take_status(struct core_proc *c, const struct core_note *note)
{
	const struct status_layout *l = c->image.wide ? &status64 : &status32;
	struct core_thread t = {0};
	void *v = c->thread;
	int32_t pid;
	int err;

	if (note->len < l->regs + l->regs_len)
		return 0;
	memcpy(&pid, note->desc + l->pid, sizeof(pid));
	t.tid = pid;
	memcpy(&t.blocked, note->desc + l->blocked, l->blocked_len);
	if (!context_user(&t.context, note->desc + l->regs, l->regs_len))
		return 0;
	err = grow(&v, c->threads, sizeof(t), THREADS_MOST);
	c->thread = v;
	if (!err)
		c->thread[c->threads++] = t;
	return err;
}

/* si_signo, si_errno, si_code; then, at the next pointer, si_addr where there is one (sigaction(2)). */
static void take_siginfo(struct core_proc *c, const struct core_note *note)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
	size_t at = c->image.wide ? 16 : 12, wide = c->image.wide ? 8 : 4;
	struct core_death *d = &c->death;
	int32_t word[3];

	if (note->len < at + wide || d->code)
		return;
	memcpy(word, note->desc, sizeof(word));
	d->signal = word[0];
	d->code = word[2];
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		d->has_addr |= word[0] == faults[i] && d->code > 0;
	memcpy(&d->addr, note->desc + at, wide);
}

static uint64_t word_at(const struct core_proc *c, const unsigned char *p)
{
	uint64_t wide;
	uint32_t narrow;

	if (!c->image.wide) {
		memcpy(&narrow, p, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, p, sizeof(wide));
	return wide;
}

/* Count and page size; for each start, end and offset in pages; then the names, each with its NUL. */
static int take_files(struct core_proc *c, const struct core_note *note)
{
	size_t word = c->image.wide ? 8 : 4, names;
	uint64_t n, page;

	if (c->file || note->len < 2 * word)
		return 0;
	n = word_at(c, note->desc);
	page = word_at(c, note->desc + word);
	if (n > FILES_MOST || n > (note->len - 2 * word) / (3 * word))
		return 0;
	c->file = calloc(n ? n : 1, sizeof(*c->file));
	if (!c->file)
		return -ENOMEM;
	names = 2 * word + n * 3 * word;
	for (size_t i = 0; i < n; i++) {
		const unsigned char *row = note->desc + (2 + 3 * i) * word;
		const char *name = (const char *)note->desc + names;
		size_t len = strnlen(name, note->len - names);

		if (len == note->len - names)
			break; /* no NUL: torn */
		c->file[c->files] = (struct core_file){word_at(c, row), word_at(c, row + word),
			word_at(c, row + 2 * word) * page, name};
		if (c->file[c->files].start < c->file[c->files].end)
			c->files++;
		names += len + 1;
	}
	return 0;
}

static void take_auxv(struct core_proc *c, const struct core_note *note)
{
	size_t word = c->image.wide ? 8 : 4;

	c->auxv = note->desc;
	c->auxv_len = note->len;
	for (size_t at = 0; at + 2 * word <= note->len; at += 2 * word) {
		if (word_at(c, note->desc + at) == AT_SYSINFO_EHDR)
			c->vdso = word_at(c, note->desc + at + word);
	}
}

static int take_note(const struct core_note *note, void *arg)
{
	struct core_proc *c = arg;

	switch (note->type) {
	case NT_PRSTATUS: return take_status(c, note);
	case NT_SIGINFO: take_siginfo(c, note); return 0;
	case NT_FILE: return take_files(c, note);
	case NT_AUXV: take_auxv(c, note); return 0;
	default: return 0;
	}
}

/* ---- the handle ---- */

static int core_check(const struct proc *p)
{
	(void)p;
	return 0;
}

static int core_read_mem(const struct proc *p, uint64_t addr, void *buf, size_t len)
{
	return core_image_read(&core_of(p)->image, addr, buf, len) == len ? 0 : -EFAULT;
}

static int core_stat_fd(int fd_dir, const char *name, struct statx *out)
{
	(void)fd_dir, (void)name, (void)out;
	return ERR_NOTSUP;
}

static int core_read_file(const struct proc *p, const char *rel, struct buf *out)
{
	const struct core_proc *c = core_of(p);

	if (strcmp(rel, "cmdline") == 0)
		buf_add(out, buf_cstr(&c->about.command), c->about.command.len);
	else if (strcmp(rel, "comm") == 0)
		buf_str(out, c->about.name);
	else if (strcmp(rel, "auxv") == 0 && c->auxv)
		buf_add(out, c->auxv, c->auxv_len);
	else
		return -ENOENT;
	return out->failed ? -ENOMEM : 0;
}

static const struct core_file *file_at(const struct core_proc *c, uint64_t addr)
{
	size_t lo = 0, hi = c->files;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (c->file[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < c->files && c->file[lo].start <= addr ? &c->file[lo] : NULL;
}

static struct map map_of(const struct core_proc *c, const struct core_segment *s)
{
	const struct core_file *f = file_at(c, s->start);
	struct map m = {.start = s->start,
		.end = s->end,
		.read = s->read,
		.write = s->write,
		.exec = s->exec,
		.name = ""};

	if (f) {
		m.name = f->name;
		m.offset = f->offset + (s->start - f->start);
	} else if (c->vdso && s->start <= c->vdso && c->vdso < s->end) {
		m.name = "[vdso]";
	}
	return m;
}

/* A file that no segment speaks of: gcore leaves out what can be read from the file. */
static struct map map_of_file(const struct core_file *f)
{
	return (struct map){.start = f->start,
		.end = f->end,
		.offset = f->offset,
		.read = true,
		.exec = true,
		.name = f->name};
}

static int core_maps(const struct proc *p, map_fn *fn, void *arg)
{
	const struct core_proc *c = core_of(p);
	size_t at = 0;
	int err = 0;

	for (size_t i = 0; !err && (i < c->image.segments || at < c->files);) {
		const struct core_segment *s = i < c->image.segments ? &c->image.segment[i] : NULL;
		const struct core_file *f = at < c->files ? &c->file[at] : NULL;
		struct map m;

		if (f && core_image_find(&c->image, f->start)) {
			at++;
			continue;
		}
		if (s && (!f || s->start < f->start)) {
			m = map_of(c, s);
			i++;
		} else {
			m = map_of_file(f);
			at++;
		}
		err = fn(&m, arg);
	}
	return err;
}

static void core_close(struct proc *p)
{
	struct core_proc *c = core_of(p);

	core_image_close(&c->image);
	core_free(&c->about);
	free(c->thread);
	free(c->file);
}

static const struct handle_ops handle_core = {
	.live = false,
	.check = core_check,
	.read_mem = core_read_mem,
	.stat_fd = core_stat_fd,
	.read_file = core_read_file,
	.maps = core_maps,
	.close = core_close,
};

static int by_start(const void *a, const void *b)
{
	const struct core_file *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

int proc_open_core(const char *path, struct proc **out)
{
	struct core_proc *c = calloc(1, sizeof(*c));
	int err = c ? core_image_open(path, &c->image) : -ENOMEM;

	*out = NULL;
	if (err) {
		free(c);
		return err;
	}
	err = core_take(&c->image, &c->about);
	if (!err)
		err = core_image_each_note(&c->image, take_note, c);
	c->base = (struct proc){.ops = &handle_core, .pid = c->about.pid, .dir = -1, .pidfd = -1};
	if ((err == ERR_FORMAT || (!err && !c->threads)) && c->image.notes_lost)
		err = ERR_TRUNCATED;
	else if (!err && !c->threads)
		err = ERR_FORMAT;
	if (err) {
		proc_close(&c->base);
		return err;
	}
	if (c->files)
		qsort(c->file, c->files, sizeof(*c->file), by_start);
	if (!c->death.signal)
		c->death.signal = c->about.signal;
	*out = &c->base;
	return 0;
}

size_t proc_core_threads(const struct proc *p)
{
	return core_of(p)->threads;
}

const struct core_thread *proc_core_thread(const struct proc *p, size_t i)
{
	return &core_of(p)->thread[i];
}

struct core_death proc_core_death(const struct proc *p)
{
	return core_of(p)->death;
}

bool proc_core_is_narrow(const struct proc *p)
{
	return !core_of(p)->image.wide;
}

uint64_t proc_core_lacks(const struct proc *p)
{
	return core_of(p)->image.notes_lost ? UINT64_MAX : core_image_lacks(&core_of(p)->image);
}

size_t proc_core_read(void *ctx, uint64_t addr, void *to, size_t n)
{
	return core_image_read(&core_of(ctx)->image, addr, to, n);
}
