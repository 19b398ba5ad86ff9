/* SPDX-License-Identifier: MIT */
#include "sock_search_ask.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sock_kind.h"
#include "sock_options.h"

#define INET_ASK 512 /* where it is not known how many sockets there are */

void search_put(struct search *s, size_t item, const struct diag_ask *a, bool other)
{
	s->whose[s->asks] = (uint32_t)item | (other ? OTHER_END : 0);
	s->ask[s->asks++] = *a;
}

static uint32_t scope_of(const struct facts *f, struct span name)
{
	struct sockaddr_in6 six;

	if (name.len < sizeof(six))
		return 0;
	memcpy(&six, f->names.data + name.at, sizeof(six));
	return six.sin6_family == AF_INET6 ? six.sin6_scope_id : 0;
}

/* The number of the device that it is bound to, which has to be in the question. */
static uint32_t device_of(const struct search *s, const struct sock *k)
{
	uint32_t scope = scope_of(s->f, k->name);

	for (unsigned i = 0; i < k->options && !scope && s->ours; i++) {
		const struct sock_option_value *v = &s->f->option[k->option_at + i];
		char name[IFNAMSIZ] = "";

		if (strcmp(sock_options_name(v), "SO_BINDTODEVICE") != 0 ||
			v->text.len >= sizeof(name))
			continue;
		memcpy(name, s->f->names.data + v->text.at, v->text.len);
		scope = if_nametoindex(name);
	}
	return scope;
}

/* About the other end: the same connection seen from there. */
static void put_other_question(struct search *s, size_t item, const struct diag_ask *own)
{
	struct diag_ask a = *own;

	a.local = own->remote;
	a.remote = own->local;
	search_put(s, item, &a, true);
}

void search_put_inet(struct search *s, size_t item)
{
	const struct item *it = &s->item[item];
	const struct sock *k = search_sock(s, it);
	struct diag_ask a = {.protocol = (uint16_t)k->protocol};

	a.family = it->four ? AF_INET : AF_INET6;
	a.local = it->local;
	a.remote = it->remote;
	a.ifindex = it->whole ? it->ifindex : device_of(s, k);
	if (!it->whole && !it->found)
		search_put(s, item, &a, false);
	if (it->remote.port && !(it->found && sock_kind_is_tcp(k->kind) && k->far == FAR_OPEN))
		put_other_question(s, item, &a);
}

/* How many sockets of TCP or UDP there are here ("TCP: inuse 3 ..."); 0: not known. */
static size_t in_use(const char *path, const char *word)
{
	char text[1024], *at;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	at = strstr(text, word);
	return at ? strtoul(at + strlen(word), NULL, 10) : 0;
}

/* A question takes twice as long as a record of a dump, and one of TCP needs two. */
bool search_dump_is_faster(bool ours, bool tcp, size_t n)
{
	size_t all;

	if (!ours)
		return n > INET_ASK;
	if (n < 32)
		return false;
	all = in_use("/proc/self/net/sockstat", tcp ? "TCP: inuse " : "UDP: inuse ") +
		in_use("/proc/self/net/sockstat6", tcp ? "TCP6: inuse " : "UDP6: inuse ");
	return all < n * 4;
}
