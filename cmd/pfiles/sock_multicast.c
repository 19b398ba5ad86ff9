/* SPDX-License-Identifier: MIT */
#include "sock_multicast.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/netns.h"
#include "sock_options.h"

#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif

#define TABLE_BYTES 65536
#define GROUPS_MOST 256  /* of a namespace */
#define ASKED_MOST  4096 /* sockets */

/* The groups of a namespace. */
struct groups {
	bool known;
	uint16_t netns; /* facts.netns[netns - 1] */
	int err;
	bool more; /* than fit */
	struct sock_member group[GROUPS_MOST];
	size_t n;
};

static struct sock_member *add_group(
	struct groups *g, bool six, uint32_t ifindex, const char *device)
{
	struct sock_member *m;

	if (g->n == GROUPS_MOST) {
		g->more = true;
		return NULL;
	}
	m = &g->group[g->n++];
	*m = (struct sock_member){.six = six, .ifindex = ifindex};
	snprintf(m->device, sizeof(m->device), "%s", device);
	return m;
}

/*
 * Every interface is a member of some groups by itself, which makes it one user of each: those are left out
 * if there is no other. /proc/net/igmp has an interface, then its groups with a tab in front:
 *	1	lo        :     1      V3
 *					010000E0     1 0:00000000		0
 */
static bool is_own_four(uint32_t address)
{
	return address == htonl(INADDR_ALLHOSTS_GROUP);
}

static void parse_four(char *text, struct groups *g)
{
	char *rest = NULL, device[16] = "";
	unsigned ifindex = 0, address, users;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct sock_member *m;

		if (line[0] != '\t' && sscanf(line, "%u %15s", &ifindex, device) == 2)
			continue;
		if (sscanf(line, "%x %u", &address, &users) != 2 || !ifindex)
			continue;
		if (users <= 1 && is_own_four(address))
			continue;
		m = add_group(g, false, ifindex, device);
		if (m)
			memcpy(m->addr, &address, sizeof(address)); /* is in network order */
	}
}

static bool parse_hex(const char *digits, uint8_t out[16])
{
	for (int i = 0; i < 16; i++) {
		unsigned byte;

		if (sscanf(digits + i * 2, "%2x", &byte) != 1)
			return false;
		out[i] = (uint8_t)byte;
	}
	return true;
}

static bool is_own_six(const uint8_t a[16])
{
	static const uint8_t solicited[13] = {0xff, 2, [11] = 1, [12] = 0xff};
	static const uint8_t all[13] = {0xff, 2};

	if (memcmp(a, solicited, sizeof(solicited)) == 0)
		return true;
	return (a[1] == 1 || a[1] == 2) && memcmp(a + 2, all + 2, 11) == 0 && !a[13] && !a[14] &&
		a[15] == 1;
}

/* Of IPv6 each line is a group: 1  lo  ff020000000000000000000000000001  1 0000000C 0 */
static void parse_six(char *text, struct groups *g)
{
	char *rest = NULL, device[16], digits[33];
	unsigned ifindex, users;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct sock_member *m;
		uint8_t addr[16];

		if (sscanf(line, "%u %15s %32s %u", &ifindex, device, digits, &users) != 4 ||
			strlen(digits) != 32 || !parse_hex(digits, addr) ||
			(users <= 1 && is_own_six(addr)))
			continue;
		m = add_group(g, true, ifindex, device);
		if (m)
			memcpy(m->addr, addr, sizeof(addr));
	}
}

/* Appends all of it, up to TABLE_BYTES. */
static int read_all(int fd, struct buf *text, bool *more)
{
	ssize_t n;

	do {
		char *room = buf_room(text, TABLE_BYTES);

		n = room ? read(fd, room, TABLE_BYTES) : -1;
		if (n > 0)
			buf_grew(text, (size_t)n);
	} while (n > 0 && text->len < TABLE_BYTES);
	*more |= n > 0;
	return n < 0 ? -errno : 0;
}

/*
 * One table of the process's namespace, or of the one that the socket is in. A kernel without IPv6 has none
 * of that.
 */
static int read_table(const struct proc *p, int nsfd, const char *name, struct groups *g)
{
	void (*parse)(char *, struct groups *) = strcmp(name, "igmp") == 0 ? parse_four : parse_six;
	struct buf text = {0};
	char path[32];
	int fd, err;

	snprintf(path, sizeof(path), "%snet/%s", nsfd < 0 ? "" : "/proc/self/", name);
	if (nsfd < 0) {
		fd = openat(proc_dirfd(p), path, O_RDONLY | O_CLOEXEC);
		fd = fd < 0 ? -errno : fd;
	} else {
		fd = netns_open(nsfd, path);
	}
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	err = read_all(fd, &text, &g->more);
	close(fd);
	if (!err && text.len)
		parse(text.data, g);
	buf_free(&text);
	return err;
}

static int read_groups(const struct proc *p, int nsfd, struct groups *g)
{
	int err;

	g->n = 0;
	g->more = false;
	err = read_table(p, nsfd, "igmp", g);
	return err ? err : read_table(p, nsfd, "igmp6", g);
}

static void put_address(struct sockaddr_storage *a, const struct sock_member *m)
{
	struct sockaddr_in *four = (struct sockaddr_in *)a;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)a;

	memset(a, 0, sizeof(*a));
	a->ss_family = m->six ? AF_INET6 : AF_INET;
	if (m->six)
		memcpy(&six->sin6_addr, m->addr, sizeof(six->sin6_addr));
	else
		memcpy(&four->sin_addr, m->addr, sizeof(four->sin_addr));
}

static void take_source(const struct sockaddr_storage *a, uint8_t out[16])
{
	if (a->ss_family == AF_INET6)
		memcpy(out, &((const struct sockaddr_in6 *)a)->sin6_addr, 16);
	else
		memcpy(out, &((const struct sockaddr_in *)a)->sin_addr, 4);
}

/* Whether the socket is a member; then its sources are in *m. */
static bool is_member(int fd, struct sock_member *m)
{
	union {
		struct group_filter filter;
		char room[GROUP_FILTER_SIZE(MEMBER_SOURCES)];
	} u;
	socklen_t len = sizeof(u.room);

	memset(&u, 0, sizeof(u));
	u.filter.gf_interface = m->ifindex;
	u.filter.gf_numsrc = MEMBER_SOURCES;
	put_address(&u.filter.gf_group, m);
	if (getsockopt(fd, m->six ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_MSFILTER, &u, &len) < 0)
		return false;
	m->only = u.filter.gf_fmode == MCAST_INCLUDE;
	m->sources = u.filter.gf_numsrc;
	for (uint32_t i = 0; i < m->sources && i < MEMBER_SOURCES; i++) {
		struct sockaddr_storage a;

		memcpy(&a, u.room + GROUP_FILTER_SIZE(0) + i * sizeof(a), sizeof(a));
		take_source(&a, m->source[i]);
	}
	return true;
}

static bool may_join(const struct sock *s)
{
	switch (s->kind) {
	case KIND_UDP4:
	case KIND_UDP6:
	case KIND_UDPLITE4:
	case KIND_UDPLITE6:
	case KIND_RAW4:
	case KIND_RAW6: return true;
	default: return false;
	}
}

static bool same_file(int fd, const struct desc *d)
{
	struct stat s;

	return fstat(fd, &s) == 0 && s.st_ino == d->ino;
}

/* The groups of the namespace that the socket is in, unless they are those that are there already. */
static int have_groups(
	const struct proc *p, const struct facts *f, const struct sock *s, int fd, struct groups *g)
{
	bool elsewhere = s->netns && f->netns[s->netns - 1].elsewhere;
	int nsfd = -1, err;

	if (g->known && g->netns == s->netns)
		return g->err;
	if (elsewhere)
		nsfd = ioctl(fd, SIOCGSKNS);
	err = elsewhere && nsfd < 0 ? -errno : read_groups(p, nsfd, g);
	if (nsfd >= 0)
		close(nsfd);
	g->known = true;
	g->netns = s->netns;
	g->err = err ? err : g->more ? ERR_TOOBIG : 0;
	return g->err;
}

static void ask_one(const struct proc *p, struct facts *f, const struct desc *d, struct groups *g)
{
	struct sock *s = &f->sock[d->sock - 1];
	int fd = (int)syscall(SYS_pidfd_getfd, proc_pidfd(p), d->fd, 0);
	size_t at = f->names.len;

	if (fd < 0) {
		s->err_members = errno == EPERM ? ERR_PERM : -errno;
		return;
	}
	s->err_members = same_file(fd, d) ? have_groups(p, f, s, fd, g) : 0;
	for (size_t i = 0; !s->err_members && i < g->n && same_file(fd, d); i++) {
		struct sock_member m = g->group[i];

		if ((!m.six || s->family == AF_INET6) && is_member(fd, &m))
			(void)facts_keep(&f->names, &m, sizeof(m));
	}
	close(fd);
	s->members = (struct span){at, (uint32_t)(f->names.len - at)};
}

int sock_multicast(const struct proc *p, struct facts *f)
{
	struct groups *g = NULL;
	size_t asked = 0;

	if (f->err_socks)
		return 0; /* no descriptor can be borrowed, as it says already */
	for (size_t i = 0; i < f->ndesc; i++) {
		const struct desc *d = &f->desc[i];
		struct sock *s = d->sock ? &f->sock[d->sock - 1] : NULL;

		if (!s || d->state != DESC_OK || !may_join(s))
			continue;
		if (!g) {
			g = calloc(1, sizeof(*g));
			if (!g)
				return -ENOMEM;
		}
		if (g->known && !g->err && !g->n && g->netns == s->netns)
			continue; /* nobody here has joined any */
		if (asked++ < ASKED_MOST)
			ask_one(p, f, d, g);
		else
			s->err_members = ERR_TOOBIG;
	}
	free(g);
	return f->names.failed ? -ENOMEM : 0;
}
