/* SPDX-License-Identifier: MIT */
#include "json_sock_more.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/packet_diag.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/json.h"
#include "names_sock.h"
#include "sock_options.h"

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static void set_number(json_t *o, const char *key, uint64_t n)
{
	set(o, key, json_integer((json_int_t)n));
}

/* "TCP_NODELAY" is true, "TCP_KEEPIDLE(60)" 60, "TCP_CONGESTION(bbr)" "bbr". */
static json_t *option_value(const char *text, const char *name)
{
	size_t skip = strlen(name), len = strlen(text);
	char *end;
	long long v;
	json_t *s;

	if (len <= skip + 2 || text[skip] != '(')
		return json_true();
	v = strtoll(text + skip + 1, &end, 10);
	if (end == text + len - 1)
		return json_integer(v);
	s = json_stringn(text + skip + 1, len - skip - 2);
	return s;
}

static void set_options(json_t *o, const struct facts *f, const struct sock *k)
{
	struct buf text = {0};

	for (unsigned i = 0; i < k->options; i++) {
		const struct sock_option_value *v = &f->option[k->option_at + i];

		buf_clear(&text);
		sock_options_show(&text, f, v);
		set(o, sock_options_name(v), option_value(buf_cstr(&text), sock_options_name(v)));
	}
	buf_free(&text);
}

static void set_credentials(json_t *o, const struct facts *f, const struct sock *k)
{
	json_t *groups = json_array(), *c;
	uint32_t group;

	if (!(k->has & SOCK_HAS_CRED)) {
		json_decref(groups);
		return;
	}
	for (uint32_t i = 0; i < k->peer_groups.len / 4; i++) {
		memcpy(&group, f->names.data + k->peer_groups.at + i * 4, 4);
		json_array_append_new(groups, json_integer(group));
	}
	c = json_pack("{s:I, s:I, s:o}", "uid", (json_int_t)k->peer_uid, "gid",
		(json_int_t)k->peer_gid, "groups", groups);
	if (k->more_groups)
		set(c, "more_groups", json_true());
	set(o, "peer_credentials", c);
}

static void set_netlink(json_t *o, const struct facts *f, const struct sock *k)
{
	json_t *groups = json_array();
	struct {
		uint16_t family, pad;
		uint32_t portid, groups;
	} nl = {0};

	if (k->name.len >= sizeof(nl)) {
		memcpy(&nl, f->names.data + k->name.at, sizeof(nl));
		set_number(o, "port_id", nl.portid);
	}
	for (uint32_t i = 0; i < k->groups.len * 8; i++) {
		if (f->names.data[k->groups.at + i / 8] >> i % 8 & 1)
			json_array_append_new(groups, json_integer(i + 1));
	}
	set(o, "groups", groups);
	if (k->peer.len >= sizeof(nl)) {
		memcpy(&nl, f->names.data + k->peer.at, sizeof(nl));
		set_number(o, "peer_port_id", nl.portid);
	}
}

static void set_packet(json_t *o, const struct facts *f, const struct sock *k)
{
	struct sockaddr_ll ll = {0};

	memcpy(&ll, f->names.data + k->name.at,
		k->name.len < sizeof(ll) ? k->name.len : sizeof(ll));
	if (k->device.len)
		set(o, "interface", json_bytes(f->names.data + k->device.at, k->device.len));
	if (ll.sll_ifindex)
		set_number(o, "interface_index", (unsigned)ll.sll_ifindex);
	set(o, "receive_ring", json_boolean(k->rx_ring));
	set(o, "send_ring", json_boolean(k->tx_ring));
}

static void set_protocol(json_t *o, const struct facts *f, const struct sock *k)
{
	int protocol = k->protocol;
	struct buf text = {0};
	struct sockaddr_ll ll;

	if (protocol < 0 || (protocol == 0 && k->family != AF_NETLINK && k->family != AF_PACKET))
		return;
	if (k->family == AF_PACKET && k->name.len >= offsetof(struct sockaddr_ll, sll_ifindex)) {
		memcpy(&ll, f->names.data + k->name.at, offsetof(struct sockaddr_ll, sll_ifindex));
		protocol = ntohs(ll.sll_protocol);
	}
	names_add_protocol(&text, k->family, protocol);
	set(o, "protocol", json_string(buf_cstr(&text)));
	buf_free(&text);
	if (k->family == AF_NETLINK)
		set_netlink(o, f, k);
	else if (k->family == AF_PACKET)
		set_packet(o, f, k);
}

static json_t *membership(const struct packet_diag_mclist *m)
{
	struct buf text = {0};
	json_t *o = json_object();

	names_add_membership(&text, m->pdmc_type);
	set(o, "type", json_string(buf_cstr(&text)));
	set_number(o, "interface_index", m->pdmc_index);
	buf_clear(&text);
	for (unsigned i = 0; i < m->pdmc_alen && i < sizeof(m->pdmc_addr); i++)
		buf_fmt(&text, i ? ":%02x" : "%02x", m->pdmc_addr[i]);
	if (text.len && m->pdmc_type != PACKET_MR_PROMISC)
		set(o, "address", json_string(buf_cstr(&text)));
	buf_free(&text);
	return o;
}

static void set_memberships(json_t *o, const struct facts *f, const struct sock *k)
{
	json_t *list;

	if (!k->memberships.len)
		return;
	list = json_array();
	for (uint32_t at = 0; at + sizeof(struct packet_diag_mclist) <= k->memberships.len;
		at += sizeof(struct packet_diag_mclist)) {
		struct packet_diag_mclist m;

		memcpy(&m, f->names.data + k->memberships.at + at, sizeof(m));
		json_array_append_new(list, membership(&m));
	}
	set(o, "memberships", list);
}

static json_t *address(const uint8_t *bytes, bool six)
{
	char text[INET6_ADDRSTRLEN];

	return json_string(inet_ntop(six ? AF_INET6 : AF_INET, bytes, text, sizeof(text)));
}

static json_t *group(const struct sock_member *m)
{
	json_t *o = json_object(), *sources;

	set(o, "group", address(m->addr, m->six));
	set(o, "interface", json_bytes(m->device, strnlen(m->device, sizeof(m->device))));
	if (!m->sources)
		return o;
	sources = json_array();
	for (uint32_t i = 0; i < m->sources && i < MEMBER_SOURCES; i++)
		json_array_append_new(sources, address(m->source[i], m->six));
	set(o, m->only ? "only_from" : "not_from", sources);
	if (m->sources > MEMBER_SOURCES)
		set_number(o, "more_sources", m->sources - MEMBER_SOURCES);
	return o;
}

/* Multicast groups. */
static void set_groups(json_t *o, const struct facts *f, const struct sock *k)
{
	json_t *list;

	if (!k->members.len)
		return;
	list = json_array();
	for (uint32_t at = 0; at < k->members.len; at += sizeof(struct sock_member)) {
		struct sock_member m;

		memcpy(&m, f->names.data + k->members.at + at, sizeof(m));
		json_array_append_new(list, group(&m));
	}
	set(o, "multicast_groups", list);
}

static json_t *vsock_end(const struct facts *f, struct span s)
{
	struct sockaddr_vm vm;

	if (s.len < sizeof(vm))
		return NULL;
	memcpy(&vm, f->names.data + s.at, sizeof(vm));
	return json_pack(
		"{s:I, s:I}", "cid", (json_int_t)vm.svm_cid, "port", (json_int_t)vm.svm_port);
}

static void set_vsock(json_t *o, const struct facts *f, const struct sock *k)
{
	json_t *end = k->family == AF_VSOCK ? vsock_end(f, k->name) : NULL;

	if (end)
		set(o, "vsock", end);
	end = end ? vsock_end(f, k->peer) : NULL;
	if (end)
		set(o, "vsock_peer", end);
}

static void set_netns(json_t *o, const struct facts *f, const struct sock *k)
{
	const struct sock_netns *n = k->netns ? &f->netns[k->netns - 1] : NULL;

	if (!n || !n->shown)
		return;
	if (n->ino)
		set_number(o, "network_namespace", n->ino);
	else
		set_number(o, "network_namespace_cookie", n->cookie);
}

static void set_state(json_t *o, const struct sock *k)
{
	struct buf text = {0};

	if (k->has & SOCK_HAS_STATE) {
		names_add_state(
			&text, k->state, k->type == SOCK_STREAM && sock_kind_is_inet(k->kind));
		set(o, "state", json_string(buf_cstr(&text)));
	}
	buf_free(&text);
	if (k->has & SOCK_HAS_BACKLOG) {
		set_number(o, "backlog", k->backlog);
		set_number(o, "backlog_limit", k->backlog_most);
	}
	if (k->has & SOCK_HAS_QUEUES) {
		set_number(o, "receive_queue", k->recvq);
		set_number(o, "send_queue", k->sendq);
	}
	if (k->has & SOCK_HAS_SHUTDOWN && k->shutdown & 3)
		set(o, "shut_down",
			json_pack("{s:b, s:b}", "receiving", k->shutdown & 1, "sending",
				k->shutdown >> 1 & 1));
}

static void set_timer(json_t *o, const struct sock_tcp *t)
{
	struct buf text = {0};

	if (!t->has_timer || !t->timer)
		return;
	names_add_timer(&text, t->timer);
	set(o, "timer",
		json_pack("{s:s, s:f, s:i}", "kind", buf_cstr(&text), "expires",
			t->timer_expires / 1e3, "fired", (int)t->timer_retrans));
	buf_free(&text);
}

/* Times in seconds. */
static void set_tcp(json_t *o, const struct facts *f, const struct sock *k)
{
	const struct sock_tcp *t;
	json_t *tcp;

	if (!k->tcp)
		return;
	t = &f->tcp[k->tcp - 1];
	set_timer(o, t);
	if (k->congestion.len)
		set(o, "congestion",
			json_bytes(f->names.data + k->congestion.at, k->congestion.len));
	tcp = json_object();
	set_number(tcp, "cwnd", t->cwnd);
	if (t->ssthresh < INT32_MAX)
		set_number(tcp, "ssthresh", t->ssthresh);
	set(tcp, "rtt", json_real(t->rtt / 1e6));
	set(tcp, "rtt_variance", json_real(t->rttvar / 1e6));
	if (t->min_rtt != UINT32_MAX)
		set(tcp, "rtt_minimum", json_real(t->min_rtt / 1e6));
	set(tcp, "rto", json_real(t->rto / 1e6));
	set_number(tcp, "send_mss", t->snd_mss);
	set_number(tcp, "receive_mss", t->rcv_mss);
	set_number(tcp, "advertised_mss", t->advmss);
	set_number(tcp, "path_mtu", t->pmtu);
	set_number(tcp, "retransmits", t->retransmits);
	set_number(tcp, "total_retransmits", t->total_retrans);
	set_number(tcp, "lost", t->lost);
	set_number(tcp, "unacknowledged", t->unacked);
	set_number(tcp, "unsent", t->notsent);
	set(o, "tcp", tcp);
}

static void set_far_end(json_t *o, const struct facts *f, const struct sock *k)
{
	json_t *list;

	if (k->far == FAR_CLOSED)
		set(o, "far_end_closed", json_true());
	if (k->far != FAR_OPEN || k->err_far)
		return;
	list = json_array();
	for (uint32_t i = 0; i < k->fars; i++) {
		const struct far_end *e = &f->far[k->far_at + i];

		json_array_append_new(list,
			json_pack("{s:i, s:o, s:i}", "pid", (int)e->pid, "command",
				json_stringn(f->names.data + e->comm.at, e->comm.len), "fd",
				e->fd));
	}
	set(o, "far_end", list);
	if (k->more_fars)
		set_number(o, "more_far_ends", k->more_fars);
}

static void set_reason(json_t *o, const char *what, int err)
{
	if (err)
		set(o, what,
			json_string(err == -ENOENT ? "the kernel does not list it" : err_str(err)));
}

static void set_unknown(json_t *o, const struct sock *k)
{
	json_t *why = json_object();

	set_reason(why, "options", k->err_options);
	set_reason(why, "far_end", k->err_far);
	set_reason(why, "queues", k->err_diag);
	set_reason(why, "multicast_groups", k->err_members);
	if (json_object_size(why))
		set(o, "unknown", why);
	else
		json_decref(why);
}

void json_sock_more(json_t *o, json_t *options, const struct facts *f, const struct sock *k)
{
	set_options(options, f, k);
	set_credentials(o, f, k);
	if (k->label.len)
		set(o, "peer_security_context",
			json_bytes(f->names.data + k->label.at, k->label.len));
	set_protocol(o, f, k);
	set_memberships(o, f, k);
	set_groups(o, f, k);
	set_vsock(o, f, k);
	if (k->ifindex)
		set(o, "xdp",
			json_pack("{s:I, s:I}", "interface_index", (json_int_t)k->ifindex, "queue",
				(json_int_t)k->queue));
	set_netns(o, f, k);
	set_state(o, k);
	set_tcp(o, f, k);
	if (k->drops)
		set_number(o, "dropped", k->drops);
	if (k->has & SOCK_HAS_FLIGHT && k->in_flight)
		set_number(o, "descriptors_in_flight", k->in_flight);
	set_far_end(o, f, k);
	if (k->cookie)
		set_number(o, "cookie", k->cookie);
	set_unknown(o, k);
}
