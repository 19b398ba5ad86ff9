/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_NETNS_H
#define PTOOLS_PROC_NETNS_H

#include <stdint.h>

/*
 * Network namespaces that are not ours. The calling thread never enters one: a child that lives for
 * the length of two calls makes the socket there and leaves it here, for a socket stays in the
 * namespace in which it was made.
 */

/*
 * A socket (close-on-exec) made in the namespace that nsfd, a descriptor of its nsfs file, stands for;
 * -1: our own namespace, without a child. The descriptor, or -errno: -EPERM without CAP_SYS_ADMIN both
 * here and in the user namespace that owns it (setns(2)). An owner that we may enter is entered.
 */
int netns_socket(int nsfd, int family, int type, int protocol) __attribute__((warn_unused_result));

/*
 * A file opened for reading (close-on-exec) in that namespace: those in /proc/self/net tell of the one in which
 * they were opened. As netns_socket().
 */
int netns_open(int nsfd, const char *path) __attribute__((warn_unused_result));

/*
 * The number that names a network namespace as long as the machine is up, asked of a socket in it
 * (SO_NETNS_COOKIE, Linux 5.14). 0 where the kernel does not tell.
 */
uint64_t netns_cookie(int sock);

#endif
