/* SPDX-License-Identifier: MIT */
#include "sock_netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"

#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif

/* Its tables, if it is the one with that number; 0: any is. */
static struct diag *open_if(int nsfd, uint64_t cookie, int *err)
{
	struct diag *d = NULL;

	*err = diag_open(nsfd, &d);
	if (*err)
		return NULL;
	if (!cookie || diag_cookie(d) == cookie)
		return d;
	diag_close(d);
	*err = -ESTALE;
	return NULL;
}

static uint64_t inode_of(int fd)
{
	struct stat s;

	return fstat(fd, &s) == 0 ? s.st_ino : 0;
}

/* The namespace of the socket, or -errno. The duplicate is closed at once. */
static int namespace_of(const struct proc *p, const struct desc *d)
{
	int ns, fd = (int)syscall(SYS_pidfd_getfd, proc_pidfd(p), d->fd, 0);

	if (fd < 0)
		return -errno;
	ns = inode_of(fd) == d->ino ? ioctl(fd, SIOCGSKNS) : -1;
	if (ns < 0)
		ns = errno ? -errno : -ESTALE;
	close(fd);
	return ns;
}

struct diag *sock_netns_open(const struct proc *p, const struct desc *d, struct sock_netns *n)
{
	int nsfd = openat(proc_dirfd(p), "ns/net", O_RDONLY | O_CLOEXEC);
	struct diag *out = NULL;

	if (nsfd >= 0) {
		out = open_if(nsfd, n->cookie, &n->err);
		if (out)
			n->ino = inode_of(nsfd);
		n->elsewhere = !out;
		close(nsfd);
	}
	if (out || proc_pidfd(p) < 0)
		return out;
	nsfd = namespace_of(p, d);
	if (nsfd < 0) {
		n->err = n->err == -ESTALE || !n->err ? nsfd : n->err;
		return NULL;
	}
	n->ino = inode_of(nsfd);
	out = open_if(nsfd, n->cookie, &n->err);
	close(nsfd);
	return out;
}

bool sock_netns_is_ours(const struct proc *p)
{
	struct stat ours, theirs;

	return stat("/proc/self/ns/net", &ours) < 0 ||
		fstatat(proc_dirfd(p), "ns/net", &theirs, 0) < 0 ||
		(ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev);
}
