/* SPDX-License-Identifier: MIT */
#include "far_numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The number behind `key` in a file of another process's fdinfo; -1 if there is none. */
static long fdinfo_number(const struct holder *h, const char *key)
{
	char path[64], text[512], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)h->pid, h->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, key);
	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

/* While the holders of one sort are numbered. */
struct numbering {
	struct far_numbers *out;
	const char *key;
};

static int number_one(const struct holder *h, void *arg)
{
	const struct numbering *g = arg;
	struct far_numbers *t = g->out;
	long number = fdinfo_number(h, g->key);

	if (number < 0)
		return 0;
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 64;
		struct far_number *grown = reallocarray(t->row, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		t->row = grown;
		t->cap = cap;
	}
	t->row[t->n++] = (struct far_number){.number = number, .holder = *h};
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct far_number *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (x->holder.pid != y->holder.pid)
		return x->holder.pid < y->holder.pid ? -1 : 1;
	return x->holder.fd < y->holder.fd ? -1 : x->holder.fd > y->holder.fd;
}

int far_numbers_each(const struct far_numbers *t, long number, holder_each *each, void *arg)
{
	size_t low = 0, high = t->n;
	int err = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->row[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < t->n && t->row[low].number == number && !err; low++)
		err = each(&t->row[low].holder, arg);
	return err;
}

static int number_all(
	struct far_numbers *t, const struct holders *h, const char *link, const char *key)
{
	struct numbering g = {.out = t, .key = key};
	int err = holders_of(h, HOLDER_TEXT, holders_text(link, strlen(link)), number_one, &g);

	if (t->n)
		qsort(t->row, t->n, sizeof(*t->row), by_number);
	return err;
}

int far_numbers_masters(struct far_numbers *t, const struct holders *h)
{
	int err;

	if (t->read)
		return 0;
	t->read = true;
	err = number_all(t, h, "/dev/ptmx", "\ntty-index:\t");
	return err ? err : number_all(t, h, "/dev/pts/ptmx", "\ntty-index:\t");
}

int far_numbers_eventfds(struct far_numbers *t, const struct holders *h)
{
	if (t->read)
		return 0;
	t->read = true;
	return number_all(t, h, "anon_inode:[eventfd]", "\neventfd-id: ");
}

void far_numbers_free(struct far_numbers *t)
{
	free(t->row);
	*t = (struct far_numbers){0};
}
