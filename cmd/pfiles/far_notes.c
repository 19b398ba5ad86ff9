/* SPDX-License-Identifier: MIT */
#include "far_notes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "kind.h"
#include "notes.h"

#define COMM_MAX 64

bool far_notes_has(const struct desc *d)
{
	switch (d->kind) {
	case KIND_PIPE:
	case KIND_FIFO:
	case KIND_EVENTFD:
	case KIND_PTY:
	case KIND_PTY_MASTER: return d->state == DESC_OK;
	default: return false;
	}
}

/* One question, while its answers are taken down. */
struct asking {
	const struct proc *p;
	const struct desc *d;
	long eventfd; /* its id, where d is one; -1: not known */
	struct buf *notes;
};

static void add_process(struct buf *notes, pid_t pid)
{
	char path[64], comm[COMM_MAX];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, comm, sizeof(comm));
		close(fd);
	}
	if (n > 0 && comm[n - 1] == '\n')
		n--;
	note(notes,
		&(struct note){
			.kind = NOTE_PROCESS,
			.key = "process",
			.num = (uint64_t)pid,
			.text = comm,
			.len = n > 0 ? (uint32_t)n : 0,
		});
}

/* The mode of the link says how the file was opened (proc_pid_fd(5)). */
static const char *access_of(const char *path)
{
	struct stat s;

	if (lstat(path, &s) < 0)
		return NULL;
	switch (s.st_mode & (S_IRUSR | S_IWUSR)) {
	case S_IRUSR: return "read";
	case S_IWUSR: return "write";
	case S_IRUSR | S_IWUSR: return "read-write";
	default: return NULL;
	}
}

static int note_end(const struct holder *h, void *arg)
{
	struct asking *a = arg;
	const char *access;
	char path[64];

	if ((h->pid == proc_pid(a->p) && h->fd == a->d->fd) || h->pid == getpid())
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)h->pid, h->fd);
	note_item(a->notes, "end");
	add_process(a->notes, h->pid);
	note_int(a->notes, "fd", h->fd);
	access = access_of(path);
	if (access)
		note_text(a->notes, "access", access, strlen(access));
	return a->notes->failed ? -ENOMEM : 0;
}

/* Paths of the same text may be in other mount namespaces: the inode decides. */
static bool is_same_file(const struct holder *h, const struct desc *d)
{
	char path[64];
	struct statx s;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)h->pid, h->fd);
	return statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_INO, &s) == 0 &&
		s.stx_ino == d->ino && s.stx_dev_major == d->dev_major &&
		s.stx_dev_minor == d->dev_minor;
}

static int note_same_file(const struct holder *h, void *arg)
{
	const struct asking *a = arg;

	return is_same_file(h, a->d) ? note_end(h, arg) : 0;
}

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

static int note_same_eventfd(const struct holder *h, void *arg)
{
	const struct asking *a = arg;

	return fdinfo_number(h, "\neventfd-id: ") == a->eventfd ? note_end(h, arg) : 0;
}

static int note_master(const struct holder *h, void *arg)
{
	const struct asking *a = arg;

	return fdinfo_number(h, "\ntty-index:\t") == (long)a->d->rdev_minor ? note_end(h, arg) : 0;
}

/* A number among the notes of one descriptor; -1 if it is not there. */
static long noted(const struct buf *b, struct span s, const char *key)
{
	size_t at = s.at;
	struct note n;

	while (note_next(b, &at, s.at + s.len, &n)) {
		if (n.key && strcmp(n.key, key) == 0)
			return (long)n.num;
	}
	return -1;
}

static int each_text(
	const struct holders *h, const char *text, size_t len, holder_each *each, struct asking *a)
{
	return holders_of(h, HOLDER_TEXT, holders_text(text, len), each, a);
}

static int each_same_text(
	const struct holders *h, const struct facts *f, holder_each *each, struct asking *a)
{
	return each_text(h, f->paths.data + a->d->path.at, a->d->path.len, each, a);
}

/*
 * The session of a terminal and its foreground group, of a process that has it both open and as its
 * controlling terminal (proc_pid_stat(5)).
 */
static int note_session(const struct holder *h, void *arg)
{
	struct asking *a = arg;
	char path[64], text[512], *at;
	int fd, session, tty, foreground;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)h->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	if (!at || sscanf(at, ") %*c %*d %*d %d %d %d", &session, &tty, &foreground) != 3)
		return 0;
	if ((dev_t)(unsigned)tty != makedev(a->d->rdev_major, a->d->rdev_minor))
		return 0;
	note_line(a->notes, "terminal");
	note_int(a->notes, "session", session);
	note_int(a->notes, "foreground", foreground);
	return 1;
}

/* Those on the other side: masters for a slave, slaves for a master. */
static int each_other_side(const struct holders *h, const struct facts *f, struct asking *a)
{
	static const char ptmx[] = "/dev/ptmx", pts_ptmx[] = "/dev/pts/ptmx";
	char slave[32];
	long index = noted(&f->info, a->d->info, "index");
	int err;

	if (a->d->kind == KIND_PTY) {
		err = each_same_text(h, f, note_session, a);
		if (err < 0)
			return err;
		err = each_text(h, ptmx, sizeof(ptmx) - 1, note_master, a);
		return err ? err : each_text(h, pts_ptmx, sizeof(pts_ptmx) - 1, note_master, a);
	}
	if (index < 0)
		return 0;
	snprintf(slave, sizeof(slave), "/dev/pts/%ld", index);
	return each_text(h, slave, strlen(slave), note_end, a);
}

static int find(const struct holders *h, const struct facts *f, struct asking *a)
{
	switch (a->d->kind) {
	case KIND_PIPE: return holders_of(h, HOLDER_PIPE, a->d->ino, note_end, a);
	case KIND_FIFO: return each_same_text(h, f, note_same_file, a);
	case KIND_EVENTFD:
		a->eventfd = noted(&f->info, a->d->info, "id");
		return a->eventfd < 0 ? 0 : each_same_text(h, f, note_same_eventfd, a);
	default: return each_other_side(h, f, a);
	}
}

int far_notes(struct ends *e, const struct proc *p, const struct facts *f, const struct desc *d,
	struct buf *notes)
{
	struct asking a = {.p = p, .d = d, .notes = notes, .eventfd = -1};

	const struct holders *h = ends_index(e, 0);

	if (!h)
		return e->err == -ENOMEM ? -ENOMEM : 0;
	return find(h, f, &a);
}
