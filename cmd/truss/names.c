/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/escape.h"
#include "proc/fd_tables.h"
#include "proc/proc.h"

#define KEPT_FDS 4096 /* descriptors beyond are looked up each time */

struct names {
	char *kept[KEPT_FDS]; /* texts, NULL: not looked up */
	unsigned used;        /* below this some may be kept */
	struct proc *proc;    /* for its pidfd, NULL: not opened, or gone */
	bool asked;           /* to open it */
};

static struct names *names_of(struct process *p)
{
	if (!p->names)
		p->names = calloc(1, sizeof *p->names);
	return p->names;
}

void names_free(struct names *n)
{
	if (!n)
		return;
	for (unsigned i = 0; i < n->used; i++)
		free(n->kept[i]);
	if (n->proc)
		proc_close(n->proc);
	free(n);
}

static void forget(struct process *p, uint64_t fd)
{
	struct names *n = p->names;

	if (!n || fd >= n->used)
		return;
	free(n->kept[fd]);
	n->kept[fd] = NULL;
}

static void forget_all(struct process *p)
{
	for (unsigned i = 0; p->names && i < p->names->used; i++)
		forget(p, i);
}

/* ---- sockets ---- */

static const char *protocol_name(int family, int type, int protocol)
{
	bool inet = family == AF_INET || family == AF_INET6;

	if (family == AF_UNIX)
		return type == SOCK_STREAM   ? "UNIX"
			: type == SOCK_DGRAM ? "UNIX-DGRAM"
					     : "UNIX-SEQPACKET";
	if (family == AF_NETLINK)
		return "NETLINK";
	if (inet && protocol == IPPROTO_TCP)
		return family == AF_INET ? "TCP" : "TCPv6";
	if (inet && protocol == IPPROTO_UDP)
		return family == AF_INET ? "UDP" : "UDPv6";
	return NULL;
}

static bool add_address(struct buf *b, const struct sockaddr_storage *a, socklen_t len)
{
	char text[INET6_ADDRSTRLEN];

	if (a->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)a;

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
		buf_fmt(b, "%s:%u", text, ntohs(in->sin_port));
		return in->sin_port || in->sin_addr.s_addr;
	}
	if (a->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const void *)a;

		inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof text);
		buf_fmt(b, "[%s]:%u", text, ntohs(in->sin6_port));
		return in->sin6_port;
	}
	if (a->ss_family == AF_UNIX && len > offsetof(struct sockaddr_un, sun_path)) {
		const struct sockaddr_un *un = (const void *)a;
		size_t n = len - offsetof(struct sockaddr_un, sun_path);

		/* An abstract name begins with a NUL, shown as @; others end with one. */
		if (!un->sun_path[0])
			buf_chr(b, '@');
		else
			n = strnlen(un->sun_path, n);
		escape_add(b, un->sun_path + !un->sun_path[0], n - !un->sun_path[0]);
		return true;
	}
	return false;
}

/* `TCP 10.0.0.1:22 -> 10.0.0.9:51514`. False: nothing but what /proc said. *steady: it has a peer, which stays. */
static bool describe_socket(int fd, struct buf *out, bool *steady)
{
	int family = 0, type = 0, protocol = 0;
	socklen_t len = sizeof(int), n;
	struct sockaddr_storage a;
	const char *name;

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len);
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len);
	name = protocol_name(family, type, protocol);
	if (!name)
		return false;
	buf_str(out, name);
	n = sizeof a;
	if (getsockname(fd, (struct sockaddr *)&a, &n) == 0) {
		buf_chr(out, ' ');
		if (!add_address(out, &a, n) && family == AF_UNIX)
			out->len--;
	}
	n = sizeof a;
	*steady = getpeername(fd, (struct sockaddr *)&a, &n) == 0;
	if (*steady) {
		buf_str(out, " -> ");
		if (!add_address(out, &a, n) && family == AF_UNIX)
			out->len -= 4;
	}
	return true;
}

static bool has_inode(int fd, uint64_t ino)
{
	struct stat s;

	return fstat(fd, &s) == 0 && s.st_ino == ino;
}

/* What is kept is about the table of the first thread; one that has left it, or has been left by it, has another. */
static bool has_kept_table(const struct thread *thr)
{
	pid_t first = thr->process->pid;

	return fd_table_same(first, thr->tid) == 1;
}

/* A process's pidfd gives from the table of its first thread; one of another thread needs Linux 6.9. */
static int copy_of(struct thread *thr, int fd)
{
	struct names *n = thr->process->names;
	int pidfd, copy;

	if (!n->asked) {
		n->asked = true;
		if (proc_open(thr->process->pid, &n->proc))
			n->proc = NULL;
	}
	if (has_kept_table(thr))
		return n->proc ? (int)syscall(SYS_pidfd_getfd, proc_pidfd(n->proc), fd, 0) : -1;
	pidfd = fd_table_pidfd(thr->tid);
	copy = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (pidfd >= 0)
		close(pidfd);
	return copy;
}

/* Borrows the descriptor for the look (ctl/borrow.h says what that means); ino: of the link. */
static bool add_socket(struct thread *thr, int fd, uint64_t ino, struct buf *out, bool *steady)
{
	int copy = copy_of(thr, fd);
	bool ok;

	if (copy < 0)
		return false;
	ok = has_inode(copy, ino) && describe_socket(copy, out, steady);
	close(copy);
	return ok;
}

/* ---- looking up ---- */

/* What it is, for keeps if *steady; false: it is not open. */
static bool look_up(struct thread *thr, int fd, struct buf *out, bool *steady)
{
	char path[48], link[PATH_MAX + 1];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)thr->tid, fd);
	n = readlink(path, link, sizeof link - 1);
	if (n < 0)
		return false;
	link[n] = '\0';
	*steady = true;
	if (n > 8 && !memcmp(link, "socket:[", 8)) {
		*steady = false;
		if (add_socket(thr, fd, strtoull(link + 8, NULL, 10), out, steady))
			return true;
	}
	escape_add(out, link, (size_t)n);
	return true;
}

static void keep(struct names *n, int fd, const char *text)
{
	if (fd >= KEPT_FDS)
		return;
	n->kept[fd] = strdup(text);
	if ((unsigned)fd >= n->used)
		n->used = (unsigned)fd + 1;
}

void names_add(void *ctx, int fd, struct buf *out)
{
	struct thread *thr = ctx;
	struct names *n = names_of(thr->process);
	struct buf text = {0};
	bool steady = false, kept;

	if (fd < 0 || !n)
		return;
	kept = has_kept_table(thr);
	if (kept && (unsigned)fd < n->used && n->kept[fd]) {
		buf_fmt(out, "<%s>", n->kept[fd]);
		return;
	}
	if (look_up(thr, fd, &text, &steady)) {
		buf_fmt(out, "<%s>", buf_cstr(&text));
		if (steady && kept && !thr->process->tids)
			keep(n, fd, buf_cstr(&text));
	}
	buf_free(&text);
}

void names_returned(struct thread *thr)
{
	const struct args_call *c = &thr->call;

	if (c->ent && c->ent->ret == SYSENT_RET_FD && !c->error && c->result >= 0)
		forget(thr->process, (uint64_t)c->result);
}

void names_follow(struct thread *thr)
{
	/* Calls after which much may be different. */
	static const char *const wide[] = {"close_range", "unshare", "recvmsg", "recvmmsg", "pipe",
		"pipe2", "socketpair", "io_uring_enter", "clone3", "clone", "rename", "renameat",
		"renameat2"};
	const struct args_call *c = &thr->call;

	if (!c->ent)
		return;
	if (c->ent->flags & SYSENT_CLOSE && c->ent->fd < SYSENT_ARGS)
		forget(thr->process, (uint32_t)c->arg[c->ent->fd]);
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (!strcmp(c->ent->name, wide[i]))
			forget_all(thr->process);
}
