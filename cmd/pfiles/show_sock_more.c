/* SPDX-License-Identifier: MIT */
/*
 * The lines, in their order; those that do not apply are left out:
 *
 *   <TAB>TCP_NODELAY,TCP_KEEPIDLE(60)                  options away from their default
 *   <TAB>peer credentials: uid:0 gid:0 groups:0,27
 *   <TAB>peer security context: unconfined
 *   <TAB>protocol: TCP
 *   <TAB>protocol: NETLINK_ROUTE  port id: 4242  groups: 1,5
 *   <TAB>protocol: ETH_P_ALL  interface: eth0  rings: receive,send
 *   <TAB>member: promiscuous  interface: 2
 *   <TAB>member: 239.1.2.3  interface: eth0  only from: 192.0.2.1
 *   <TAB>vsock: cid: 2  port: 1024  peer cid: 1  peer port: 5
 *   <TAB>xdp: interface: 2  queue: 3
 *   <TAB>network namespace: net:[4026532222]
 *   <TAB>state: LISTEN  backlog: 0  limit: 5
 *   <TAB>state: ESTABLISHED  receive queue: 0  send queue: 12
 *   <TAB>shut down: receiving,sending
 *   <TAB>timer: keepalive  expires: 7198.2 s  fired: 0
 *   <TAB>congestion: cubic  cwnd: 10  ssthresh: 7
 *   <TAB>rtt: 0.051 ms  variance: 0.023 ms  minimum: 0.02 ms  rto: 204 ms
 *   <TAB>mss: send 65483  receive 536  advertised 65483  path mtu 65535
 *   <TAB>retransmits: 0  total: 2  lost: 0  unacknowledged: 0  unsent: 0
 *   <TAB>dropped: 3
 *   <TAB>descriptors in flight: 2
 *   <TAB>far end: nginx[812] fd 12, nginx[813] fd 12    or "held by no process", "closed"
 *   <TAB>cookie: 0x1f
 */
#include "show_sock_more.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/packet_diag.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/escape.h"
#include "names_sock.h"
#include "sock_options.h"

static void add_number(struct buf *out, const char *label, uint64_t n)
{
	buf_str(out, label);
	buf_dec(out, n);
}

void show_sock_options(struct buf *out, const struct facts *f, const struct sock *k)
{
	for (unsigned i = 0; i < k->options; i++) {
		buf_chr(out, i ? ',' : '\t');
		sock_options_show(out, f, &f->option[k->option_at + i]);
	}
	if (k->options)
		buf_chr(out, '\n');
	if (k->err_options) {
		buf_str(out, "\t(not known: further options: ");
		buf_str(out, err_str(k->err_options));
		buf_str(out, ")\n");
	}
}

static void add_credentials(struct buf *out, const struct facts *f, const struct sock *k)
{
	uint32_t group;

	if (!(k->has & SOCK_HAS_CRED))
		return;
	add_number(out, "\tpeer credentials: uid:", k->peer_uid);
	add_number(out, " gid:", k->peer_gid);
	for (uint32_t i = 0; i < k->peer_groups.len / 4; i++) {
		memcpy(&group, f->names.data + k->peer_groups.at + i * 4, 4);
		add_number(out, i ? "," : " groups:", group);
	}
	buf_str(out, k->more_groups ? " groups:(more than 64)\n" : "\n");
}

static void add_label(struct buf *out, const struct facts *f, const struct sock *k)
{
	if (!k->label.len)
		return;
	buf_str(out, "\tpeer security context: ");
	escape_add(out, f->names.data + k->label.at, k->label.len);
	buf_chr(out, '\n');
}

static void add_netlink(struct buf *out, const struct facts *f, const struct sock *k)
{
	struct {
		uint16_t family, pad;
		uint32_t portid, groups;
	} nl = {0};
	const char *before = "  groups: ";

	if (k->name.len >= sizeof(nl)) {
		memcpy(&nl, f->names.data + k->name.at, sizeof(nl));
		add_number(out, "  port id: ", nl.portid);
	}
	for (uint32_t i = 0; i < k->groups.len * 8; i++) {
		if (f->names.data[k->groups.at + i / 8] >> i % 8 & 1) {
			add_number(out, before, i + 1);
			before = ",";
		}
	}
	if (k->peer.len >= sizeof(nl)) {
		memcpy(&nl, f->names.data + k->peer.at, sizeof(nl));
		add_number(out, "  peer port id: ", nl.portid);
	}
}

static void add_packet(struct buf *out, const struct facts *f, const struct sock *k)
{
	struct sockaddr_ll ll = {0};

	memcpy(&ll, f->names.data + k->name.at,
		k->name.len < sizeof(ll) ? k->name.len : sizeof(ll));
	if (k->device.len) {
		buf_str(out, "  interface: ");
		escape_add(out, f->names.data + k->device.at, k->device.len);
	} else if (ll.sll_ifindex) {
		add_number(out, "  interface: ", (unsigned)ll.sll_ifindex);
	} else {
		buf_str(out, "  interface: all");
	}
	if (k->rx_ring)
		buf_str(out, k->tx_ring ? "  rings: receive,send" : "  ring: receive");
	else if (k->tx_ring)
		buf_str(out, "  ring: send");
}

/* The ethertype stands in the address, which changes with bind(2). */
static int protocol_of(const struct facts *f, const struct sock *k)
{
	struct sockaddr_ll ll;

	if (k->family != AF_PACKET || k->name.len < offsetof(struct sockaddr_ll, sll_ifindex))
		return k->protocol;
	memcpy(&ll, f->names.data + k->name.at, offsetof(struct sockaddr_ll, sll_ifindex));
	return ntohs(ll.sll_protocol);
}

static void add_protocol(struct buf *out, const struct facts *f, const struct sock *k)
{
	if (k->protocol < 0 ||
		(k->protocol == 0 && k->family != AF_NETLINK && k->family != AF_PACKET))
		return;
	buf_str(out, "\tprotocol: ");
	names_add_protocol(out, k->family, protocol_of(f, k));
	if (k->family == AF_NETLINK)
		add_netlink(out, f, k);
	else if (k->family == AF_PACKET)
		add_packet(out, f, k);
	buf_chr(out, '\n');
}

/* Addresses to whose packets a packet socket listens beyond its own. */
static void add_memberships(struct buf *out, const struct facts *f, const struct sock *k)
{
	for (uint32_t at = 0; at + sizeof(struct packet_diag_mclist) <= k->memberships.len;
		at += sizeof(struct packet_diag_mclist)) {
		struct packet_diag_mclist m;

		memcpy(&m, f->names.data + k->memberships.at + at, sizeof(m));
		buf_str(out, "\tmember: ");
		names_add_membership(out, m.pdmc_type);
		add_number(out, "  interface: ", m.pdmc_index);
		for (unsigned i = 0; i < m.pdmc_alen && i < sizeof(m.pdmc_addr) &&
			m.pdmc_type != PACKET_MR_PROMISC;
			i++)
			buf_fmt(out, i ? ":%02x" : "  address: %02x", m.pdmc_addr[i]);
		buf_chr(out, '\n');
	}
}

static void add_ip(struct buf *out, const uint8_t *addr, bool six)
{
	char words[INET6_ADDRSTRLEN];

	buf_str(out, inet_ntop(six ? AF_INET6 : AF_INET, addr, words, sizeof(words)));
}

/* Multicast groups. */
static void add_members(struct buf *out, const struct facts *f, const struct sock *k)
{
	for (uint32_t at = 0; at < k->members.len; at += sizeof(struct sock_member)) {
		struct sock_member m;

		memcpy(&m, f->names.data + k->members.at + at, sizeof(m));
		buf_str(out, "\tmember: ");
		add_ip(out, m.addr, m.six);
		buf_str(out, "  interface: ");
		escape_add(out, m.device, strnlen(m.device, sizeof(m.device)));
		for (uint32_t i = 0; i < m.sources && i < MEMBER_SOURCES; i++) {
			buf_str(out, i ? "," : m.only ? "  only from: " : "  not from: ");
			add_ip(out, m.source[i], m.six);
		}
		if (m.sources > MEMBER_SOURCES)
			buf_fmt(out, " and %u more", m.sources - MEMBER_SOURCES);
		buf_chr(out, '\n');
	}
}

static void add_vsock(struct buf *out, const struct facts *f, const struct sock *k)
{
	struct sockaddr_vm vm;

	if (k->family != AF_VSOCK || k->name.len < sizeof(vm))
		return;
	memcpy(&vm, f->names.data + k->name.at, sizeof(vm));
	add_number(out, "\tvsock: cid: ", vm.svm_cid);
	add_number(out, "  port: ", vm.svm_port);
	if (k->peer.len >= sizeof(vm)) {
		memcpy(&vm, f->names.data + k->peer.at, sizeof(vm));
		add_number(out, "  peer cid: ", vm.svm_cid);
		add_number(out, "  peer port: ", vm.svm_port);
	}
	buf_chr(out, '\n');
}

static void add_xdp(struct buf *out, const struct sock *k)
{
	if (!k->ifindex)
		return;
	add_number(out, "\txdp: interface: ", k->ifindex);
	add_number(out, "  queue: ", k->queue);
	buf_chr(out, '\n');
}

static void add_netns(struct buf *out, const struct facts *f, const struct sock *k)
{
	const struct sock_netns *n = k->netns ? &f->netns[k->netns - 1] : NULL;

	if (!n || !n->shown)
		return;
	if (n->ino)
		buf_fmt(out, "\tnetwork namespace: net:[%llu]\n", (unsigned long long)n->ino);
	else
		buf_fmt(out, "\tnetwork namespace: another one (cookie %llu)\n",
			(unsigned long long)n->cookie);
}

static void add_state(struct buf *out, const struct sock *k)
{
	const char *before = "\t";

	if (k->has & SOCK_HAS_STATE) {
		buf_str(out, "\tstate: ");
		names_add_state(
			out, k->state, k->type == SOCK_STREAM && sock_kind_is_inet(k->kind));
		before = "  ";
	}
	if (k->has & SOCK_HAS_BACKLOG) {
		buf_str(out, before);
		add_number(out, "backlog: ", k->backlog);
		add_number(out, "  limit: ", k->backlog_most);
		before = "  ";
	}
	if (k->has & SOCK_HAS_QUEUES) {
		buf_str(out, before);
		add_number(out, "receive queue: ", k->recvq);
		add_number(out, "  send queue: ", k->sendq);
		before = "  ";
	}
	if (*before == ' ')
		buf_chr(out, '\n');
}

static void add_shutdown(struct buf *out, const struct sock *k)
{
	static const char *const words[] = {"", "receiving", "sending", "receiving,sending"};

	if (!(k->has & SOCK_HAS_SHUTDOWN) || !(k->shutdown & 3))
		return;
	buf_str(out, "\tshut down: ");
	buf_str(out, words[k->shutdown & 3]);
	buf_chr(out, '\n');
}

/* Thousandths, without zeros at the end. */
static void add_thousandths(struct buf *out, const char *label, uint64_t n, const char *unit)
{
	char digits[8];
	size_t len = 3;

	add_number(out, label, n / 1000);
	snprintf(digits, sizeof(digits), "%03u", (unsigned)(n % 1000));
	while (len && digits[len - 1] == '0')
		len--;
	if (len) {
		buf_chr(out, '.');
		buf_add(out, digits, len);
	}
	buf_str(out, unit);
}

static void add_timer(struct buf *out, const struct sock_tcp *t)
{
	if (!t->has_timer || !t->timer)
		return;
	buf_str(out, "\ttimer: ");
	names_add_timer(out, t->timer);
	add_thousandths(out, "  expires: ", t->timer_expires, " s");
	add_number(out, "  fired: ", t->timer_retrans);
	buf_chr(out, '\n');
}

static void add_congestion(
	struct buf *out, const struct facts *f, const struct sock *k, const struct sock_tcp *t)
{
	if (k->congestion.len) {
		buf_str(out, "\tcongestion: ");
		escape_add(out, f->names.data + k->congestion.at, k->congestion.len);
	}
	add_number(out, k->congestion.len ? "  cwnd: " : "\tcwnd: ", t->cwnd);
	if (t->ssthresh < INT32_MAX) /* at first there is none (net/tcp.h, TCP_INFINITE_SSTHRESH) */
		add_number(out, "  ssthresh: ", t->ssthresh);
	buf_chr(out, '\n');
}

static void add_tcp(struct buf *out, const struct facts *f, const struct sock *k)
{
	const struct sock_tcp *t;

	if (!k->tcp)
		return;
	t = &f->tcp[k->tcp - 1];
	add_timer(out, t);
	add_congestion(out, f, k, t);
	add_thousandths(out, "\trtt: ", t->rtt, " ms");
	add_thousandths(out, "  variance: ", t->rttvar, " ms");
	if (t->min_rtt != UINT32_MAX)
		add_thousandths(out, "  minimum: ", t->min_rtt, " ms");
	add_thousandths(out, "  rto: ", t->rto, " ms\n");
	add_number(out, "\tmss: send ", t->snd_mss);
	add_number(out, "  receive ", t->rcv_mss);
	add_number(out, "  advertised ", t->advmss);
	add_number(out, "  path mtu ", t->pmtu);
	add_number(out, "\n\tretransmits: ", t->retransmits);
	add_number(out, "  total: ", t->total_retrans);
	add_number(out, "  lost: ", t->lost);
	add_number(out, "  unacknowledged: ", t->unacked);
	add_number(out, "  unsent: ", t->notsent);
	buf_chr(out, '\n');
}

static void add_missing(struct buf *out, const char *what, int err)
{
	if (!err)
		return;
	buf_str(out, "\t(not known: ");
	buf_str(out, what);
	buf_str(out, ": ");
	buf_str(out, err == -ENOENT ? "the kernel does not list it" : err_str(err));
	buf_str(out, ")\n");
}

static void add_far_end(struct buf *out, const struct facts *f, const struct sock *k)
{
	if (k->far == FAR_CLOSED)
		buf_str(out, "\tfar end: closed\n");
	if (k->far == FAR_OPEN && !k->fars && !k->err_far)
		buf_str(out, "\tfar end: held by no process\n");
	for (uint32_t i = 0; i < k->fars; i++) {
		const struct far_end *e = &f->far[k->far_at + i];

		buf_str(out, i ? ", " : "\tfar end: ");
		buf_add(out, f->names.data + e->comm.at, e->comm.len);
		buf_fmt(out, "[%d] fd %d", (int)e->pid, e->fd);
	}
	if (k->more_fars)
		buf_fmt(out, " and %u more", k->more_fars);
	if (k->fars)
		buf_chr(out, '\n');
	add_missing(out, "far end", k->err_far);
}

static const char *missing_words(const struct sock *k)
{
	if (sock_kind_is_tcp(k->kind))
		return "queues, timer and far end";
	if (k->kind == KIND_XDP)
		return "interface and queue";
	return k->family == AF_UNIX ? "queues, shutdown and far end" : "queues";
}

void show_sock_more(struct buf *out, const struct facts *f, const struct sock *k)
{
	add_credentials(out, f, k);
	add_label(out, f, k);
	add_protocol(out, f, k);
	add_memberships(out, f, k);
	add_members(out, f, k);
	add_vsock(out, f, k);
	add_xdp(out, k);
	add_netns(out, f, k);
	add_state(out, k);
	add_shutdown(out, k);
	add_tcp(out, f, k);
	if (k->drops) {
		add_number(out, "\tdropped: ", k->drops);
		buf_chr(out, '\n');
	}
	if (k->has & SOCK_HAS_FLIGHT && k->in_flight) {
		add_number(out, "\tdescriptors in flight: ", k->in_flight);
		buf_chr(out, '\n');
	}
	add_far_end(out, f, k);
	if (k->cookie)
		buf_fmt(out, "\tcookie: 0x%llx\n", (unsigned long long)k->cookie);
	add_missing(out, missing_words(k), k->err_diag);
	add_missing(out, "multicast groups", k->err_members);
}
