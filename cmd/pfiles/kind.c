/* SPDX-License-Identifier: MIT */
#include "kind.h"

#include <linux/major.h>
#include <string.h>
#include <sys/stat.h>

#include "special.h"

#define TUN_MINOR  200 /* of MISC_MAJOR: Documentation/admin-guide/devices.txt */
#define PTMX_MINOR 2   /* of TTYAUX_MAJOR */

static const char *const words[KIND_COUNT] = {
	[KIND_EPOLL] = "epoll",
	[KIND_EVENTFD] = "eventfd",
	[KIND_SIGNALFD] = "signalfd",
	[KIND_TIMERFD] = "timerfd",
	[KIND_INOTIFY] = "inotify",
	[KIND_FANOTIFY] = "fanotify",
	[KIND_PIDFD] = "pidfd",
	[KIND_MEMFD] = "memfd",
	[KIND_IO_URING] = "io_uring",
	[KIND_BPF_MAP] = "bpf-map",
	[KIND_BPF_PROG] = "bpf-prog",
	[KIND_BPF_LINK] = "bpf-link",
	[KIND_USERFAULTFD] = "userfaultfd",
	[KIND_NAMESPACE] = "namespace",
	[KIND_MQUEUE] = "mqueue",
	[KIND_PIPE] = "pipe",
	[KIND_FIFO] = "fifo",
	[KIND_PTY_MASTER] = "pty",
	[KIND_PTY] = "pty",
	[KIND_TUN] = "tun",
	[KIND_DEVICE] = "device",
	[KIND_SOCKET] = "socket",
};

/* No path begins so: one always has a slash in front. */
static const struct {
	const char *link;
	enum kind kind;
} anonymous[] = {
	{"anon_inode:[eventpoll]", KIND_EPOLL},
	{"anon_inode:[eventfd]", KIND_EVENTFD},
	{"anon_inode:[signalfd]", KIND_SIGNALFD},
	{"anon_inode:[timerfd]", KIND_TIMERFD},
	{"anon_inode:inotify", KIND_INOTIFY},
	{"anon_inode:[inotify]", KIND_INOTIFY},
	{"anon_inode:[fanotify]", KIND_FANOTIFY},
	{"anon_inode:[pidfd]", KIND_PIDFD},
	{"anon_inode:[io_uring]", KIND_IO_URING},
	{"anon_inode:bpf-map", KIND_BPF_MAP},
	{"anon_inode:bpf-prog", KIND_BPF_PROG},
	{"anon_inode:bpf_link", KIND_BPF_LINK},
	{"anon_inode:[bpf_link]", KIND_BPF_LINK},
	{"anon_inode:[userfaultfd]", KIND_USERFAULTFD},
};

static enum kind of_device(const struct desc *d)
{
	if (S_ISBLK(d->mode))
		return KIND_DEVICE;
	if (d->rdev_major == MISC_MAJOR && d->rdev_minor == TUN_MINOR)
		return KIND_TUN;
	if (d->rdev_major == TTYAUX_MAJOR && d->rdev_minor == PTMX_MINOR)
		return KIND_PTY_MASTER;
	if (d->rdev_major >= UNIX98_PTY_SLAVE_MAJOR &&
		d->rdev_major < UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT)
		return KIND_PTY;
	return KIND_DEVICE;
}

static enum kind of_link(const char *link, size_t len)
{
	for (size_t i = 0; i < sizeof(anonymous) / sizeof(anonymous[0]); i++) {
		if (strlen(anonymous[i].link) == len && memcmp(anonymous[i].link, link, len) == 0)
			return anonymous[i].kind;
	}
	return KIND_OTHER;
}

enum kind kind_of(const struct desc *d, const char *link, size_t len)
{
	if (d->err_stat)
		return KIND_OTHER;
	if (S_ISSOCK(d->mode))
		return KIND_SOCKET;
	if (S_ISCHR(d->mode) || S_ISBLK(d->mode))
		return of_device(d);
	if (S_ISFIFO(d->mode))
		return special_is(SPECIAL_PIPES, d->dev_major, d->dev_minor) ? KIND_PIPE
									     : KIND_FIFO;
	if (special_is(SPECIAL_MEMFDS, d->dev_major, d->dev_minor))
		return KIND_MEMFD;
	if (special_is(SPECIAL_NAMESPACES, d->dev_major, d->dev_minor))
		return KIND_NAMESPACE;
	return of_link(link, len);
}

const char *kind_word(enum kind k)
{
	return words[k];
}
