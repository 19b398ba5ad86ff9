/* SPDX-License-Identifier: MIT */
#include "sock_flight.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "proc/fds.h"

#define EMPTY_MOST 256 /* sockets in which probably nothing waits */

/* A datagram without bytes does not show in the queue. */
static bool may_hold(const struct sock *s, size_t *empty)
{
	uint32_t waiting = (s->has & SOCK_HAS_QUEUES ? s->recvq : 0) +
		(s->has & SOCK_HAS_BACKLOG ? s->backlog : 0);

	if (s->family != AF_UNIX)
		return false;
	if (waiting)
		return true;
	if (s->type != SOCK_DGRAM && s->has & (SOCK_HAS_QUEUES | SOCK_HAS_BACKLOG))
		return false;
	return ++*empty <= EMPTY_MOST;
}

static void take(struct sock *s, const struct fdinfo *info)
{
	static const char word[] = "\nscm_fds:";
	const char *at = strstr(buf_cstr(&info->text), word);

	if (!at)
		return; /* before Linux 5.6 */
	s->in_flight = (uint32_t)strtoul(at + sizeof(word) - 1, NULL, 10);
	s->has |= SOCK_HAS_FLIGHT;
}

int sock_flight(const struct proc *p, struct facts *f)
{
	struct fd_view v = {.fd_dir = -1, .fdinfo_dir = -1};
	struct fdinfo info = {0};
	size_t empty = 0;
	bool open = false;

	for (size_t i = 0; i < f->ndesc; i++) {
		const struct desc *d = &f->desc[i];
		struct sock *s = d->sock ? &f->sock[d->sock - 1] : NULL;

		if (!s || d->state != DESC_OK || !may_hold(s, &empty))
			continue;
		if (!open && fd_view_open(p, &v) < 0)
			break;
		open = true;
		if (fd_view_info(&v, d->fd, &info) == 0 && (info.ino == d->ino || !info.ino))
			take(s, &info);
	}
	fdinfo_free(&info);
	if (open)
		fd_view_close(&v);
	return 0;
}
