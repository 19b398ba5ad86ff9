/* SPDX-License-Identifier: MIT */
#include "proc/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

struct order {
	int nsfd, owner;  /* owner: the user namespace that owns it, -1: not known */
	int slot;         /* the descriptor that becomes the socket or file */
	const char *path; /* NULL: a socket */
	int family, type, protocol;
};

/* In the child: nothing but system calls. 0 or an errno value, which fits an exit status. */
static int make_there(const struct order *o)
{
	int s, err = 0;

	if (setns(o->nsfd, CLONE_NEWNET) < 0) {
		if (errno != EPERM || o->owner < 0)
			return errno;
		if (setns(o->owner, CLONE_NEWUSER) < 0 || setns(o->nsfd, CLONE_NEWNET) < 0)
			return EPERM;
	}
	s = o->path ? open(o->path, O_RDONLY | O_CLOEXEC)
		    : socket(o->family, o->type | SOCK_CLOEXEC, o->protocol);
	if (s < 0)
		return errno;
	if (dup3(s, o->slot, O_CLOEXEC) < 0)
		err = errno;
	close(s);
	return err;
}

/*
 * The child shares our descriptors and nothing else, so that a descriptor which it replaces is
 * replaced here. Its end raises no signal: it could be taken for that of another child.
 */
static int run_child(const struct order *o)
{
	int status;
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_FILES, NULL, NULL, NULL, 0UL);

	if (child < 0)
		return -errno;
	if (child == 0)
		syscall(SYS_exit_group, make_there(o));
	while (waitpid(child, &status, __WCLONE) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

static int give_order(struct order *o)
{
	int err;

	o->slot = fcntl(o->nsfd, F_DUPFD_CLOEXEC, 0);
	if (o->slot < 0)
		return -errno;
	o->owner = ioctl(o->nsfd, NS_GET_USERNS);
	err = run_child(o);
	if (o->owner >= 0)
		close(o->owner);
	if (err) {
		close(o->slot);
		return err;
	}
	return o->slot;
}

int netns_socket(int nsfd, int family, int type, int protocol)
{
	struct order o = {.nsfd = nsfd, .family = family, .type = type, .protocol = protocol};
	int s;

	if (nsfd >= 0)
		return give_order(&o);
	s = socket(family, type | SOCK_CLOEXEC, protocol);
	return s < 0 ? -errno : s;
}

int netns_open(int nsfd, const char *path)
{
	struct order o = {.nsfd = nsfd, .path = path};
	int fd;

	if (nsfd >= 0)
		return give_order(&o);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

uint64_t netns_cookie(int sock)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	return getsockopt(sock, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) == 0 ? cookie : 0;
}
