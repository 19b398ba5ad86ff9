/* SPDX-License-Identifier: MIT */
#include "json_sock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "base/err.h"
#include "base/json.h"
#include "json_sock_more.h"
#include "names.h"

/* What a function of names.h writes for a number. */
static json_t *word(void (*add)(struct buf *out, int v), int v)
{
	struct buf text = {0};
	json_t *s;

	add(&text, v);
	s = json_string(buf_cstr(&text));
	buf_free(&text);
	return s;
}

static void set_unix(json_t *o, const char *path, size_t len)
{
	if (len == 0)
		return;
	if (path[0] == '\0')
		json_object_set_new(o, "abstract", json_bytes(path + 1, len - 1));
	else
		json_object_set_new(o, "path", json_bytes(path, strnlen(path, len)));
}

static void set_inet(json_t *o, const struct sockaddr_storage *a)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;
	const struct sockaddr_in *in = (const struct sockaddr_in *)a;
	bool six = a->ss_family == AF_INET6;
	char text[INET6_ADDRSTRLEN];

	inet_ntop(a->ss_family, six ? (const void *)&in6->sin6_addr : &in->sin_addr, text,
		sizeof(text));
	json_object_set_new(o, "address", json_string(text));
	json_object_set_new(o, "port", json_integer(ntohs(six ? in6->sin6_port : in->sin_port)));
	if (six && in6->sin6_scope_id)
		json_object_set_new(o, "scope", json_integer(in6->sin6_scope_id));
}

/* An address, or NULL. */
static json_t *name(const struct facts *f, struct span s, int family)
{
	const size_t path = offsetof(struct sockaddr_un, sun_path);
	struct sockaddr_storage a = {0};
	json_t *o;

	if (s.len)
		memcpy(&a, f->names.data + s.at, s.len);
	if (s.len < sizeof(a.ss_family) && family < 0)
		return NULL;
	if (s.len >= sizeof(a.ss_family))
		family = a.ss_family;
	o = json_object();
	json_object_set_new(o, "family", word(names_add_family, family));
	if (family == AF_UNIX && s.len > path)
		set_unix(o, (const char *)&a + path, s.len - path);
	else if ((family == AF_INET && s.len >= sizeof(struct sockaddr_in)) ||
		(family == AF_INET6 && s.len >= sizeof(struct sockaddr_in6)))
		set_inet(o, &a);
	return o;
}

/* Flags are true; those that are off are left out, as on the page. */
static json_t *options(const struct sock *k)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < OPT_COUNT; i++) {
		json_t *v = json_true();

		if (!(k->on & 1U << i))
			continue;
		if (i == OPT_LINGER)
			v = json_integer(k->linger);
		else if (i == OPT_SNDBUF)
			v = json_integer(k->sndbuf);
		else if (i == OPT_RCVBUF)
			v = json_integer(k->rcvbuf);
		json_object_set_new(o, names_option(i), v);
	}
	return o;
}

static json_t *peer(const struct sock *k, struct show_names *names)
{
	const struct buf *comm = show_name_of(names, k->peer_pid);
	json_t *o = json_object();

	json_object_set_new(o, "pid", json_integer(k->peer_pid));
	if (strcmp(buf_cstr(comm), "?") != 0)
		json_object_set_new(o, "command", json_stringn(buf_cstr(comm), comm->len));
	return o;
}

json_t *json_sock(const struct facts *f, const struct sock *k, struct show_names *names)
{
	json_t *o = json_object(), *other, *set;

	if (k->type >= 0)
		json_object_set_new(o, "type", word(names_add_sock_type, k->type));
	if (k->family >= 0)
		json_object_set_new(o, "family", word(names_add_family, k->family));
	json_object_set_new(o, "options", set = options(k));
	other = name(f, k->name, k->family);
	if (other)
		json_object_set_new(o, "sockname", other);
	other = name(f, k->peer, -1);
	if (other)
		json_object_set_new(o, "peername", other);
	if (k->peer_pid > 0)
		json_object_set_new(o, "peer", peer(k, names));
	if (k->err_peer)
		json_object_set_new(o, "peer_unknown", json_string(err_str(k->err_peer)));
	json_sock_more(o, set, f, k);
	return o;
}
