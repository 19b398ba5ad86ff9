/* SPDX-License-Identifier: MIT */
#include "show_sock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/err.h"
#include "base/escape.h"
#include "names.h"
#include "proc/proc.h"
#include "show_sock_more.h"
#include "sock_options.h"

static void add_value(struct buf *out, const struct sock *k, unsigned option)
{
	int value;

	switch (option) {
	case OPT_LINGER: value = k->linger; break;
	case OPT_SNDBUF: value = k->sndbuf; break;
	case OPT_RCVBUF: value = k->rcvbuf; break;
	default: return;
	}
	buf_chr(out, '(');
	if (value < 0)
		buf_chr(out, '-');
	buf_dec(out, value < 0 ? -(unsigned)value : (unsigned)value);
	buf_chr(out, ')');
}

static void add_options(struct buf *out, const struct sock *k)
{
	char before = '\t';

	if (!k->on)
		return;
	for (unsigned i = 0; i < OPT_COUNT; i++) {
		if (!(k->on & 1U << i))
			continue;
		buf_chr(out, before);
		buf_str(out, names_option(i));
		add_value(out, k, i);
		before = ',';
	}
	buf_chr(out, '\n');
}

/* Where others have a port, raw sockets have none, and those for pings the number of their pings. */
static void add_port(struct buf *out, enum sock_kind kind, in_port_t port)
{
	switch (kind) {
	case KIND_RAW4:
	case KIND_RAW6: return;
	case KIND_PING4:
	case KIND_PING6: buf_str(out, "  id: "); break;
	default: buf_str(out, "  port: ");
	}
	buf_dec(out, ntohs(port));
}

static void add_inet(struct buf *out, const struct sockaddr_in *in, enum sock_kind kind)
{
	const unsigned char *a = (const unsigned char *)&in->sin_addr;

	buf_str(out, "AF_INET ");
	for (int i = 0; i < 4; i++) {
		if (i)
			buf_chr(out, '.');
		buf_dec(out, a[i]);
	}
	add_port(out, kind, in->sin_port);
}

static void add_inet6(struct buf *out, const struct sockaddr_in6 *in, enum sock_kind kind)
{
	char text[INET6_ADDRSTRLEN];

	buf_str(out, "AF_INET6 ");
	buf_str(out, inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text)));
	/* A number: the interface's name belongs to the target's network namespace. */
	if (in->sin6_scope_id) {
		buf_chr(out, '%');
		buf_dec(out, in->sin6_scope_id);
	}
	add_port(out, kind, in->sin6_port);
}

/*
 * A path ends at its NUL; an abstract name begins with one and may hold more. The @ that stands for
 * it is written \x40 where a path really begins with it.
 */
static void add_unix(struct buf *out, const char *path, size_t len)
{
	buf_str(out, "AF_UNIX ");
	if (len == 0)
		return;
	if (path[0] == '\0') {
		buf_chr(out, '@');
		escape_add(out, path + 1, len - 1);
		return;
	}
	len = strnlen(path, len);
	if (path[0] == '@') {
		buf_str(out, "\\x40");
		path++;
		len--;
	}
	escape_add(out, path, len);
}

/* The socket's own name, or that of the other end. */
static void add_name(
	struct buf *out, const char *label, const struct facts *f, const struct sock *k, bool other)
{
	struct span s = other ? k->peer : k->name;
	int family = other ? -1 : k->family;
	struct sockaddr_storage a = {0};

	if (s.len)
		memcpy(&a, f->names.data + s.at, s.len);
	if (s.len < sizeof(a.ss_family) && family < 0)
		return;
	buf_chr(out, '\t');
	buf_str(out, label);
	if (s.len >= sizeof(a.ss_family))
		family = a.ss_family;
	if (family == AF_INET && s.len >= sizeof(struct sockaddr_in))
		add_inet(out, (const struct sockaddr_in *)&a, k->kind);
	else if (family == AF_INET6 && s.len >= sizeof(struct sockaddr_in6))
		add_inet6(out, (const struct sockaddr_in6 *)&a, k->kind);
	else if (family == AF_UNIX && s.len >= sizeof(a.ss_family))
		add_unix(out, (const char *)&a + offsetof(struct sockaddr_un, sun_path),
			s.len - offsetof(struct sockaddr_un, sun_path));
	else
		names_add_family(out, family);
	buf_chr(out, '\n');
}

static void add_peer(struct buf *out, const struct sock *k, struct show_names *names)
{
	const struct buf *comm;

	if (k->err_peer) {
		buf_str(out, "\t(not known: peer: ");
		buf_str(out, err_str(k->err_peer));
		buf_str(out, ")\n");
	}
	if (k->peer_pid <= 0)
		return;
	comm = show_name_of(names, k->peer_pid);
	buf_str(out, "\tpeer: ");
	if (strcmp(buf_cstr(comm), "?") == 0) {
		buf_str(out, "pid ");
		buf_dec(out, (unsigned)k->peer_pid);
	} else {
		buf_add(out, buf_cstr(comm), comm->len);
		buf_chr(out, '[');
		buf_dec(out, (unsigned)k->peer_pid);
		buf_chr(out, ']');
	}
	buf_chr(out, '\n');
}

void show_sock(
	struct buf *out, const struct facts *f, const struct sock *k, struct show_names *names)
{
	if (k->type >= 0) {
		buf_chr(out, '\t');
		names_add_sock_type(out, k->type);
		buf_chr(out, '\n');
	}
	add_options(out, k);
	show_sock_options(out, f, k);
	add_name(out, "sockname: ", f, k, false);
	add_name(out, "peername: ", f, k, true);
	add_peer(out, k, names);
	show_sock_more(out, f, k);
}
