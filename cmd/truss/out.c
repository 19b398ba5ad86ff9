/* SPDX-License-Identifier: MIT */
#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "interrupt.h"

#define PAGE (64u << 10)

/* Above 2, where no program that closes and opens its standard descriptors meets it. */
static int move_up(int fd)
{
	int up = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return up < 0 ? -errno : up;
}

int out_open(struct out *o, const char *path)
{
	int fd = STDERR_FILENO;

	if (path)
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	o->fd = move_up(fd);
	if (path)
		close(fd);
	if (o->fd < 0)
		return o->fd;
	o->terminal = isatty(o->fd);
	return 0;
}

void out_add(struct out *o, struct buf *b)
{
	if (o->page.len + b->len > PAGE)
		out_flush(o);
	if (b->failed)
		o->err = -ENOMEM;
	buf_add(&o->page, b->data, b->len);
	buf_clear(b);
}

/* The next piece; 0 or -errno. A nonblocking descriptor is waited for. */
static ssize_t write_piece(int fd, const char *s, size_t n)
{
	ssize_t w = write(fd, s, n);

	if (w >= 0)
		return w;
	if (errno == EAGAIN)
		poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 100);
	else if (errno != EINTR)
		return -errno;
	return interrupt_pending() ? -EINTR : 0;
}

void out_flush(struct out *o)
{
	size_t done = 0;

	while (done < o->page.len && !o->err) {
		ssize_t w = write_piece(o->fd, o->page.data + done, o->page.len - done);

		if (w < 0)
			o->err = (int)w;
		else
			done += (size_t)w;
	}
	buf_clear(&o->page);
}

void out_close(struct out *o)
{
	out_flush(o);
	buf_free(&o->page);
	/* Some file systems tell of a full disk only here. */
	if (close(o->fd) < 0 && errno != EINTR && !o->err)
		o->err = -errno;
}
