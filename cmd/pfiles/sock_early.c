/* SPDX-License-Identifier: MIT */
#include "sock_early.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "sock_netns.h"

#define DESCRIPTORS 256 /* with fewer, nothing is gained */
#define VERY_MANY   2048
#define EACH        4     /* so many sockets of the namespace for each descriptor at most, */
#define MOST        50000 /* and so many at all: a record takes half a KiB */

enum { TABLES = 5 };

static const struct table {
	int family, protocol;
} tables[TABLES] = {
	{AF_UNIX, 0},
	{AF_INET, IPPROTO_TCP},
	{AF_INET6, IPPROTO_TCP},
	{AF_INET, IPPROTO_UDP},
	{AF_INET6, IPPROTO_UDP},
};

struct record {
	size_t at; /* in bytes */
	uint32_t len, ino;
	uint16_t protocol;
	uint32_t next; /* with the same remainder; records + 1, 0: none */
};

struct sock_early {
	pthread_t thread;
	bool reads;
	struct diag *d;
	struct buf bytes;
	struct record *record;
	size_t n, cap;
	size_t begin[TABLES + 1]; /* the records of each table */
	bool whole[TABLES];
	uint32_t *first;
	size_t chains;
};

/* ---- how many there are ---- */

static bool read_text(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : 1;

	while (n > 0) {
		char *room = buf_room(out, 4096);

		n = room ? read(fd, room, 4096) : -1;
		buf_grew(out, n > 0 ? (size_t)n : 0);
	}
	if (fd >= 0)
		close(fd);
	return n == 0;
}

/* The number in the third column of a line of /proc/net/protocols ("TCP 2304 17 ..."); 0: no such line. */
static size_t sockets_of(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		char *end;

		line += *line == '\n';
		if (strncmp(line, name, len) != 0 || line[len] != ' ')
			continue;
		(void)strtoul(line + len, &end, 10);
		return strtoul(end, NULL, 10);
	}
	return 0;
}

/*
 * Those of the namespace that would be read. SIZE_MAX: not known; or there are sockets of MPTCP, whose subflows
 * stand in the table of TCP with the inode of another socket.
 */
static size_t sockets_here(void)
{
	static const char *const names[] = {"TCP", "TCPv6", "UDP", "UDPv6", "UNIX", "UNIX-STREAM"};
	struct buf text = {0};
	size_t n = 0;

	if (!read_text("/proc/self/net/protocols", &text))
		n = SIZE_MAX;
	for (size_t i = 0; n != SIZE_MAX && i < sizeof(names) / sizeof(names[0]); i++)
		n += sockets_of(buf_cstr(&text), names[i]);
	if (sockets_of(buf_cstr(&text), "MPTCP") || sockets_of(buf_cstr(&text), "MPTCPv6"))
		n = SIZE_MAX;
	buf_free(&text);
	return n;
}

bool sock_early_is_worth_it(const struct proc *p, size_t fds, bool anyway)
{
	size_t all;

	if (fds <= (anyway ? DESCRIPTORS : VERY_MANY) || !sock_netns_is_ours(p))
		return false;
	all = sockets_here();
	return all <= fds * EACH && all <= MOST;
}

/* ---- reading ---- */

static int keep(const struct diag_sock *s, void *arg)
{
	static const char padding[8];
	struct sock_early *e = arg;

	if (e->n == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 1024;
		struct record *grown = reallocarray(e->record, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		e->record = grown;
		e->cap = cap;
	}
	e->record[e->n++] = (struct record){
		.at = e->bytes.len,
		.len = (uint32_t)s->raw.len,
		.ino = s->ino,
		.protocol = s->protocol,
	};
	buf_add(&e->bytes, s->raw.bytes, s->raw.len);
	buf_add(&e->bytes, padding, -s->raw.len % sizeof(padding));
	return e->bytes.failed ? -ENOMEM : e->n > 2 * MOST ? -E2BIG : 0;
}

static void *read_tables(void *arg)
{
	struct sock_early *e = arg;

	for (int i = 0; i < TABLES; i++) {
		e->begin[i] = e->n;
		e->whole[i] = diag_dump(e->d, tables[i].family, tables[i].protocol, keep, e) == 0;
	}
	e->begin[TABLES] = e->n;
	return NULL;
}

struct sock_early *sock_early_start(void)
{
	struct sock_early *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	if (diag_open(-1, &e->d) == 0)
		e->reads = pthread_create(&e->thread, NULL, read_tables, e) == 0;
	if (e->reads)
		return e;
	sock_early_free(e);
	return NULL;
}

static size_t chain_of(const struct sock_early *e, uint64_t ino)
{
	return ino * 0x9e3779b97f4a7c15 >> 32 & (e->chains - 1);
}

static bool chain_up(struct sock_early *e)
{
	for (e->chains = 64; e->chains < e->n;)
		e->chains *= 2;
	e->first = calloc(e->chains, sizeof(*e->first));
	for (size_t i = 0; e->first && i < e->n; i++) {
		uint32_t *first = &e->first[chain_of(e, e->record[i].ino)];

		e->record[i].next = *first;
		*first = (uint32_t)i + 1;
	}
	return e->first;
}

struct sock_early *sock_early_wait(struct sock_early *e)
{
	if (!e)
		return NULL;
	pthread_join(e->thread, NULL);
	e->reads = false;
	if (!e->bytes.failed && chain_up(e))
		return e;
	sock_early_free(e);
	return NULL;
}

void sock_early_free(struct sock_early *e)
{
	if (!e)
		return;
	if (e->reads)
		pthread_join(e->thread, NULL);
	diag_close(e->d);
	buf_free(&e->bytes);
	free(e->record);
	free(e->first);
	free(e);
}

/* ---- looking up ---- */

uint64_t sock_early_cookie(const struct sock_early *e)
{
	return diag_cookie(e->d);
}

static bool parse(const struct sock_early *e, const struct record *r, struct diag_sock *out)
{
	if (diag_parse(e->bytes.data + r->at, r->len, out) < 0)
		return false;
	out->protocol = r->protocol;
	return true;
}

bool sock_early_find(const struct sock_early *e, uint64_t ino, struct diag_sock *out)
{
	if (!e || !ino)
		return false;
	for (uint32_t i = e->first[chain_of(e, ino)]; i; i = e->record[i - 1].next)
		if (e->record[i - 1].ino == ino)
			return parse(e, &e->record[i - 1], out);
	return false;
}

static int index_of(int family, int protocol)
{
	for (int i = 0; i < TABLES; i++)
		if (tables[i].family == family && tables[i].protocol == protocol)
			return i;
	return -1;
}

bool sock_early_has(const struct sock_early *e, int family, int protocol)
{
	int i = e ? index_of(family, protocol) : -1;

	return i >= 0 && e->whole[i];
}

int sock_early_each(
	const struct sock_early *e, int family, int protocol, diag_each *each, void *arg)
{
	int i = index_of(family, protocol), err = 0;

	for (size_t k = e->begin[i]; k < e->begin[i + 1] && !err; k++) {
		struct diag_sock s;

		if (parse(e, &e->record[k], &s))
			err = each(&s, arg);
	}
	return err;
}

/* getpeername(2) names an end that is connected, or shut; of the other states of TCP only a call can tell. */
static bool inet_tells(const struct diag_sock *s)
{
	static const uint8_t link_local[2] = {0xfe, 0x80};

	if (s->protocol == IPPROTO_TCP && s->state != TCP_ESTABLISHED && s->state != TCP_LISTEN)
		return false;
	if (s->inet.ulp.len)
		return false;
	/* The number of the interface belongs to such an address. */
	return s->family == AF_INET ||
		(memcmp(s->inet.local.addr, link_local, 2) != 0 &&
			memcmp(s->inet.remote.addr, link_local, 2) != 0);
}

bool sock_early_tells(const struct sock_early *e, uint64_t ino, struct diag_sock *out)
{
	struct diag_sock peer;

	if (!sock_early_find(e, ino, out) || !(out->has & DIAG_MEM))
		return false;
	if (out->family != AF_UNIX)
		return inet_tells(out);
	return out->type && (!(out->has & DIAG_PEER) || sock_early_find(e, out->un.peer, &peer));
}
