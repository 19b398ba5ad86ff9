/* SPDX-License-Identifier: MIT */
/*
 * The page, in the original's layout. For the manual, the lines of one descriptor in their order:
 *
 *   NNNN: S_IFREG mode:0644 dev:8,1 ino:123 uid:0 gid:0 size:4096    rdev:1,3 for devices
 *         O_RDWR|O_LARGEFILE FD_CLOEXEC
 *         advisory write lock set by process 4242                    fcntl(2), F_SETLK
 *         advisory write lock set by this open file (OFD)            fcntl(2), F_OFD_SETLK
 *         advisory write lock set by another open file (OFD)
 *         advisory write lock set by this open file (flock)          flock(2)
 *         advisory write lock set by process 999 (flock)             through another open file
 *         read lease set by this open file                           fcntl(2), F_SETLEASE
 *         read lease set by process 999
 *         ... bytes:10-19                                            if not the whole file
 *         and 3 more locks
 *   <TAB>SOCK_STREAM
 *   <TAB>SO_REUSEADDR,SO_LINGER(5),SO_SNDBUF(16384),...
 *   <TAB>sockname: AF_INET 10.0.0.1  port: 80
 *   <TAB>peername: AF_UNIX /run/x.sock                               @name: abstract
 *   <TAB>peer: name[pid]                                             or "peer: pid 12", if it is
 * gone /the/path (deleted) offset:0 (not known: <what>: <reason>)
 */
#include "show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/escape.h"
#include "names.h"
#include "proc/proc.h"
#include "show_notes.h"
#include "show_sock.h"

#define INDENT         "      "
#define HEADER_COLUMNS 70

/* ECMA-48, which all terminals know that show colours. */
#define BOLD  "\033[1m"
#define CYAN  "\033[36m"
#define RED   "\033[31m"
#define PLAIN "\033[m"

void show_header(struct buf *out, pid_t pid, const struct buf *command, bool colour)
{
	buf_str(out, colour ? BOLD : "");
	buf_dec(out, (unsigned long long)pid);
	buf_str(out, ":\t");
	escape_add_columns(out, buf_cstr(command), command->len, HEADER_COLUMNS);
	buf_str(out, colour ? PLAIN "\n" : "\n");
}

/* Where other ends may be that were not found. */
static void add_ends(struct buf *out, const struct facts *f)
{
	if (f->far_hidden)
		buf_fmt(out, "  [far ends: %zu process%s may not be looked into]\n", f->far_hidden,
			f->far_hidden == 1 ? "" : "es");
	if (f->far_left)
		buf_fmt(out,
			"  [far ends: %zu process%s with %llu descriptors not searched; -a does]\n",
			f->far_left, f->far_left == 1 ? "" : "es",
			(unsigned long long)f->far_left_fds);
}

static void add_waits(struct buf *out, const struct facts *f)
{
	if (f->err_waits)
		buf_fmt(out, "  [waiting threads not known: %s]\n", err_str(f->err_waits));
	if (f->waits_left)
		buf_fmt(out, "  [waiting threads: %zu of %zu not looked at; -a does]\n",
			f->waits_left, f->threads);
}

#define APART_MOST 8

/* Threads with a table of their own. */
static void add_apart(struct buf *out, const struct facts *f)
{
	const struct threads *t = &f->apart;

	if (f->err_apart)
		buf_fmt(out, "  [whether all threads have these descriptors is not known: %s]\n",
			err_str(f->err_apart));
	if (t->n == 0)
		return;
	buf_fmt(out,
		"  [%zu thread%s with other descriptors than these, which are not shown:", t->n,
		t->n == 1 ? "" : "s");
	for (size_t i = 0; i < t->n && i < APART_MOST; i++)
		buf_fmt(out, " %d", (int)t->tid[i]);
	buf_str(out, t->n > APART_MOST ? " ...]\n" : "]\n");
}

void show_limit(struct buf *out, const struct facts *f)
{
	buf_str(out, "  Current rlimit: ");
	if (f->err_rlimit) {
		buf_str(out, "not known: ");
		buf_str(out, err_str(f->err_rlimit));
	} else if (f->rlimit == UINT64_MAX) {
		buf_str(out, "unlimited file descriptors");
	} else {
		buf_dec(out, f->rlimit);
		buf_str(out, " file descriptors");
	}
	buf_chr(out, '\n');
	if (f->err_socks) {
		buf_str(out, "  [sockets: options and multicast groups not known: ");
		buf_add(out, buf_cstr(&f->why_socks), f->why_socks.len);
		buf_str(out, "]\n");
	}
	if (f->err_extras) {
		buf_str(out,
			"  [pipes, memfds, message queues, namespaces, tun: what only calls tell not known: ");
		buf_add(out, buf_cstr(&f->why_socks), f->why_socks.len);
		buf_str(out, "]\n");
	}
	if (f->err_twins) {
		buf_str(out, "  [shared open files not known: ");
		buf_str(out, err_str(f->err_twins));
		buf_str(out, "]\n");
	}
	add_apart(out, f);
	if (f->few_options)
		buf_fmt(out,
			"  [sockets: %zu of them were asked only for options that are set often; -a asks all]\n",
			f->few_options);
	add_ends(out, f);
	add_waits(out, f);
}

void show_names_free(struct show_names *n)
{
	for (size_t i = 0; i < sizeof(n->row) / sizeof(n->row[0]); i++)
		buf_free(&n->row[i].comm);
}

const struct buf *show_name_of(struct show_names *names, pid_t pid)
{
	struct show_name *row = &names->row[(unsigned)pid % (sizeof(names->row) / sizeof(*row))];

	if (row->pid != pid) {
		row->pid = pid;
		buf_clear(&row->comm);
		proc_comm_of(pid, &row->comm);
	}
	return &row->comm;
}

static void add_pair(struct buf *out, const char *label, uint32_t a, uint32_t b)
{
	buf_str(out, label);
	buf_dec(out, a);
	buf_chr(out, ',');
	buf_dec(out, b);
}

static void add_number(struct buf *out, const char *label, uint64_t n)
{
	buf_str(out, label);
	buf_dec(out, n);
}

/* " mode:0644": at least three digits after the 0. */
static void add_mode(struct buf *out, unsigned mode)
{
	char text[] = " mode:00000", *digit = text + sizeof(text) - 1;
	int n = 0;

	for (mode &= 07777; n < 3 || mode; n++, mode >>= 3)
		*--digit = (char)('0' + (mode & 7));
	buf_add(out, text, 7);
	buf_add(out, digit, (size_t)n);
}

static void add_fd(struct buf *out, int fd)
{
	for (int limit = 1000; fd < limit && limit > 1; limit /= 10)
		buf_chr(out, ' ');
	buf_dec(out, (unsigned)fd);
	buf_str(out, ": ");
}

static void add_first_line(struct buf *out, const struct desc *d)
{
	names_add_type(out, d->mode);
	add_mode(out, d->mode);
	add_pair(out, " dev:", d->dev_major, d->dev_minor);
	add_number(out, " ino:", d->ino);
	add_number(out, " uid:", d->uid);
	add_number(out, " gid:", d->gid);
	if (S_ISCHR(d->mode) || S_ISBLK(d->mode))
		add_pair(out, " rdev:", d->rdev_major, d->rdev_minor);
	else
		add_number(out, " size:", d->size);
	buf_chr(out, '\n');
}

static void add_unknown(struct buf *out, const char *what, int err)
{
	if (!err)
		return;
	buf_str(out, INDENT "(not known: ");
	buf_str(out, what);
	buf_str(out, ": ");
	buf_str(out, err_str(err));
	buf_str(out, ")\n");
}

static void add_flags(struct buf *out, const struct desc *d)
{
	if (d->err_flags)
		return;
	buf_str(out, INDENT);
	names_add_flags(out, d->flags);
	if (!d->err_cloexec && d->cloexec)
		buf_str(out, " FD_CLOEXEC");
	buf_chr(out, '\n');
}

/* Who has it: the process for POSIX locks, which belong to processes; else the open file, if known.
 */
static void add_holder(struct buf *out, const struct lock *l)
{
	bool by_process = l->kind == LOCK_POSIX || !l->own;

	if (by_process && l->pid > 0)
		add_number(out, " set by process ", (uint64_t)l->pid);
	else if (l->own)
		buf_str(out, " set by this open file");
	else if (l->kind == LOCK_OFD)
		buf_str(out, " set by another open file");
	if (l->kind == LOCK_OFD)
		buf_str(out, " (OFD)");
	else if (l->kind == LOCK_FLOCK)
		buf_str(out, " (flock)");
}

static void add_lock(struct buf *out, const struct lock *l)
{
	static const char *const word[] = {
		[LOCK_POSIX] = " lock",
		[LOCK_OFD] = " lock",
		[LOCK_FLOCK] = " lock",
		[LOCK_LEASE] = " lease",
		[LOCK_DELEGATION] = " delegation",
		[LOCK_OTHER] = " lock of unknown kind",
	};

	buf_str(out, INDENT);
	if (l->kind != LOCK_LEASE && l->kind != LOCK_DELEGATION)
		buf_str(out, l->mandatory ? "mandatory " : "advisory ");
	buf_str(out, l->write ? "write" : "read");
	buf_str(out, word[l->kind]);
	add_holder(out, l);
	if (l->start != 0 || l->end != UINT64_MAX) {
		add_number(out, " bytes:", l->start);
		buf_chr(out, '-');
		if (l->end != UINT64_MAX)
			buf_dec(out, l->end);
	}
	buf_chr(out, '\n');
}

static void add_locks(struct buf *out, const struct facts *f, const struct desc *d)
{
	for (uint32_t i = 0; i < d->locks; i++)
		add_lock(out, &f->lock[d->lock_at + i]);
	if (d->more_locks)
		buf_fmt(out, INDENT "and %u more lock%s\n", d->more_locks,
			d->more_locks == 1 ? "" : "s");
}

/* A file whose name really ends in " (deleted)" has that blank escaped. */
static void add_path_text(struct buf *out, const char *path, size_t len, bool deleted)
{
	static const char end[] = " (deleted)";
	size_t tail = sizeof(end) - 1;

	if (deleted || len < tail || path[0] != '/' || memcmp(path + len - tail, end, tail) != 0) {
		escape_add(out, path, len);
		return;
	}
	escape_add(out, path, len - tail);
	buf_str(out, "\\x20(deleted)");
}

static void add_path(struct buf *out, const struct facts *f, const struct desc *d)
{
	if (!d->path.len)
		return;
	buf_str(out, INDENT);
	add_path_text(out, f->paths.data + d->path.at, d->path.len, d->deleted);
	buf_chr(out, '\n');
}

static void add_all_unknown(struct buf *out, const struct desc *d)
{
	add_unknown(out, "flags", d->err_flags);
	if (!d->err_flags)
		add_unknown(out, "close-on-exec", d->err_cloexec);
	if (d->err_sock == -ENOENT)
		buf_str(out, INDENT "(not known: socket: the kernel does not list it)\n");
	else
		add_unknown(out, "socket", d->err_sock);
	add_unknown(out, "path", d->err_path);
	if (!d->sock)
		add_unknown(out, "offset and locks", d->err_pos);
	add_unknown(out, "far end", d->err_far);
}

void show_desc(struct buf *out, const struct facts *f, const struct desc *d,
	struct show_names *names, bool first_line)
{
	buf_str(out, names->colour ? CYAN : "");
	add_fd(out, d->fd);
	buf_str(out, names->colour ? PLAIN : "");
	if (d->state == DESC_CHANGED) {
		buf_str(out, "descriptor changed while it was being looked at\n");
		return;
	}
	if (d->err_stat) {
		buf_str(out, "(not known: ");
		buf_str(out, err_str(d->err_stat));
		buf_str(out, ")\n");
	} else {
		add_first_line(out, d);
	}
	if (first_line)
		return;
	add_flags(out, d);
	add_locks(out, f, d);
	if (d->sock)
		show_sock(out, f, &f->sock[d->sock - 1], names);
	buf_str(out, names->colour && d->deleted ? RED : "");
	add_path(out, f, d);
	buf_str(out, names->colour && d->deleted ? PLAIN : "");
	if (d->has_pos && !d->err_pos) {
		add_number(out, INDENT "offset:", d->pos);
		buf_chr(out, '\n');
	}
	show_notes(out, f, d->notes);
	add_all_unknown(out, d);
}
