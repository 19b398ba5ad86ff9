/* SPDX-License-Identifier: MIT */
#include "sock_options.h"

#include <errno.h>
#include <linux/in6.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/escape.h"
#include "sock_option_rows.h"

/* ---- questions ---- */

static bool applies(const struct option_row *r, enum sock_kind k, bool few)
{
	return r->kinds & 1U << k && (!few || r->marks & OPTION_OFTEN);
}

size_t sock_options_count(enum sock_kind k, bool few)
{
	size_t n = 0;

	for (size_t i = 0; i < option_row_count; i++)
		n += applies(&option_rows[i], k, few);
	return n;
}

static uint32_t length_of(const struct option_row *r)
{
	switch (r->form) {
	case FORM_WIDE: return 8;
	case FORM_TIME:
	case FORM_TEXT:
	case FORM_LENGTH: return OPTION_BYTES;
	case FORM_FILTER: return 0; /* asks for the number of instructions only */
	default: return 4;
	}
}

static void lay_one(const struct option_row *r, int fd, struct option_slot *s, struct call *c)
{
	s->len = length_of(r);
	*c = (struct call){
		.nr = SYS_getsockopt,
		.arg = {ARG_VAL(fd), ARG_VAL(r->level), ARG_VAL(r->option),
			ARG_OUT(&s->number, OPTION_BYTES), ARG_INOUT(&s->len, sizeof(s->len))},
	};
}

void sock_options_lay(
	enum sock_kind k, bool few, int fd, struct option_slot *slot, struct call *call)
{
	for (size_t i = 0; i < option_row_count; i++) {
		if (applies(&option_rows[i], k, few))
			lay_one(&option_rows[i], fd, slot++, call++);
	}
}

/* ---- answers ---- */

/* false: this socket has no such option. */
static bool value_of(
	const struct option_row *r, const struct option_slot *s, int64_t ret, int64_t *out)
{
	if (r->form == FORM_FILTER && ret == -EACCES) {
		*out = -1; /* a program of the extended kind, which is not told */
		return true;
	}
	if (ret != 0)
		return false;
	switch (r->form) {
	case FORM_WIDE: *out = (int64_t)s->wide; break;
	case FORM_TIME: *out = s->time[0] * 1000000 + s->time[1]; break;
	case FORM_TEXT: *out = s->len && s->text[0]; break;
	case FORM_LENGTH:
	case FORM_FILTER: *out = s->len; break;
	case FORM_MASK:
	case FORM_ADDR: *out = (uint32_t)s->number; break;
	default: *out = s->number;
	}
	return true;
}

/* A new socket of ours: one that anybody may make, and for which the same settings hold. */
static int new_socket(enum sock_kind k)
{
	int family = sock_kind_is_six(k) ? AF_INET6 : AF_INET;

	if (sock_kind_is_tcp(k) || k == KIND_MPTCP4 || k == KIND_MPTCP6)
		return socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock_kind_is_inet(k))
		return socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static void ask_new_socket(enum sock_kind k, struct option_defaults *d)
{
	int fd = new_socket(k);

	d->asked[k] = true;
	if (fd < 0)
		return;
	for (size_t i = 0; i < option_row_count; i++) {
		struct option_slot s = {.len = 4};

		if (!(option_rows[i].kinds & 1U << k && option_rows[i].marks & OPTION_VARIES) ||
			getsockopt(fd, option_rows[i].level, option_rows[i].option, &s.number,
				&s.len) < 0)
			continue;
		d->known[k][i] = value_of(&option_rows[i], &s, 0, &d->value[k][i]);
	}
	close(fd);
}

static int64_t normal_of(size_t row, enum sock_kind k, struct option_defaults *d)
{
	if (!(option_rows[row].marks & OPTION_VARIES))
		return option_rows[row].normal;
	if (!d->asked[k])
		ask_new_socket(k, d);
	return d->known[k][row] ? d->value[k][row] : option_rows[row].normal;
}

/* Where the protocol, too, decides about the value in a new socket. */
static bool is_normal(const struct sock *s, const struct option_row *r, int64_t value)
{
	if (r->level == IPPROTO_IP && r->option == IP_HDRINCL)
		return value == (s->protocol == IPPROTO_RAW);
	if (r->level == IPPROTO_IPV6 && r->option == IPV6_CHECKSUM && s->protocol == IPPROTO_ICMPV6)
		return value == 2;
	return false;
}

static int keep(struct facts *f, size_t row, const struct option_slot *s, int64_t value)
{
	struct sock_option_value *v = facts_add_option(f);

	if (!v)
		return -ENOMEM;
	v->row = (uint16_t)row;
	v->number = value;
	if (option_rows[row].form == FORM_TEXT)
		v->text = facts_keep(&f->names, s->text, strnlen(s->text, OPTION_BYTES));
	return 0;
}

int sock_options_take(
	struct facts *f, struct sock *s, const struct option_answers *a, struct option_defaults *d)
{
	size_t n = 0, at = f->noption;
	int err = 0;

	for (size_t i = 0; i < option_row_count && !err; i++) {
		int64_t value;

		if (!applies(&option_rows[i], a->kind, a->few))
			continue;
		if (value_of(&option_rows[i], &a->slot[n], a->call[n].ret, &value) &&
			value != normal_of(i, a->kind, d) && !is_normal(s, &option_rows[i], value))
			err = keep(f, i, &a->slot[n], value);
		n++;
	}
	s->option_at = (uint32_t)at;
	s->options = (uint16_t)(f->noption - at);
	f->few_options += a->few;
	return err;
}

/* ---- for the page ---- */

static void add_number(struct buf *out, int64_t n)
{
	if (n < 0)
		buf_chr(out, '-');
	buf_dec(out, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

static void add_seconds(struct buf *out, int64_t us)
{
	add_number(out, us / 1000000);
	if (us % 1000000) {
		char digits[16];
		size_t n = 6;

		snprintf(digits, sizeof(digits), "%06u", (unsigned)(us % 1000000));
		while (digits[n - 1] == '0')
			n--;
		buf_chr(out, '.');
		buf_add(out, digits, n);
	}
}

static void add_address(struct buf *out, uint32_t address)
{
	const unsigned char *a = (const unsigned char *)&address;

	buf_fmt(out, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
}

const char *sock_options_name(const struct sock_option_value *v)
{
	if (option_rows[v->row].form == FORM_FILTER)
		return v->number < 0 ? "SO_ATTACH_BPF" : "SO_ATTACH_FILTER";
	return option_rows[v->row].name;
}

void sock_options_show(struct buf *out, const struct facts *f, const struct sock_option_value *v)
{
	const struct option_row *r = &option_rows[v->row];

	buf_str(out, sock_options_name(v));
	if ((r->form == FORM_FLAG && v->number == 1) || (r->form == FORM_FILTER && v->number < 0))
		return;
	buf_chr(out, '(');
	switch (r->form) {
	case FORM_MASK:
		buf_str(out, "0x");
		buf_hex(out, (uint64_t)v->number);
		break;
	case FORM_WIDE: buf_dec(out, (uint64_t)v->number); break;
	case FORM_TIME: add_seconds(out, v->number); break;
	case FORM_TEXT: escape_add(out, f->names.data + v->text.at, v->text.len); break;
	case FORM_ADDR: add_address(out, (uint32_t)v->number); break;
	case FORM_LENGTH:
		buf_dec(out, (uint64_t)v->number);
		buf_str(out, " bytes");
		break;
	default: add_number(out, v->number);
	}
	buf_chr(out, ')');
}
