/* SPDX-License-Identifier: MIT */
#include "glance.h"

#include <string.h>

#include "proc/threads.h"

static bool begins(const char *link, const char *text)
{
	return strncmp(link, text, strlen(text)) == 0;
}

static bool begins_one(const char *link, const char *const *text)
{
	while (*text && !begins(link, *text))
		text++;
	return *text;
}

/* Of the kinds that are looked for (far_notes.h), and sockets; FIFOs have a path like any other. */
static bool has_far_end(const char *link)
{
	static const char *const texts[] = {
		"socket:[", "pipe:[", "/dev/pts/", "/dev/ptmx", "anon_inode:[eventfd]", NULL};

	return begins_one(link, texts);
}

/* Of the kinds that are asked (extras.h) those that show; namespaces are "net:[4026531840]". */
static bool has_calls(const char *link)
{
	static const char *const texts[] = {
		"/memfd:", "/dev/ptmx", "/dev/pts/ptmx", "/dev/net/tun", NULL};
	const char *number = link[0] == '/' ? NULL : strstr(link, ":[");

	return begins_one(link, texts) || (number && number[2] >= '0' && number[2] <= '9');
}

/* Terminals, /dev/null and their like have no locks (locks.h); what else lies there is rare. */
static bool is_file(const char *link)
{
	return begins(link, "/") && (!begins(link, "/dev/") || begins(link, "/dev/shm/"));
}

bool glance_at(const struct fd_view *v, const struct fds *list, struct glance *out)
{
	struct buf link = {0};

	*out = (struct glance){0};
	if (list->n > GLANCE_MOST)
		return false;
	for (size_t i = 0; i < list->n; i++) {
		buf_clear(&link);
		if (fd_view_link(v, list->fd[i], &link) != 0)
			continue;
		out->sock |= begins(buf_cstr(&link), "socket:[");
		out->calls |= has_calls(buf_cstr(&link));
		out->far_end |= has_far_end(buf_cstr(&link));
		out->file |= is_file(buf_cstr(&link));
	}
	buf_free(&link);
	return true;
}

bool glance_needs_agent(const struct proc *p, const struct glance *g)
{
	return g->sock || (g->calls && !threads_alone(p));
}
