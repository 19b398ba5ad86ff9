/* SPDX-License-Identifier: MIT */
#include "proc/core.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "proc/core_image.h"

/* Where struct elf_prpsinfo (linux/elfcore.h) has its parts: uids are 16 bits wide in the 32-bit one. */
struct layout {
	size_t pid, name, args, size;
};
static const struct layout layout64 = {.pid = 24, .name = 40, .args = 56, .size = 136};
static const struct layout layout32 = {.pid = 12, .name = 28, .args = 44, .size = 124};

#define NAME_MOST  16
#define ARGS_MOST  80
#define CURSIG_AT  12 /* in struct elf_prstatus, behind struct elf_siginfo */
#define CURSIG_END 14

struct reading {
	bool wide; /* ELFCLASS64 */
	struct core *out;
	bool found; /* its process */
};

static void take_psinfo(struct reading *r, const struct core_note *note)
{
	const struct layout *l = r->wide ? &layout64 : &layout32;
	const char *args = (const char *)note->desc + l->args;
	int32_t pid;
	size_t n;

	if (note->len < l->size || r->found)
		return;
	memcpy(&pid, note->desc + l->pid, sizeof(pid));
	r->out->pid = pid;
	memcpy(r->out->name, note->desc + l->name, NAME_MOST);
	n = strnlen(args, ARGS_MOST);
	while (n && args[n - 1] == ' ')
		n--; /* the kernel ends each argument with one */
	buf_add(&r->out->command, args, n);
	r->found = true;
}

/* The first thread's: the one that was ended. */
static void take_status(struct reading *r, const struct core_note *note)
{
	int16_t signal;

	if (note->len < CURSIG_END || r->out->signal)
		return;
	memcpy(&signal, note->desc + CURSIG_AT, sizeof(signal));
	r->out->signal = signal;
}

static int take_note(const struct core_note *note, void *arg)
{
	struct reading *r = arg;

	if (note->type == NT_PRPSINFO)
		take_psinfo(r, note);
	else if (note->type == NT_PRSTATUS)
		take_status(r, note);
	return 0;
}

int core_take(const struct core_image *image, struct core *out)
{
	struct reading r = {.wide = image->wide, .out = out};

	*out = (struct core){0};
	(void)!core_image_each_note(image, take_note, &r);
	if (out->command.failed)
		return -ENOMEM;
	return r.found ? 0 : ERR_FORMAT;
}

int core_read(const char *path, struct core *out)
{
	struct core_image image;
	int err = core_image_open(path, &image);

	*out = (struct core){0};
	if (err)
		return err;
	err = core_take(&image, out);
	core_image_close(&image);
	return err;
}

void core_free(struct core *c)
{
	buf_free(&c->command);
}
