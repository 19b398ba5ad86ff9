/* SPDX-License-Identifier: MIT */
#include "glance.h"

#include <string.h>

#define MOST 128 /* descriptors: with more, their links take longer than they save */

static bool begins(const char *link, const char *text)
{
	return strncmp(link, text, strlen(text)) == 0;
}

/* Of the kinds that are looked for (far_notes.h), and sockets; FIFOs have a path like any other. */
static bool has_far_end(const char *link)
{
	static const char *const texts[] = {
		"socket:[", "pipe:[", "/dev/pts/", "/dev/ptmx", "anon_inode:[eventfd]"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (begins(link, texts[i]))
			return true;
	return false;
}

/* Terminals, /dev/null and their like have no locks (locks.h); what else lies there is rare. */
static bool is_file(const char *link)
{
	return begins(link, "/") && (!begins(link, "/dev/") || begins(link, "/dev/shm/"));
}

void glance_at(const struct proc *p, const struct fds *list, struct glance *out)
{
	struct fd_view v = {.fd_dir = -1, .fdinfo_dir = -1};
	struct buf link = {0};

	*out = (struct glance){0};
	if (list->n > MOST || fd_view_open(p, &v) < 0)
		return;
	for (size_t i = 0; i < list->n; i++) {
		buf_clear(&link);
		if (fd_view_link(&v, list->fd[i], &link) != 0)
			continue;
		out->far_end |= has_far_end(buf_cstr(&link));
		out->file |= is_file(buf_cstr(&link));
	}
	buf_free(&link);
	fd_view_close(&v);
}
