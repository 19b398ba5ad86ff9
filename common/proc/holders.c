/* SPDX-License-Identifier: MIT */
#include "proc/holders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LIST_BYTES 32768
#define END        UINT32_MAX /* of a chain */

struct row {
	uint64_t key;
	pid_t pid;
	int fd;
	uint32_t next; /* with the same remainder */
};

struct holders {
	struct row *row;
	size_t n, cap;
	uint32_t *first; /* by remainder: chains in ascending order */
	size_t chains;   /* a power of two */
	size_t hidden;
	uint64_t when;
};

/* linux/dirent.h has none for programs. */
struct entry {
	uint64_t ino, off;
	uint16_t len;
	uint8_t type;
	char name[];
};

/* The kind lies in the two lowest bits. */
static uint64_t key_of(enum holder_kind kind, uint64_t number)
{
	return number << 2 | (unsigned)kind;
}

/* FNV-1a */
uint64_t holders_text(const void *link, size_t len)
{
	const unsigned char *c = link;
	uint64_t hash = 0xcbf29ce484222325;

	while (len--)
		hash = (hash ^ *c++) * 0x100000001b3;
	return hash;
}

static uint64_t key_of_link(const char *link, size_t len)
{
	static const char sock[] = "socket:[", pipe[] = "pipe:[";

	if (len > sizeof(sock) && memcmp(link, sock, sizeof(sock) - 1) == 0)
		return key_of(HOLDER_SOCKET, strtoull(link + sizeof(sock) - 1, NULL, 10));
	if (len > sizeof(pipe) && memcmp(link, pipe, sizeof(pipe) - 1) == 0)
		return key_of(HOLDER_PIPE, strtoull(link + sizeof(pipe) - 1, NULL, 10));
	return key_of(HOLDER_TEXT, holders_text(link, len));
}

/* -1: there is no such number in the name. */
static int number_of(const char *name)
{
	char *end;
	unsigned long n = strtoul(name, &end, 10);

	return end == name || *end || n > INT_MAX ? -1 : (int)n;
}

static int add_row(struct holders *h, uint64_t key, pid_t pid, int fd)
{
	if (h->n == h->cap) {
		size_t cap = h->cap ? h->cap * 2 : 1024;
		struct row *grown = cap < END ? reallocarray(h->row, cap, sizeof(*grown)) : NULL;

		if (!grown)
			return -ENOMEM;
		h->row = grown;
		h->cap = cap;
	}
	h->row[h->n++] = (struct row){key, pid, fd, END};
	return 0;
}

static int add_fd(struct holders *h, int dir, pid_t pid, const char *name)
{
	char link[PATH_MAX + 1];
	int fd = number_of(name);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = readlinkat(dir, name, link, sizeof(link) - 1);
	if (n <= 0)
		return 0; /* closed meanwhile */
	link[n] = '\0';
	return add_row(h, key_of_link(link, (size_t)n), pid, fd);
}

/* All of one process. getdents64(2), for a readdir(3) costs as much again in memory for each process. */
static int add_process(struct holders *h, int proc, pid_t pid)
{
	char path[32], list[LIST_BYTES] __attribute__((aligned(8)));
	int dir, err = 0;
	long n;

	snprintf(path, sizeof(path), "%d/fd", (int)pid);
	dir = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		h->hidden += errno == EACCES || errno == EPERM;
		return 0;
	}
	while (!err && (n = syscall(SYS_getdents64, dir, list, sizeof(list))) > 0) {
		for (long at = 0; at < n && !err;) {
			const struct entry *e = (const void *)(list + at);

			err = add_fd(h, dir, pid, e->name);
			at += e->len;
		}
	}
	/* The directory opens for everybody; it is the reading that is refused. */
	if (!err && n < 0)
		h->hidden += errno == EACCES || errno == EPERM;
	close(dir);
	return err;
}

static int chain_up(struct holders *h)
{
	h->chains = 64;
	while (h->chains < h->n)
		h->chains *= 2;
	h->first = malloc(h->chains * sizeof(*h->first));
	if (!h->first)
		return -ENOMEM;
	for (size_t i = 0; i < h->chains; i++)
		h->first[i] = END;
	for (size_t i = h->n; i-- > 0;) {
		uint32_t *first =
			&h->first[h->row[i].key * 0x9e3779b97f4a7c15 >> 32 & (h->chains - 1)];

		h->row[i].next = *first;
		*first = (uint32_t)i;
	}
	return 0;
}

static int scan(struct holders *h, pid_t skip)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (e = readdir(dir)) != NULL) {
		int pid = number_of(e->d_name);

		if (pid > 0 && pid != skip)
			err = add_process(h, dirfd(dir), pid);
	}
	closedir(dir);
	return err ? err : chain_up(h);
}

int holders_scan(pid_t skip, struct holders **out)
{
	struct holders *h = calloc(1, sizeof(*h));
	struct timespec now;
	int err;

	if (!h)
		return -ENOMEM;
	clock_gettime(CLOCK_MONOTONIC, &now);
	h->when = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	err = scan(h, skip);
	if (err)
		holders_free(h);
	else
		*out = h;
	return err;
}

void holders_free(struct holders *h)
{
	if (!h)
		return;
	free(h->row);
	free(h->first);
	free(h);
}

static bool still_holds(const struct row *r)
{
	char path[48], link[PATH_MAX + 1];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)r->pid, r->fd);
	n = readlink(path, link, sizeof(link) - 1);
	if (n <= 0)
		return false;
	link[n] = '\0';
	return key_of_link(link, (size_t)n) == r->key;
}

int holders_of(const struct holders *h, enum holder_kind kind, uint64_t number, holder_each *each,
	void *arg)
{
	uint64_t key = key_of(kind, number);
	uint32_t i = h->first[key * 0x9e3779b97f4a7c15 >> 32 & (h->chains - 1)];
	int err = 0;

	for (; i != END && !err; i = h->row[i].next) {
		const struct row *r = &h->row[i];

		if (r->key == key && still_holds(r))
			err = each(&(struct holder){r->pid, r->fd}, arg);
	}
	return err;
}

size_t holders_hidden(const struct holders *h)
{
	return h->hidden;
}

uint64_t holders_when(const struct holders *h)
{
	return h->when;
}
