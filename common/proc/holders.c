/* SPDX-License-Identifier: MIT */
#include "proc/holders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LIST_BYTES 32768
#define FIRST_FDS                                                                                  \
	64 /* of a process that is put off: far ends are mostly among its lowest numbers */
#define FIRST_LIST 2048
#define END        UINT32_MAX /* of a chain */

#define HOLDER_KNOWN 0x80u /* beside the bits of the header */

struct row {
	uint64_t key;
	pid_t pid;
	int fd;
	uint32_t next;  /* with the same remainder */
	uint8_t access; /* HOLDER_ bits, once somebody has asked */
	uint16_t seen;  /* in this look it was seen to hold the file; 0: in none */
};

struct holders {
	struct row *row;
	size_t n, cap;
	uint32_t *first; /* by remainder: chains in ascending order */
	size_t chains;   /* a power of two */
	size_t hidden;
	struct left *left; /* processes that were put off */
	size_t nleft;
	uint64_t fds_left;
	bool counts; /* the kernel says how many descriptors a process has */
	uint64_t when;
	uint16_t look; /* 0: none has begun */
};

struct left {
	pid_t pid;
	int64_t from; /* where the list goes on: what getdents64(2) said */
	uint64_t fds;
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
	h->row[h->n++] = (struct row){.key = key, .pid = pid, .fd = fd, .next = END};
	return 0;
}

/* -EACCES: nor can any other of the process be read. */
static int add_fd(struct holders *h, int dir, pid_t pid, const char *name)
{
	char link[PATH_MAX + 1];
	int fd = number_of(name);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = readlinkat(dir, name, link, sizeof(link) - 1);
	if (n < 0 && (errno == EACCES || errno == EPERM))
		return -EACCES;
	if (n <= 0)
		return 0; /* closed meanwhile */
	link[n] = '\0';
	return add_row(h, key_of_link(link, (size_t)n), pid, fd);
}

/* A part of one process: from where the last one ended, so many descriptors at least. */
struct part {
	pid_t pid;
	int64_t from;
	uint64_t least, done;
	bool hidden;
};

/* getdents64(2), for a readdir(3) costs as much again in memory for each process. */
static int add_list(struct holders *h, int dir, struct part *p)
{
	char list[LIST_BYTES] __attribute__((aligned(8)));
	size_t room = p->least <= FIRST_FDS ? FIRST_LIST : sizeof(list);
	int err = 0;
	long n = 0;

	if (p->from && lseek(dir, p->from, SEEK_SET) < 0)
		return 0;
	while (!err && p->done < p->least && (n = syscall(SYS_getdents64, dir, list, room)) > 0) {
		for (long at = 0; at < n && !err;) {
			const struct entry *e = (const void *)(list + at);

			err = add_fd(h, dir, p->pid, e->name);
			p->from = (int64_t)e->off;
			p->done++;
			at += e->len;
		}
	}
	/* The directory opens for everybody; it is the reading that is refused, or that of the links. */
	p->hidden = (!err && n < 0 && (errno == EACCES || errno == EPERM)) || err == -EACCES;
	return err == -EACCES ? 0 : err;
}

static int add_part(struct holders *h, int proc, struct part *p)
{
	char path[32];
	int dir, err = 0;

	snprintf(path, sizeof(path), "%d/fd", (int)p->pid);
	dir = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		p->hidden = errno == EACCES || errno == EPERM;
	} else {
		err = add_list(h, dir, p);
		close(dir);
	}
	h->hidden += p->hidden;
	return err;
}

/*
 * How many descriptors a process has, as its directory's size says since Linux 6.2, to everybody: 0 of a kernel
 * thread. -1: not known.
 */
static int64_t count_of(const struct holders *h, int proc, pid_t pid)
{
	char path[32];
	struct stat s;

	snprintf(path, sizeof(path), "%d/fd", (int)pid);
	return h->counts && fstatat(proc, path, &s, 0) == 0 ? (int64_t)s.st_size : -1;
}

static int put_off(struct holders *h, const struct part *p, uint64_t fds)
{
	struct left *grown = reallocarray(h->left, h->nleft + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	h->left = grown;
	h->left[h->nleft++] = (struct left){p->pid, p->from, fds};
	h->fds_left += fds;
	return 0;
}

/* To list many descriptors takes long even where none of them may be read then. */
static bool is_hidden(int proc, pid_t pid)
{
	char path[32], link[1];

	snprintf(path, sizeof(path), "%d/cwd", (int)pid);
	return readlinkat(proc, path, link, sizeof(link)) < 0 &&
		(errno == EACCES || errno == EPERM);
}

/* One process, or its first descriptors where it has too many. */
static int take_process(struct holders *h, int proc, pid_t pid, size_t most)
{
	int64_t fds = count_of(h, proc, pid);
	bool many = fds > 0 && (uint64_t)fds > most;
	struct part part = {.pid = pid, .least = many ? FIRST_FDS : UINT64_MAX};
	int err;

	if (fds > (int64_t)FIRST_FDS && is_hidden(proc, pid)) {
		h->hidden++;
		return 0;
	}
	err = fds ? add_part(h, proc, &part) : 0;
	if (err || !many || part.hidden || part.done < part.least)
		return err;
	return put_off(h, &part, (uint64_t)fds > part.done ? (uint64_t)fds - part.done : 0);
}

static int chain_up(struct holders *h)
{
	h->chains = 64;
	while (h->chains < h->n)
		h->chains *= 2;
	free(h->first);
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

/* We ourselves have some. */
static bool kernel_counts(void)
{
	struct stat s;

	return stat("/proc/self/fd", &s) == 0 && s.st_size > 0;
}

static int scan(struct holders *h, pid_t skip, size_t most)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	int err = 0;

	if (!dir)
		return -errno;
	h->counts = kernel_counts();
	while (!err && (e = readdir(dir)) != NULL) {
		int pid = number_of(e->d_name);

		if (pid > 0 && pid != skip)
			err = take_process(h, dirfd(dir), pid, most);
	}
	closedir(dir);
	return err ? err : chain_up(h);
}

int holders_scan(pid_t skip, size_t most, struct holders **out)
{
	struct holders *h = calloc(1, sizeof(*h));
	struct timespec now;
	int err;

	if (!h)
		return -ENOMEM;
	clock_gettime(CLOCK_MONOTONIC, &now);
	h->when = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	err = scan(h, skip, most);
	if (err)
		holders_free(h);
	else
		*out = h;
	return err;
}

int holders_scan_left(struct holders *h)
{
	int proc = h->nleft ? open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int err = 0;

	if (!h->nleft)
		return 0;
	if (proc < 0)
		return -errno;
	while (h->nleft && !err) {
		const struct left *l = &h->left[--h->nleft];

		err = add_part(h, proc,
			&(struct part){.pid = l->pid, .from = l->from, .least = UINT64_MAX});
	}
	h->fds_left = 0;
	close(proc);
	return err ? err : chain_up(h);
}

void holders_free(struct holders *h)
{
	if (!h)
		return;
	free(h->row);
	free(h->first);
	free(h->left);
	free(h);
}

void holders_begin_look(struct holders *h)
{
	if (++h->look)
		return;
	for (size_t i = 0; i < h->n; i++)
		h->row[i].seen = 0;
	h->look = 1;
}

static bool still_now(const struct holder *who, const struct row *r)
{
	char path[48], link[PATH_MAX + 1];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)who->pid, who->fd);
	n = readlink(path, link, sizeof(link) - 1);
	if (n <= 0)
		return false;
	link[n] = '\0';
	return key_of_link(link, (size_t)n) == r->key;
}

bool holders_still(struct holders *h, const struct holder *who)
{
	struct row *r = who->row == HOLDER_NO_ROW ? NULL : &h->row[who->row];

	if (!r || (r->seen && r->seen == h->look))
		return true;
	if (!still_now(who, r))
		return false;
	r->seen = h->look;
	return true;
}

/* The mode of the link says how the file was opened (proc_pid_fd(5)). */
static unsigned access_now(const struct holder *who)
{
	char path[48];
	struct stat s;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)who->pid, who->fd);
	if (lstat(path, &s) < 0)
		return HOLDER_GONE;
	return (s.st_mode & S_IRUSR ? HOLDER_READS : 0) | (s.st_mode & S_IWUSR ? HOLDER_WRITES : 0);
}

unsigned holders_access(struct holders *h, const struct holder *who)
{
	struct row *r = who->row == HOLDER_NO_ROW ? NULL : &h->row[who->row];

	if (!r)
		return access_now(who) & ~HOLDER_KNOWN;
	if (!(r->access & HOLDER_KNOWN))
		r->access = (uint8_t)(access_now(who) | HOLDER_KNOWN);
	return r->access & ~HOLDER_KNOWN;
}

int holders_of(const struct holders *h, enum holder_kind kind, uint64_t number, holder_each *each,
	void *arg)
{
	uint64_t key = key_of(kind, number);
	uint32_t i = h->first[key * 0x9e3779b97f4a7c15 >> 32 & (h->chains - 1)];
	int err = 0;

	for (; i != END && !err; i = h->row[i].next) {
		const struct row *r = &h->row[i];

		if (r->key == key)
			err = each(&(struct holder){r->pid, r->fd, i}, arg);
	}
	return err;
}

size_t holders_hidden(const struct holders *h)
{
	return h->hidden;
}

size_t holders_left(const struct holders *h, uint64_t *fds)
{
	*fds = h->fds_left;
	return h->nleft;
}

uint64_t holders_when(const struct holders *h)
{
	return h->when;
}
