/* SPDX-License-Identifier: MIT */
/* Which calls may be run in another process, and what borrowed descriptors answer. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/borrow.h"
#include "ctl/call.h"
#include "ctl/way.h"
#include "tap.h"

static char bytes[CALL_BYTES_MAX + 1];

static struct call statx_call(
	int fd, const char *path, unsigned long flags, struct statx *out, uint32_t len)
{
	return (struct call){
		.nr = SYS_statx,
		.arg = {ARG_VAL(fd), ARG_IN(path, (uint32_t)strlen(path) + 1), ARG_VAL(flags),
			ARG_VAL(STATX_BASIC_STATS), ARG_OUT(out, len)},
	};
}

static struct call fcntl_call(int fd, int cmd)
{
	return (struct call){.nr = SYS_fcntl, .arg = {ARG_VAL(fd), ARG_VAL(cmd)}};
}

static struct call option_call(
	int fd, int level, int name, void *out, socklen_t *len, uint32_t room)
{
	return (struct call){
		.nr = SYS_getsockopt,
		.arg = {ARG_VAL(fd), ARG_VAL(level), ARG_VAL(name), ARG_OUT(out, room),
			ARG_INOUT(len, sizeof(*len))},
	};
}

static bool allowed(struct call c)
{
	return call_allowed(&c) == 0;
}

static bool refused(struct call c)
{
	return call_allowed(&c) == ERR_REFUSED;
}

static void test_statx(void)
{
	const unsigned long quiet = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
	struct statx s;
	struct call c = statx_call(3, "", quiet, &s, sizeof(s));

	OK(allowed(c), "statx of a descriptor without asking a server");
	OK(call_on_descriptor(&c), "which takes a descriptor");
	OK(refused(statx_call(3, "", AT_EMPTY_PATH, &s, sizeof(s))), "statx that may ask a server");
	OK(refused(statx_call(3, "", quiet | AT_STATX_FORCE_SYNC, &s, sizeof(s))), "or must");
	OK(refused(statx_call(3, "", AT_STATX_DONT_SYNC, &s, sizeof(s))),
		"an empty path, not meant");
	OK(refused(statx_call(3, "x", quiet, &s, sizeof(s))), "statx of a path");
	OK(refused(statx_call(3, "", quiet, &s, sizeof(s) - 1)), "less room than is written");
	c.arg[4] = ARG_VAL(0x1000);
	OK(refused(c), "a bare address in the target");
	c = statx_call(3, "", quiet, &s, sizeof(s));
	c.arg[0] = ARG_OUT(bytes, 8);
	OK(refused(c), "bytes instead of a descriptor");
}

static void test_fcntl(void)
{
	static const int good[] = {
		F_GETFD, F_GETFL, F_GETOWN, F_GETSIG, F_GETLEASE, F_GETPIPE_SZ, F_GET_SEALS};
	static const int bad[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_SETFD, F_SETFL, F_GETLK, F_SETLK,
		F_SETLKW, F_OFD_GETLK, F_SETOWN, F_SETSIG, F_SETLEASE, F_NOTIFY, F_SETPIPE_SZ,
		F_ADD_SEALS, -1, 12345};
	struct call c = fcntl_call(3, F_GETOWN_EX);

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		OK(allowed(fcntl_call(3, good[i])), "fcntl command %d", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		OK(refused(fcntl_call(3, bad[i])), "not fcntl command %d", bad[i]);
	OK(refused(c), "a command that writes, without room");
	c.arg[2] = ARG_OUT(bytes, 8);
	OK(allowed(c), "and with it");
	c = fcntl_call(3, F_GETFD);
	c.arg[1].value |= 1ULL << 32;
	OK(refused(c), "a command that is another one above 32 bits");
}

static void test_socket_options(void)
{
	socklen_t len = 4, negative = (socklen_t)-1;
	struct call c = option_call(3, SOL_SOCKET, SO_TYPE, bytes, &len, 4);

	OK(allowed(c), "SO_TYPE");
	OK(refused(option_call(3, SOL_SOCKET, SO_ERROR, bytes, &len, 4)), "SO_ERROR clears it");
	OK(refused(option_call(3, SOL_SOCKET, 77, bytes, &len, 4)), "SO_PEERPIDFD opens");
	OK(refused(option_call(3, SOL_SOCKET, 128 + SO_TYPE, bytes, &len, 4)),
		"no wrapping around");
	OK(refused(option_call(3, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, bytes, &len, 4)),
		"takes data");
	OK(allowed(option_call(3, IPPROTO_TCP, TCP_INFO, bytes, &len, 4)), "TCP_INFO");
	OK(refused(option_call(3, 999, 1, bytes, &len, 4)), "an unknown level");
	OK(refused(option_call(3, SOL_SOCKET, SO_TYPE, bytes, &len, 3)),
		"a length beyond the room");
	OK(refused(option_call(3, SOL_SOCKET, SO_TYPE, bytes, &negative, 4)), "a negative one");
	c.arg[4] = ARG_IN(&len, sizeof(len));
	OK(refused(c), "a length that cannot be written");
}

/* Options of other levels: those that only tell, and their neighbours that do more. */
static void test_option_levels(void)
{
	static const struct {
		uint32_t level, name;
		bool good;
	} list[] = {
		{SOL_SOCKET, 83, true},        /* SO_PASSRIGHTS */
		{SOL_SOCKET, SO_ERROR, false}, /* clears */
		{SOL_SOCKET, 57, true},  /* SO_COOKIE: so does sock_diag(7), to all that it lists */
		{SOL_SOCKET, 77, false}, /* SO_PEERPIDFD makes a descriptor */
		{IPPROTO_TCP, TCP_CONGESTION, true},
		{IPPROTO_TCP, 28, false}, /* TCP_SAVED_SYN frees it */
		{IPPROTO_TCP, 33, false}, /* TCP_FASTOPEN_KEY is a secret */
		{IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, false}, {IPPROTO_IP, IP_TOS, true},
		{IPPROTO_IP, IP_MULTICAST_TTL, true}, {IPPROTO_IP, 9, false}, /* IP_PKTOPTIONS */
		{IPPROTO_IP, 64, false},                                      /* netfilter's own */
		{IPPROTO_IP, 80, false}, {IPPROTO_IPV6, IPV6_V6ONLY, true},
		{IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, false}, {IPPROTO_UDP, 103, true},
		{263, 8, true},                   /* PACKET_AUXDATA */
		{263, 6, false},                  /* PACKET_STATISTICS starts anew */
		{263, 21, false},                 /* PACKET_ROLLOVER_STATS */
		{270, 9, true},                   /* NETLINK_LIST_MEMBERSHIPS */
		{270, 1, false}, {283, 7, true},  /* XDP_STATISTICS */
		{283, 1, false}, {279, 1, false}, /* AF_ALG */
	};
	socklen_t len = 4;

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct call c =
			option_call(3, (int)list[i].level, (int)list[i].name, bytes, &len, 4);

		OK(allowed(c) == list[i].good, "option %u of level %u is %s", list[i].name,
			list[i].level, list[i].good ? "allowed" : "refused");
	}
}

/* SIOCGIFNAME reads the number of an interface, and writes its name. */
static void test_interface_name(void)
{
	struct call c = {.nr = SYS_ioctl, .arg = {ARG_VAL(3), ARG_VAL(0x8910), ARG_OUT(bytes, 40)}};

	OK(refused(c), "the name of an interface, without its number");
	c.arg[2] = ARG_INOUT(bytes, 40);
	OK(allowed(c), "and with it");
	c.arg[1] = ARG_VAL(0x8911); /* SIOCSIFLINK */
	OK(refused(c), "but nothing that sets");
	c.arg[1] = ARG_VAL(0x894C); /* SIOCGSKNS */
	OK(refused(c), "nor what opens");
}

static void test_others(void)
{
	static const long bad[] = {SYS_fork, SYS_vfork, SYS_clone, SYS_execve, SYS_exit,
		SYS_exit_group, SYS_read, SYS_write, SYS_lseek, SYS_poll, SYS_nanosleep, SYS_close,
		SYS_dup, SYS_umask, SYS_mmap, SYS_munmap, SYS_kill, SYS_fstat, SYS_ptrace,
		SYS_wait4, SYS_futex, SYS_open, SYS_socket, -1, 100000};
	struct call c = {.nr = SYS_getpid};

	OK(allowed(c) && !call_on_descriptor(&c), "getpid, which takes no descriptor");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		OK(refused((struct call){.nr = bad[i]}), "not call %ld", bad[i]);
	c = (struct call){.nr = SYS_lseek, .arg = {ARG_VAL(3), ARG_VAL(0), ARG_VAL(SEEK_CUR)}};
	OK(allowed(c) && call_may_wait(&c), "lseek that only asks, and may wait");
	c.arg[1] = ARG_VAL(1);
	OK(refused(c), "lseek that moves");
	c.arg[1] = ARG_VAL(0);
	c.arg[2] = ARG_VAL(SEEK_END);
	OK(refused(c), "lseek to the end");
	c = (struct call){
		.nr = SYS_ioctl, .arg = {ARG_VAL(3), ARG_VAL(FIONREAD), ARG_OUT(bytes, 4)}};
	OK(allowed(c), "FIONREAD");
	c.arg[1] = ARG_VAL(SIOCGSKNS);
	OK(refused(c), "SIOCGSKNS opens");
	c.arg[1] = ARG_VAL(TIOCSTI);
	OK(refused(c), "TIOCSTI");
	c = (struct call){.nr = SYS_prlimit64,
		.arg = {ARG_VAL(0), ARG_VAL(7), ARG_VAL(0), ARG_OUT(bytes, 16)}};
	OK(allowed(c), "prlimit that only reads");
	c.arg[2] = ARG_IN(bytes, 16);
	OK(refused(c), "prlimit that sets");
	c = (struct call){.nr = SYS_rt_sigaction,
		.arg = {ARG_VAL(2), ARG_VAL(0), ARG_OUT(bytes, 32), ARG_VAL(8)}};
	OK(allowed(c), "sigaction that only reads");
	c.arg[1] = ARG_IN(bytes, 32);
	OK(refused(c), "sigaction that sets");
	c = (struct call){.nr = SYS_prctl, .arg = {ARG_VAL(PR_GET_DUMPABLE)}};
	OK(allowed(c), "prctl that reads");
	c.arg[0] = ARG_VAL(PR_SET_DUMPABLE);
	OK(refused(c), "prctl that sets");
	c = (struct call){.nr = SYS_sched_getaffinity,
		.arg = {ARG_VAL(0), ARG_VAL(128), ARG_OUT(bytes, 128)}};
	OK(allowed(c), "a length before its bytes");
	c.arg[2].len = 127;
	OK(refused(c), "that is longer than they are");
	c = (struct call){.nr = SYS_getsockname,
		.arg = {ARG_VAL(3), ARG_OUT(bytes, CALL_BYTES_MAX), ARG_INOUT(&(socklen_t){4}, 4)}};
	OK(refused(c), "more bytes than a call may have");
}

/* A child with descriptor 3 on a pipe that nothing else here has, and nothing above. */
static pid_t child_with_pipe(int *hold)
{
	int end[2];
	pid_t pid;

	if (pipe(end) < 0)
		exit(70);
	pid = fork();
	if (pid == 0) {
		char c;

		dup2(end[0], 3);
		close_range(4, ~0U, 0);
		fcntl(3, F_SETFL, O_NONBLOCK);
		fcntl(3, F_SETFL, 0);
		_exit(read(3, &c, 1) != 0);
	}
	close(end[0]);
	*hold = end[1];
	return pid;
}

static bool has_no_more_than(int fd)
{
	return fcntl(fd, F_GETFD) == -1 && errno == EBADF;
}

static void test_borrow(struct proc *p)
{
	struct call c[4] = {fcntl_call(3, F_GETFL), fcntl_call(3, F_GETFD), fcntl_call(99, F_GETFL),
		{.nr = SYS_getpid}};
	struct borrow *b = NULL;
	size_t done = 99;
	int next = dup(0);

	close(next);
	IS(borrow_open(p, &b), 0, "borrowing from a child");
	IS(borrow_batch(b, c, 4, &done), 0, "a table of calls");
	IS(done, 4, "all ran");
	IS(c[0].ret & O_ACCMODE, O_RDONLY, "the duplicate's flags are the original's");
	IS(c[1].ret, -ENOTSUP, "what the duplicate would answer wrongly");
	IS(c[2].ret, -EBADF, "a descriptor that is not open");
	IS(c[3].ret, -ENOTSUP, "a call that takes no descriptor");
	OK(has_no_more_than(next), "nothing stays borrowed");
	c[2] = fcntl_call(3, F_SETFL);
	c[0].ret = 42;
	IS(borrow_batch(b, c, 4, &done), ERR_REFUSED, "a table with a forbidden call");
	OK(done == 0 && c[0].ret == 42, "of which none ran");
	borrow_close(b);
}

static void test_ways(struct proc *p)
{
	struct call c = fcntl_call(3, F_GETFL);
	struct way_report r;
	struct way *w = NULL;

	IS(way_open(p, WAY_NO_AGENT, NULL, &w), 0, "a way without agent");
	IS(way_kind(w), WAY_BORROW, "borrows");
	OK(way_batch(w, &c, 1) == 0 && c.ret >= 0, "and answers");
	way_report(w, &r);
	OK(r.calls == 1 && r.stops == 0 && r.why_not_agent == 0, "with nobody stopped");
	way_close(w);
	IS(way_open(p, WAY_NO_AGENT | WAY_LATE, NULL, &w), 0, "a way that may not be needed");
	OK(way_batch(w, NULL, 0) == 0 && way_kind(w) == WAY_UNUSED, "is not gone for nothing");
	way_report(w, &r);
	OK(r.kind == WAY_UNUSED && r.calls == 0, "and says so");
	OK(way_batch(w, &c, 1) == 0 && c.ret >= 0 && way_kind(w) == WAY_BORROW, "but for a call");
	way_close(w);
	IS(way_open(p, WAY_NO_AGENT | WAY_NO_BORROW, NULL, &w), 0, "a way with neither");
	IS(way_kind(w), WAY_PROC, "has only /proc");
	IS(way_batch(w, &c, 1), ERR_NOTSUP, "and runs nothing");
	way_close(w);
	way_close(NULL);
}

int main(void)
{
	struct proc *p = NULL;
	struct borrow *b;
	int hold, status;
	pid_t child;

	test_statx();
	test_fcntl();
	test_socket_options();
	test_option_levels();
	test_interface_name();
	test_others();
	child = child_with_pipe(&hold);
	IS(proc_open(child, &p), 0, "a child");
	test_borrow(p);
	test_ways(p);
	close(hold);
	OK(waitpid(child, &status, 0) == child && status == 0, "the child is unharmed");
	IS(borrow_open(p, &b), ERR_GONE, "nothing to borrow from who is gone");
	proc_close(p);
	return tap_end();
}
