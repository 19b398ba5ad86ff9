/* SPDX-License-Identifier: MIT */
#include "difference.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "notes.h"

/* A line of its own behind the notes there are. */
static void begin(struct facts *f, struct desc *d, const char *word)
{
	size_t at = f->notes.len;
	struct buf copy = {0};

	/* Copied aside first: the buffer may move while it grows. */
	if (d->notes.len)
		buf_add(&copy, f->notes.data + d->notes.at, d->notes.len);
	buf_add(&f->notes, buf_cstr(&copy), copy.len);
	f->notes.failed |= copy.failed;
	buf_free(&copy);
	note_item(&f->notes, "difference");
	note_word(&f->notes, word);
	d->notes = (struct span){.at = at, .len = (uint32_t)(f->notes.len - at)};
}

/* The line that was just begun goes on. */
static void grew(struct facts *f, struct desc *d)
{
	d->notes.len = (uint32_t)(f->notes.len - d->notes.at);
}

static bool same_file(
	const struct facts *x, const struct desc *a, const struct facts *y, const struct desc *b)
{
	if (a->state != b->state || a->err_stat != b->err_stat)
		return false;
	if (a->ino != b->ino || a->dev_major != b->dev_major || a->dev_minor != b->dev_minor ||
		a->kind != b->kind || ((a->mode ^ b->mode) & S_IFMT))
		return false;
	/* Anonymous files of one kind have one inode, but some have a name. */
	return (a->mode & S_IFMT) ||
		(a->path.len == b->path.len &&
			memcmp(x->paths.data + a->path.at, y->paths.data + b->path.at,
				a->path.len) == 0);
}

static void moved(struct facts *f, struct desc *d, const struct desc *before)
{
	begin(f, d, "moved");
	note_num(&f->notes, "offset-before", before->pos);
	grew(f, d);
}

static void flags_changed(struct facts *f, struct desc *d, const struct desc *before)
{
	begin(f, d, "flags");
	note_bits(&f->notes, "flags-before", "open_flags", before->flags);
	grew(f, d);
}

/* The same number and file at both looks. */
static bool changed(struct facts *f, struct desc *d, const struct desc *before)
{
	bool pos = d->has_pos && before->has_pos && !d->err_pos && !before->err_pos &&
		d->pos != before->pos;
	bool flags = !d->err_flags && !before->err_flags && d->flags != before->flags;

	if (pos)
		moved(f, d, before);
	if (flags)
		flags_changed(f, d, before);
	return pos || flags;
}

int difference_find(struct facts *before, struct facts *after, struct difference **out, size_t *n)
{
	size_t i = 0, j = 0, k = 0;
	struct difference *list = calloc(before->ndesc + after->ndesc + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	while (i < before->ndesc || j < after->ndesc) {
		struct desc *old = i < before->ndesc ? &before->desc[i] : NULL;
		struct desc *new = j < after->ndesc ? &after->desc[j] : NULL;
		bool both = old && new && old->fd == new->fd;
		bool gone = old &&
			(!new || old->fd < new->fd ||
				(both && !same_file(before, old, after, new)));

		if (gone) {
			begin(before, old, "closed");
			list[k++] = (struct difference){before, old};
			i++;
			if (!both)
				continue;
		}
		if (gone || !both)
			begin(after, new, "opened");
		if (gone || !both || changed(after, new, old))
			list[k++] = (struct difference){after, new};
		i += both && !gone;
		j++;
	}
	*out = list;
	*n = k;
	return before->notes.failed || after->notes.failed ? -ENOMEM : 0;
}
