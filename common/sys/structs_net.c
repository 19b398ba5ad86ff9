/* SPDX-License-Identifier: MIT */
/* Addresses, messages and what is attached to them, socket options. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sys/bytes.h"
#include "sys/fields.h"
#include "sys/group.h"
#include "sys/kinds.h"
#include "sys/structs.h"
#include "sys/structs_by.h"

enum { ADDRESS_MAX = 128, CONTROL_MAX = 4096, VALUE_MAX = 64 };

static const char *layout_of_family(unsigned family)
{
	switch (family) {
	case AF_INET: return "sockaddr_in";
	case AF_INET6: return "sockaddr_in6";
	case AF_NETLINK: return "sockaddr_nl";
	case AF_PACKET: return "sockaddr_ll";
	case AF_VSOCK: return "sockaddr_vm";
	case AF_ALG: return "sockaddr_alg";
	case AF_XDP: return "sockaddr_xdp";
	case AF_CAN: return "sockaddr_can";
	case AF_TIPC: return "sockaddr_tipc";
	default: return NULL;
	}
}

/* unix(7): a path, which need not end; or, after a NUL, bytes of any kind; or nothing. */
static void add_unix(struct buf *out, const unsigned char *p, size_t n)
{
	buf_str(out, "AF_UNIX");
	if (!n)
		return;
	buf_str(out, "  name = ");
	if (*p) {
		bytes_add_quoted(out, p, strnlen((const char *)p, n));
		return;
	}
	buf_chr(out, '@');
	bytes_add_quoted(out, p + 1, n - 1);
}

void structs_add_sockaddr(struct buf *out, const void *p, size_t n)
{
	static const struct fields_style spaced = {"  ", " = "};
	const unsigned char *b = p;
	const struct layout *layout;
	unsigned family;
	const char *name;

	if (n < 2) {
		fields_add_bytes(out, p, n);
		return;
	}
	family = (unsigned)fields_number(p, 2);
	if (family == AF_UNIX) {
		add_unix(out, b + 2, n - 2);
		return;
	}
	name = layout_of_family(family);
	layout = name ? fields_layout(name) : NULL;
	if (layout && layout->wide.count) {
		fields_add(out, &spaced, &layout->wide, p, n);
		return;
	}
	group_add(out, group_find("sock_domain"), family);
	if (n > 2) {
		buf_str(out, "  data = ");
		fields_add_bytes(out, b + 2, n - 2);
	}
}

static void add_address_at(const struct structs_item *it, uint64_t addr, uint64_t n)
{
	unsigned char raw[ADDRESS_MAX];
	size_t got =
		memory_read(it->call->mem, addr, raw, n < ADDRESS_MAX ? (size_t)n : ADDRESS_MAX);

	if (got)
		structs_add_sockaddr(it->out, raw, got);
	else
		bytes_add_address(it->out, addr);
	buf_chr(it->out, '\n');
}

void structs_sockaddr(const struct structs_item *it)
{
	if (!it->n)
		return;
	structs_label(it, -1);
	add_address_at(it, it->addr, it->n);
}

/* The first bytes of a vector, where there is something to see: data to be written, or that came. */
static uint64_t add_vector(
	const struct structs_item *it, uint64_t base, uint64_t len, uint64_t left)
{
	uint64_t shown = len < left ? len : left;

	buf_str(it->out, "base=");
	bytes_add_address(it->out, base);
	buf_str(it->out, " len=");
	bytes_add_small(it->out, len, 8);
	if (shown) {
		buf_chr(it->out, ' ');
		bytes_add_peek(it->out, it->call->mem, base, shown);
	}
	buf_chr(it->out, '\n');
	return left - shown;
}

/* How much of the vectors holds data: all of a write's, of a read's as much as came. */
static uint64_t data_in(const struct args_call *c)
{
	if (c->ent->flags & SYSENT_WRITE)
		return UINT64_MAX;
	if (!(c->ent->flags & SYSENT_READ) || !c->done || c->error || c->result < 0)
		return 0;
	return (uint64_t)c->result;
}

static void vectors(const struct structs_item *it, uint64_t addr, uint64_t n, uint64_t left)
{
	unsigned size = abi_pointer(it->call->abi);

	for (uint64_t i = 0; i < n && i < STRUCTS_MANY; i++) {
		uint64_t base, len;

		if (!memory_number(it->call->mem, addr + i * 2 * size, size, &base) ||
			!memory_number(it->call->mem, addr + i * 2 * size + size, size, &len)) {
			structs_unreadable(it);
			return;
		}
		structs_label(it, (int64_t)i);
		left = add_vector(it, base, len, left);
	}
	if (n > STRUCTS_MANY)
		buf_fmt(it->out, "(%llu more)\n", (unsigned long long)(n - STRUCTS_MANY));
}

void structs_iovec(const struct structs_item *it)
{
	vectors(it, it->addr, it->n, data_in(it->call));
}

/* What a control message of SOL_SOCKET carries. */
static void add_rights(struct buf *out, const struct args_call *c, const unsigned char *p, size_t n)
{
	buf_str(out, " fds=[");
	for (size_t i = 0; i + 4 <= n && i < 4 * STRUCTS_MANY; i += 4) {
		if (i)
			buf_chr(out, ',');
		kinds_add_fd(c, (int)fields_number(p + i, 4), out);
	}
	buf_str(out, n > 4 * STRUCTS_MANY ? "..]" : "]");
}

static void add_layout(struct buf *out, const char *name, const unsigned char *p, size_t n)
{
	const struct layout *layout = fields_layout(name);

	buf_chr(out, ' ');
	if (layout && layout->wide.count && n >= layout->wide.size)
		fields_add(out, NULL, &layout->wide, p, n);
	else
		fields_add_bytes(out, p, n);
}

static void add_control_data(struct buf *out, const struct args_call *c, int level, int type,
	const unsigned char *p, size_t n)
{
	if (level == SOL_SOCKET && type == SCM_RIGHTS)
		add_rights(out, c, p, n);
	else if (level == SOL_SOCKET && type == SCM_CREDENTIALS)
		add_layout(out, "ucred", p, n);
	else if (level == IPPROTO_IP && type == IP_PKTINFO)
		add_layout(out, "in_pktinfo", p, n);
	else if (level == IPPROTO_IPV6 && type == IPV6_PKTINFO)
		add_layout(out, "in6_pktinfo", p, n);
	else if (level == SOL_SOCKET && type == SCM_TIMESTAMP && abi_long(c->abi) == 8)
		add_layout(out, "timeval", p, n);
	else {
		buf_str(out, " data=");
		fields_add_bytes(out, p, n);
	}
}

/* cmsg(3): a length (of a long), level, type, then data up to the length; the next one aligned to a long. */
static size_t control_message(
	const struct structs_item *it, const unsigned char *p, size_t n, size_t index)
{
	size_t word = abi_pointer(it->call->abi), head = word + 8;
	uint64_t len = fields_number(p, word);
	int level = (int)fields_number(p + word, 4), type = (int)fields_number(p + word + 4, 4);
	const struct group *types =
		level == SOL_SOCKET ? group_find("scm_type") : kinds_sockopts((unsigned)level);

	buf_fmt(it->out, "cmsg[%zu]: len=%llu level=", index, (unsigned long long)len);
	group_add(it->out, group_find("sol_level"), (uint64_t)level);
	buf_str(it->out, " type=");
	if (level == SOL_SOCKET && !group_word(types, (uint64_t)type))
		types = group_find("so_opt");
	group_add(it->out, types, (uint64_t)type);
	if (len >= head && len <= n)
		add_control_data(it->out, it->call, level, type, p + head, (size_t)len - head);
	buf_chr(it->out, '\n');
	return len >= head && len <= n ? (size_t)((len + word - 1) & ~(word - 1)) : n;
}

static void control(const struct structs_item *it, uint64_t addr, uint64_t n)
{
	size_t head = abi_pointer(it->call->abi) + 8, at = 0, got;
	unsigned char raw[CONTROL_MAX];

	got = memory_read(it->call->mem, addr, raw, n < sizeof(raw) ? (size_t)n : sizeof(raw));
	for (size_t i = 0; at + head <= got && i < STRUCTS_MANY; i++)
		at += control_message(it, raw + at, got - at, i);
}

/* A struct user_msghdr (include/linux/socket.h), all of whose members are aligned to a word. */
static void message(const struct structs_item *it, uint64_t addr, int64_t index, uint64_t left)
{
	size_t word = abi_pointer(it->call->abi);
	unsigned char raw[56];
	uint64_t m[7];

	if (!memory_whole(it->call->mem, addr, raw, 7 * word)) {
		structs_unreadable(it);
		return;
	}
	for (size_t i = 0; i < 7; i++)
		m[i] = fields_number(raw + i * word, i == 1 || i == 6 ? 4 : word);
	structs_label(it, index);
	buf_str(it->out, "name=");
	bytes_add_address(it->out, m[0]);
	buf_fmt(it->out, " namelen=%u iov=", (unsigned)m[1]);
	bytes_add_address(it->out, m[2]);
	buf_fmt(it->out, " iovlen=%llu control=", (unsigned long long)m[3]);
	bytes_add_address(it->out, m[4]);
	buf_fmt(it->out, " controllen=%llu flags=", (unsigned long long)m[5]);
	group_add(it->out, group_find("msg_flags"), m[6]);
	buf_chr(it->out, '\n');
	/* Before a receive has returned there is nothing in these but room. */
	if (m[0] && m[1] && left) {
		buf_str(it->out, "name: ");
		add_address_at(it, m[0], (uint32_t)m[1]);
	}
	vectors(
		&(struct structs_item){
			.call = it->call, .label = "iov", .addr = m[2], .out = it->out},
		m[2], m[3], left);
	if (m[4] && left)
		control(it, m[4], m[5]);
}

static bool receives(const struct args_call *c)
{
	return c->ent->flags & SYSENT_READ;
}

void structs_message(const struct structs_item *it)
{
	message(it, it->addr, -1, data_in(it->call));
}

void structs_messages(const struct structs_item *it)
{
	size_t word = abi_pointer(it->call->abi), step = 8 * word;
	const struct args_call *c = it->call;
	uint64_t n = it->n;

	if (c->done && !c->error && c->result >= 0 && (uint64_t)c->result < n)
		n = (uint64_t)c->result;
	for (uint64_t i = 0; i < n && i < BYTES_VECTORS; i++) {
		uint64_t addr = it->addr + i * step, len = 0;
		bool known = memory_number(c->mem, addr + 7 * word, 4, &len) && c->done;

		message(it, addr, (int64_t)i,
			!receives(c)                 ? UINT64_MAX
				: known && !c->error ? len
						     : 0);
		if (known)
			buf_fmt(it->out, "len=%llu\n", (unsigned long long)len);
	}
}

/* Options that are no int: their layout, or NULL for a string. */
static const struct {
	int level, option;
	const char *layout;
} options[] = {
	{SOL_SOCKET, SO_LINGER, "linger"}, {SOL_SOCKET, SO_PEERCRED, "ucred"},
	{SOL_SOCKET, SO_RCVTIMEO, "timeval"}, {SOL_SOCKET, SO_SNDTIMEO, "timeval"},
	{SOL_SOCKET, SO_BINDTODEVICE, NULL}, {SOL_SOCKET, SO_PEERSEC, NULL},
	{IPPROTO_TCP, 13, NULL}, /* TCP_CONGESTION */
	{IPPROTO_TCP, 31, NULL}, /* TCP_ULP */
};

static void add_option(struct buf *out, const struct args_call *c, const unsigned char *p, size_t n)
{
	int level = (int)kinds_value(c, 1), option = (int)kinds_value(c, 2);

	for (size_t k = 0; k < sizeof(options) / sizeof(*options); k++) {
		const struct layout *layout;
		const struct layout_fields *f;

		if (options[k].level != level || options[k].option != option)
			continue;
		if (!options[k].layout) {
			bytes_add_quoted(out, p, strnlen((const char *)p, n));
			return;
		}
		layout = fields_layout(options[k].layout);
		f = layout ? fields_of(layout, c->abi) : NULL;
		if (f && n >= f->size) {
			fields_add(out, NULL, f, p, n);
			return;
		}
	}
	if (n == 4)
		bytes_add_decimal(out, (int)fields_number(p, 4));
	else
		fields_add_bytes(out, p, n);
}

void structs_sockopt(const struct args_call *c, unsigned i, unsigned which, struct buf *out)
{
	uint64_t addr = kinds_value(c, i), n = kinds_length(c, i);
	unsigned char raw[VALUE_MAX];
	size_t got;

	(void)which;
	if (!addr || !n)
		return;
	buf_fmt(out, "%s: ", kinds_arg(c, i)->name);
	got = memory_read(c->mem, addr, raw, n < sizeof(raw) ? (size_t)n : sizeof(raw));
	if (got)
		add_option(out, c, raw, got);
	else
		bytes_add_address(out, addr);
	if (n > got)
		buf_str(out, "..");
	buf_chr(out, '\n');
}
