/* SPDX-License-Identifier: MIT */
#include "mount_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX   (64U << 20)
#define READ_BYTES 8192

/* "\040" and its like, in place. The new length. */
static size_t unescape(char *s)
{
	char *to = s;

	for (const char *from = s; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
			from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
	return (size_t)(to - s);
}

/* The next word of a line, unescaped. */
static bool next_word(const struct mount_table *t, char **rest, struct span *out)
{
	char *word = *rest ? strsep(rest, " ") : NULL;

	if (!word)
		return false;
	*out = (struct span){.at = (size_t)(word - t->text.data), .len = (uint32_t)unescape(word)};
	return true;
}

/* "36 35 98:0 /root /point rw,noatime shared:1 - ext3 /dev/root rw": the optional fields end at the dash. */
static bool parse_row(const struct mount_table *t, char *line, struct mount_row *r)
{
	struct span skip;
	char *rest = line;

	r->id = strtoll(line, &rest, 10);
	if (rest == line)
		return false;
	(void)strtoll(rest, &rest, 10); /* what it is mounted on */
	r->dev_major = (unsigned)strtoul(rest, &rest, 10);
	if (*rest++ != ':')
		return false;
	r->dev_minor = (unsigned)strtoul(rest, &rest, 10);
	if (*rest++ != ' ')
		return false;
	if (!next_word(t, &rest, &skip) || !next_word(t, &rest, &r->point))
		return false;
	do {
		if (!next_word(t, &rest, &skip))
			return false;
	} while (strcmp(mount_table_text(t, skip), "-") != 0);
	return next_word(t, &rest, &r->type) && next_word(t, &rest, &r->source);
}

static int add_row(struct mount_table *t, char *line)
{
	struct mount_row r;

	if (!parse_row(t, line, &r))
		return 0;
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 64;
		struct mount_row *grown = reallocarray(t->row, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		t->row = grown;
		t->cap = cap;
	}
	t->row[t->n++] = r;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct mount_row *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* Only if something is wrong with /proc there is nothing to read. */
static void read_all(int fd, struct buf *out)
{
	ssize_t n;

	do {
		char *to = out->len < TEXT_MAX ? buf_room(out, READ_BYTES) : NULL;

		n = to ? read(fd, to, READ_BYTES) : 0;
		if (n > 0)
			buf_grew(out, (size_t)n);
	} while (n > 0);
}

static int parse(struct mount_table *t)
{
	char *rest = t->text.len ? t->text.data : NULL, *line;
	int err = t->text.failed ? -ENOMEM : 0;

	while (!err && (line = strsep(&rest, "\n")))
		err = add_row(t, line);
	if (t->n)
		qsort(t->row, t->n, sizeof(*t->row), by_id);
	return err;
}

int mount_table_read(struct mount_table *t, const struct proc *p)
{
	if (t->read)
		return 0;
	t->read = true;
	(void)!proc_read_file(p, "mountinfo", TEXT_MAX, &t->text);
	return parse(t);
}

int mount_table_take(struct mount_table *t, int fd)
{
	t->read = true;
	read_all(fd, &t->text);
	return parse(t);
}

void mount_table_free(struct mount_table *t)
{
	if (!t->borrowed) {
		free(t->row);
		buf_free(&t->text);
	}
	memset(t, 0, sizeof(*t));
}

const struct mount_row *mount_table_find(const struct mount_table *t, int64_t id)
{
	const struct mount_row key = {.id = id};

	return t->n ? bsearch(&key, t->row, t->n, sizeof(key), by_id) : NULL;
}

const char *mount_table_text(const struct mount_table *t, struct span s)
{
	return t->text.data + s.at;
}
