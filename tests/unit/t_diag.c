/* SPDX-License-Identifier: MIT */
/* sock_diag(7): live sockets of ours by dump and by question, another namespace, damaged records. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/err.h"
#include "kids.h"
#include "proc/diag.h"
#include "proc/holders.h"
#include "proc/netns.h"
#include "tap.h"

static uint32_t inode_of(int fd)
{
	struct stat s;

	return fstat(fd, &s) == 0 ? (uint32_t)s.st_ino : 0;
}

static struct diag *diag_or_die(int nsfd)
{
	struct diag *d = NULL;
	int err = diag_open(nsfd, &d);

	if (err) {
		printf("Bail out! diag_open: %s\n", err_str(err));
		exit(99);
	}
	return d;
}

/* The record of one socket out of a dump, and how many there were. */
struct wanted {
	uint32_t ino;
	unsigned seen, all;
	struct diag_sock sock;
	uint32_t icon;
	char name[120];
};

static int take(const struct diag_sock *s, void *arg)
{
	struct wanted *w = arg;

	w->all++;
	if (s->ino != w->ino || !s->ino)
		return 0;
	w->seen++;
	w->sock = *s;
	if (s->family == AF_UNIX) {
		if (s->un.icons.len >= 4)
			memcpy(&w->icon, s->un.icons.bytes, 4);
		if (s->un.name.len && s->un.name.len < sizeof(w->name))
			memcpy(w->name, s->un.name.bytes, s->un.name.len);
	}
	return 0;
}

static int take_answer(size_t which, const struct diag_sock *s, void *arg)
{
	struct wanted *w = arg;

	return take(s, &w[which]);
}

static struct diag_end end_of(int fd, bool peer)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	struct diag_end e = {0};

	if ((peer ? getpeername : getsockname)(fd, (struct sockaddr *)&a, &len) < 0)
		return e;
	if (a.ss_family == AF_INET)
		memcpy(e.addr, &((struct sockaddr_in *)&a)->sin_addr, 4);
	else
		memcpy(e.addr, &((struct sockaddr_in6 *)&a)->sin6_addr, 16);
	e.port = ntohs(((struct sockaddr_in *)&a)->sin_port);
	return e;
}

static int listen4(int type)
{
	struct sockaddr_in a = {AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {0}};
	int fd = socket(AF_INET, type, 0);

	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -1;
	if (type == SOCK_STREAM && listen(fd, 7) < 0)
		return -1;
	return fd;
}

static int connect_to(int server, int type)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, type, 0);

	getsockname(server, (struct sockaddr *)&a, &len);
	return connect(fd, (struct sockaddr *)&a, len) < 0 ? -1 : fd;
}

static void test_tcp(void)
{
	struct diag *d = diag_or_die(-1);
	int server = listen4(SOCK_STREAM), a = connect_to(server, SOCK_STREAM), b, on = 1;
	int waiting = connect_to(server, SOCK_STREAM);
	struct wanted dumped = {.ino = inode_of(server)}, w[3] = {0};
	struct diag_ask ask[3] = {
		{AF_INET, IPPROTO_TCP, 0, end_of(server, false), {{0}, 0}, 0},
		{AF_INET, IPPROTO_TCP, 0, end_of(a, false), end_of(a, true), 0},
		{AF_INET, IPPROTO_TCP, 0, end_of(a, true), end_of(a, false), 0},
	};

	b = accept(server, NULL, NULL);
	setsockopt(a, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (write(a, "12345", 5) != 5)
		exit(99);
	w[0].ino = inode_of(server);
	w[1].ino = inode_of(a);
	w[2].ino = inode_of(b);
	IS(diag_dump(d, AF_INET, IPPROTO_TCP, take, &dumped), 0, "all of TCP");
	IS(dumped.seen, 1, "the listener is there once");
	IS(dumped.sock.state, TCP_LISTEN, "listens");
	IS(dumped.sock.rqueue, 1, "one waits");
	IS(dumped.sock.wqueue, 7, "of seven that may");
	IS(dumped.sock.uid, getuid(), "its owner");
	OK(dumped.sock.has & DIAG_MEM && dumped.sock.mem[1] > 0, "its memory");
	IS(diag_ask(d, ask, 3, take_answer, w), 0, "three questions");
	IS(w[0].seen, 1, "the listener by question");
	IS(w[1].seen, 1, "a connection");
	IS(w[1].sock.state, TCP_ESTABLISHED, "is one");
	IS(w[1].sock.inet.timer, 2, "has a keepalive timer");
	OK(w[1].sock.inet.tcp_info.len >= 104, "TCP_INFO");
	OK(w[1].sock.inet.cong.len > 0, "a congestion control");
	IS(w[2].seen, 1, "and its other end");
	IS(w[2].sock.rqueue, 5, "where five bytes wait");
	IS(w[2].sock.inet.remote.port, ask[1].local.port, "the ports cross");
	IS(w[0].all + w[1].all + w[2].all, 3, "nothing else was said");
	shutdown(b, SHUT_WR);
	w[2].seen = 0;
	IS(diag_ask(d, &ask[2], 1, take_answer, &w[2]), 0, "again");
	OK(w[2].sock.has & DIAG_SHUTDOWN && w[2].sock.shutdown == 2, "one direction is shut down");
	close(server), close(a), close(b), close(waiting);
	w[0].seen = 0;
	IS(diag_ask(d, ask, 1, take_answer, w), 0, "a question about what is gone");
	IS(w[0].seen, 0, "has no answer");
	diag_close(d);
}

static void test_udp(void)
{
	struct diag *d = diag_or_die(-1);
	int server = listen4(SOCK_DGRAM), a = connect_to(server, SOCK_DGRAM);
	struct wanted w[2] = {{.ino = inode_of(server)}, {.ino = inode_of(a)}};
	struct diag_ask ask[2] = {
		{AF_INET, IPPROTO_UDP, 0, end_of(server, false), {{0}, 0}, 0},
		{AF_INET, IPPROTO_UDP, 0, end_of(a, false), end_of(a, true), 0},
	};

	if (write(a, "123", 3) != 3)
		exit(99);
	IS(diag_ask(d, ask, 2, take_answer, w), 0, "UDP by question");
	IS(w[0].seen, 1, "the one that waits");
	OK(w[0].sock.rqueue > 0, "has a packet");
	IS(w[1].seen, 1, "the connected one");
	IS(w[1].sock.state, TCP_ESTABLISHED, "is connected");
	w[0].seen = 0;
	IS(diag_dump(d, AF_INET, IPPROTO_UDP, take, w), 0, "all of UDP");
	IS(w[0].seen, 1, "is among them");
	IS(w[0].sock.protocol, IPPROTO_UDP, "of that protocol");
	close(server), close(a);
	diag_close(d);
}

static void test_unix(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0t_diag"};
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + 7;
	struct diag *d = diag_or_die(-1);
	int pair[2], server = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	int client = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	struct wanted w[3] = {0};
	struct diag_ask ask[3] = {0};

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || write(pair[0], "12", 2) != 2 ||
		bind(server, (struct sockaddr *)&name, len) < 0 || listen(server, 3) < 0 ||
		connect(client, (struct sockaddr *)&name, len) < 0)
		exit(99);
	shutdown(pair[0], SHUT_RD);
	w[0].ino = inode_of(pair[0]);
	w[1].ino = inode_of(pair[1]);
	w[2].ino = inode_of(server);
	for (int i = 0; i < 3; i++)
		ask[i] = (struct diag_ask){.family = AF_UNIX, .ino = w[i].ino};
	IS(diag_ask(d, ask, 3, take_answer, w), 0, "UNIX by inode");
	OK(w[0].seen == 1 && w[1].seen == 1 && w[2].seen == 1, "all three");
	OK(w[0].sock.has & DIAG_PEER && w[0].sock.un.peer == w[1].ino, "the other end's inode");
	OK(w[1].sock.has & DIAG_QUEUES && w[1].sock.rqueue == 2, "two bytes wait");
	OK(w[0].sock.has & DIAG_SHUTDOWN && w[0].sock.shutdown == 1, "shut down for reading");
	IS(w[0].sock.type, SOCK_STREAM, "stream");
	IS(w[2].sock.type, SOCK_SEQPACKET, "packets in sequence");
	IS(w[2].sock.state, TCP_LISTEN, "a listener");
	OK(w[2].sock.rqueue == 1 && w[2].sock.wqueue == 3, "one of three");
	OK(w[2].icon != 0, "and which");
	OK(memcmp(w[2].name, "\0t_diag", 8) == 0, "its name");
	w[0].seen = 0;
	IS(diag_dump(d, AF_UNIX, 0, take, w), 0, "all of them");
	IS(w[0].seen, 1, "one is ours");
	close(pair[0]), close(pair[1]), close(server), close(client);
	diag_close(d);
}

static void test_netlink(void)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_groups = 5};
	socklen_t len = sizeof(a);
	struct diag *d = diag_or_die(-1);
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	struct wanted w = {.ino = inode_of(fd)};
	int err;

	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
		getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		exit(99);
	err = diag_dump(d, AF_NETLINK, 0xff, take, &w);
	if (err == -ENOENT || err == -EINVAL) {
		OK(true, "SKIP this kernel does not tell of netlink sockets");
	} else {
		IS(err, 0, "netlink");
		OK(w.seen >= 1, "ours; the kernel tells those with groups twice");
		IS(w.sock.nl.portid, a.nl_pid, "its port");
		IS(w.sock.protocol, NETLINK_ROUTE, "its protocol");
		OK(w.sock.nl.groups.len >= 4, "its groups");
	}
	close(fd);
	diag_close(d);
}

/* A namespace with a listener of its own in it. */
static int elsewhere(const struct kid_side *k, void *arg)
{
	(void)arg;
	if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNET : CLONE_NEWNET) < 0)
		return 77;
	if (socket(AF_INET, SOCK_STREAM, 0) != 60 && dup2(socket(AF_UNIX, SOCK_DGRAM, 0), 60) != 60)
		return 1;
	kid_ready(k);
	kid_wait(k);
	return 0;
}

/* A file that tells of the namespace in which it is opened. */
static void test_their_file(int nsfd)
{
	char text[4096] = "";
	int fd = netns_open(nsfd, "/proc/self/net/dev");
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	OK(n > 0, "a file of theirs");
	OK(strstr(text, "lo:"), "which has the loopback");
	IS(netns_open(nsfd, "/nonexistent"), -ENOENT, "a file that is not there");
	if (fd >= 0)
		close(fd);
	fd = netns_open(-1, "/proc/self/net/dev");
	OK(fd >= 0, "and one of ours");
	close(fd);
}

static void test_elsewhere(void)
{
	char path[64];
	struct stat s;
	struct kid k;
	struct wanted w = {0};
	struct diag *d, *ours;
	int ns, here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	k = kid_start(elsewhere, NULL);
	snprintf(path, sizeof(path), "/proc/%d/fd/60", (int)k.pid);
	IS(stat(path, &s), 0, "a socket elsewhere");
	w.ino = (uint32_t)s.st_ino;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)k.pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	d = diag_or_die(ns);
	ours = diag_or_die(-1);
	IS(diag_dump(ours, AF_UNIX, 0, take, &w), 0, "our UNIX sockets");
	IS(w.seen, 0, "it is not among them");
	IS(diag_dump(d, AF_UNIX, 0, take, &w), 0, "theirs");
	IS(w.seen, 1, "it is");
	OK(diag_cookie(d) != diag_cookie(ours) || !diag_cookie(d),
		"the namespaces have other numbers");
	IS(fstat(here, &s), 0, "and we");
	OK(stat(path, &s) == 0, "have not moved");
	IS(netns_socket(ns, 12345, 0, 0), -EAFNOSUPPORT, "an error there is an error here");
	OK(netns_socket(here, AF_UNIX, SOCK_DGRAM, 0) >= 0, "our own by its file");
	test_their_file(ns);
	close(ns), close(here);
	diag_close(d);
	diag_close(ours);
	kid_end(&k);
}

struct record {
	unsigned char bytes[512];
	size_t len;
};

static void add(struct record *r, const void *bytes, size_t len)
{
	memcpy(r->bytes + r->len, bytes, len);
	r->len = (r->len + len + 3) / 4 * 4;
}

static void add_attr(struct record *r, unsigned type, const void *bytes, size_t len)
{
	struct nlattr a = {.nla_len = (uint16_t)(sizeof(a) + len), .nla_type = (uint16_t)type};

	add(r, &a, sizeof(a));
	add(r, bytes, len);
}

static struct record inet_record(void)
{
	struct inet_diag_msg m = {.idiag_family = AF_INET6, .idiag_state = 1, .idiag_inode = 77};
	struct record r = {0};
	uint32_t mem[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	struct record nest = {0};

	m.id.idiag_sport = htons(80);
	m.id.idiag_cookie[1] = 1;
	add(&r, &m, sizeof(m));
	add_attr(&r, INET_DIAG_SKMEMINFO, mem, sizeof(mem));
	add_attr(&r, INET_DIAG_CONG, "cubic", 6);
	add_attr(&nest, INET_ULP_INFO_NAME, "tls", 4);
	add_attr(&r, INET_DIAG_ULP_INFO | NLA_F_NESTED, nest.bytes, nest.len);
	add_attr(&r, INET_DIAG_SHUTDOWN, "\2", 1);
	add_attr(&r, 4000, "later", 5);
	return r;
}

static struct record unix_record(void)
{
	struct unix_diag_msg m = {
		.udiag_family = AF_UNIX, .udiag_type = SOCK_STREAM, .udiag_ino = 78};
	struct record r = {0};
	uint32_t numbers[] = {11, 12, 13};

	add(&r, &m, sizeof(m));
	add_attr(&r, UNIX_DIAG_NAME, "/a b\n", 5);
	add_attr(&r, UNIX_DIAG_VFS, numbers, 8);
	add_attr(&r, UNIX_DIAG_PEER, numbers, 4);
	add_attr(&r, UNIX_DIAG_ICONS, numbers, 12);
	add_attr(&r, UNIX_DIAG_RQLEN, numbers, 8);
	return r;
}

static void test_whole(void)
{
	struct record r = inet_record();
	struct diag_sock s;

	IS(diag_parse(r.bytes, r.len, &s), 0, "a record");
	IS(s.ino, 77, "inode");
	IS(s.inet.local.port, 80, "port");
	OK(s.cookie == 1ULL << 32, "cookie");
	OK(s.mem[0] == 1 && s.mem[8] == 9, "memory, as far as we know the words");
	OK(s.inet.cong.len == 5 && memcmp(s.inet.cong.bytes, "cubic", 5) == 0,
		"congestion control");
	OK(s.inet.ulp.len == 3 && memcmp(s.inet.ulp.bytes, "tls", 3) == 0, "nested name");
	IS(s.shutdown, 2, "shutdown");
	r = unix_record();
	IS(diag_parse(r.bytes, r.len, &s), 0, "a record of UNIX");
	OK(s.un.name.len == 5 && s.un.icons.len == 12 && s.un.peer == 11 && s.rqueue == 11 &&
			s.wqueue == 12 && s.un.vfs_dev == 12,
		"its facts");
	r.bytes[0] = 200;
	IS(diag_parse(r.bytes, r.len, &s), ERR_FORMAT, "a family of which we know nothing");
	IS(diag_parse(r.bytes, 0, &s), ERR_FORMAT, "nothing at all");
}

static bool inside(struct diag_bytes b, const unsigned char *from, size_t len)
{
	const unsigned char *at = b.bytes;

	return !b.len || (at >= from && b.len <= len && at + b.len <= from + len);
}

static bool all_inside(const struct diag_sock *s, const unsigned char *from, size_t len)
{
	switch (s->family) {
	case AF_UNIX: return inside(s->un.name, from, len) && inside(s->un.icons, from, len);
	case AF_INET:
	case AF_INET6:
		return inside(s->inet.cong, from, len) && inside(s->inet.ulp, from, len) &&
			inside(s->inet.tcp_info, from, len) && inside(s->inet.bbr, from, len);
	case AF_NETLINK: return inside(s->nl.groups, from, len);
	case AF_PACKET:
		return inside(s->packet.mclist, from, len) && inside(s->packet.filter, from, len) &&
			inside(s->packet.rx_ring, from, len);
	default: return true;
	}
}

/* Cut anywhere, and with any bytes changed: in memory of just that size, for the sanitizer's sake. */
static void test_damaged(void)
{
	static const unsigned char families[] = {
		AF_INET, AF_UNIX, AF_NETLINK, AF_PACKET, AF_VSOCK, AF_XDP};
	struct record whole[2] = {inet_record(), unix_record()};
	bool good = true;

	srand(1);
	for (int i = 0; i < 100000 && good; i++) {
		struct record *r = &whole[i & 1];
		size_t len = i & 2 ? (size_t)rand() % (r->len + 1) : r->len;
		unsigned char *bytes = malloc(len ? len : 1);
		struct diag_sock s;

		memcpy(bytes, r->bytes, len);
		for (int k = rand() % 4; k > 0 && len; k--)
			bytes[(size_t)rand() % len] = (unsigned char)rand();
		if (len && rand() % 3 == 0)
			bytes[0] = families[rand() % 6];
		if (diag_parse(bytes, len, &s) == 0)
			good = all_inside(&s, bytes, len);
		free(bytes);
	}
	OK(good, "100,000 damaged records: nothing outside of them is spoken of");
}

static int count(const struct holder *h, void *arg)
{
	struct holder *out = arg;

	if (h->pid == getpid())
		*out = *h;
	return 0;
}

/* How many. */
static int count_all(const struct holder *h, void *arg)
{
	struct holder *out = arg;

	out->fd += h->pid == getpid();
	return 0;
}

static void test_holders(void)
{
	struct holders *h = NULL;
	struct holder got = {.fd = -1};
	int ends[2], fd = socket(AF_UNIX, SOCK_STREAM, 0), null = open("/dev/null", O_RDONLY);
	struct stat s;

	if (pipe(ends) < 0 || fstat(ends[1], &s) < 0)
		exit(99);
	IS(holders_scan(0, SIZE_MAX, &h), 0, "a pass over all processes");
	IS(holders_of(h, HOLDER_SOCKET, inode_of(fd), count, &got), 0, "a socket of ours");
	OK(got.pid == getpid() && got.fd == fd, "is found");
	got.fd = -1;
	IS(holders_of(h, HOLDER_PIPE, s.st_ino, count, &got), 0, "a pipe");
	OK(got.fd == ends[1], "both ends of it: the last is %d", got.fd);
	OK(holders_still(h, &got), "which is still there");
	IS(holders_access(h, &got), HOLDER_WRITES, "the one to write to");
	got.fd = -1;
	IS(holders_of(h, HOLDER_TEXT, holders_text("/dev/null", 9), count, &got), 0, "a file");
	OK(got.fd == null || got.fd >= 0, "by the text of its link");
	close(fd);
	got.fd = -1;
	IS(holders_of(h, HOLDER_SOCKET, inode_of(null), count, &got), 0, "another number");
	IS(got.fd, -1, "nobody");
	OK(holders_when(h) > 0, "when it was");
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	IS(holders_of(h, HOLDER_SOCKET, inode_of(fd), count, &got), 0, "a later one");
	IS(got.fd, -1, "is not in there");
	holders_free(h);
	close(fd), close(null), close(ends[0]), close(ends[1]);
}

/* Within one look it is asked once, for the next one again. */
static void test_look(void)
{
	struct holders *h = NULL;
	struct holder got = {.fd = -1};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	uint32_t ino = inode_of(fd);

	IS(holders_scan(0, SIZE_MAX, &h), 0, "a third pass");
	IS(holders_of(h, HOLDER_SOCKET, ino, count, &got), 0, "a socket in it");
	holders_begin_look(h);
	OK(holders_still(h, &got), "is held as the look begins");
	close(fd);
	OK(holders_still(h, &got), "and was so in this look");
	holders_begin_look(h);
	OK(!holders_still(h, &got), "but is not any more in the next");
	holders_free(h);
}

static void test_still(void)
{
	struct holders *h = NULL;
	struct holder got = {.fd = -1};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	uint32_t ino = inode_of(fd);

	IS(holders_scan(0, SIZE_MAX, &h), 0, "another pass");
	close(fd);
	IS(holders_of(h, HOLDER_SOCKET, ino, count, &got), 0, "a socket that was closed since");
	OK(got.fd == fd && !holders_still(h, &got), "was held at the pass, and is no more");
	IS(holders_access(h, &got), HOLDER_GONE, "nor opened in any way");
	holders_free(h);
}

/* What has many is put off but for its first descriptors, and read when it is asked for: each once. */
static void test_put_off(void)
{
	struct holders *h = NULL;
	struct holder got = {.fd = -1};
	int first = socket(AF_UNIX, SOCK_STREAM, 0), fd = -1;
	uint64_t fds = 0;
	struct stat s;

	if (stat("/proc/self/fd", &s) < 0 || s.st_size == 0)
		return; /* before Linux 6.2 */
	for (int i = 0; i < 300; i++)
		fd = dup(STDERR_FILENO);
	close(fd);
	IS(socket(AF_UNIX, SOCK_STREAM, 0), fd, "a socket behind 300 others");
	IS(holders_scan(0, 200, &h), 0, "a pass over processes with 200 descriptors");
	IS(holders_of(h, HOLDER_SOCKET, inode_of(first), count, &got), 0, "the first socket");
	IS(got.fd, first, "is in there");
	got.fd = -1;
	IS(holders_of(h, HOLDER_SOCKET, inode_of(fd), count, &got), 0, "the last one");
	IS(got.fd, -1, "is not");
	OK(holders_left(h, &fds) > 0 && fds > 200, "it is put off");
	IS(holders_scan_left(h), 0, "its turn");
	IS(holders_left(h, &fds), 0, "none is left");
	IS(fds, 0, "with no descriptors");
	got.fd = 0;
	IS(holders_of(h, HOLDER_SOCKET, inode_of(fd), count_all, &got), 0, "the last one");
	IS(got.fd, 1, "is found once");
	got.fd = 0;
	IS(holders_of(h, HOLDER_SOCKET, inode_of(first), count_all, &got), 0, "the first one");
	IS(got.fd, 1, "not twice");
	holders_free(h);
	for (int i = first; i <= fd; i++)
		close(i);
}

int main(void)
{
	test_tcp();
	test_udp();
	test_unix();
	test_netlink();
	test_elsewhere();
	test_whole();
	test_damaged();
	test_holders();
	test_still();
	test_look();
	test_put_off();
	return tap_end();
}
