/* SPDX-License-Identifier: MIT */
/* "name;outermost;...;innermost count": the format that flame graph programs read. */
#include <errno.h>
#include <string.h>

#include "base/escape.h"
#include "groups.h"
#include "kernel.h"
#include "show.h"

/* Semicolons part the frames, a blank the count. */
static void add_part(struct buf *out, const char *s, size_t n)
{
	size_t from = out->len;

	escape_add(out, s, n);
	for (size_t i = from; i < out->len; i++) {
		if (out->data[i] == ';')
			out->data[i] = ':';
	}
}

struct kernel_part {
	struct buf *out;
	size_t from; /* where the kernel's frames begin: each goes before the others */
};

static void add_kernel(const char *name, size_t len, unsigned long offset, void *arg)
{
	struct kernel_part *k = arg;
	struct buf all = {0};

	(void)offset;
	buf_chr(&all, ';');
	add_part(&all, name, len);
	buf_str(&all, "_[k]");
	buf_add(&all, buf_cstr(k->out) + k->from, k->out->len - k->from);
	k->out->failed |= all.failed;
	k->out->len = k->from;
	buf_add(k->out, buf_cstr(&all), all.len);
	buf_free(&all);
}

static void add_stack(
	struct buf *out, struct picture *pic, const struct opts *o, const struct thread *t)
{
	const struct frame *f = picture_frames(pic, t);
	struct kernel_part k = {.out = out};

	if (*t->name)
		add_part(out, t->name, strlen(t->name));
	else
		buf_fmt(out, "%d", (int)proc_pid(pic->p));
	for (size_t i = t->frames; i-- > 0;) {
		const struct name *n = names_text(&pic->names, frame_lookup(&f[i]), o->raw);

		buf_chr(out, ';');
		if (n)
			add_part(out, n->text, strlen(n->text));
	}
	k.from = out->len;
	kernel_each(t, add_kernel, &k);
}

int show_flame(struct cli *c, const struct opts *o, struct picture *pic)
{
	struct buf text = {0};
	struct groups g;
	int err = groups_make(pic, GROUPS_NAME, &g);

	if (err)
		return err;
	for (size_t i = 0; i < g.n; i++) {
		const struct thread *t = &pic->thread[g.member[g.from[i]]];

		if (!t->frames)
			continue;
		add_stack(&text, pic, o, t);
		buf_fmt(&text, " %zu\n", g.from[i + 1] - g.from[i]);
	}
	err = text.failed ? -ENOMEM : 0;
	cli_write(c, &text);
	buf_free(&text);
	groups_free(&g);
	return err;
}
