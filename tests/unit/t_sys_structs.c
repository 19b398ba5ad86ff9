/* SPDX-License-Identifier: MIT */
/* common/sys: structures (-v), of this process's own making and of a 32-bit program's. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/if_alg.h>
#include <linux/if_xdp.h>
#include <linux/ipc.h>
#include <linux/tipc.h>
#include <linux/vm_sockets.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <asm/termbits.h>
#include <time.h>
#include <unistd.h>

#include "fakemem.h"
#include "tap.h"

#define ARGS(...)                                                                                  \
	(const uint64_t[6])                                                                        \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define LOW 0x8048000ull
#define CWD ((uint64_t)(uint32_t)AT_FDCWD)

static struct args_call call_of(
	struct fake *f, enum abi abi, const char *name, const uint64_t arg[6])
{
	struct args_call c = {.ent = sysent_named(abi, name), .abi = abi, .mem = &f->memory};

	if (!c.ent)
		OK(false, "%s has no %s", abi_name(abi), name);
	c.nr = c.ent ? c.ent->number : 0;
	memcpy(c.arg, arg, sizeof(c.arg));
	return c;
}

/* The kernel's own answers: what is printed is what fstat(2) and its like say. */
static void test_stat(void)
{
	static struct fake f;
	struct buf b = {0}, want = {0};
	struct args_call c;
	struct stat st;
	uint64_t at;

	fake_start(&f, FAKE_BASE);
	IS(stat("/etc/passwd", &st), 0, "a file to look at");
	at = fake_put(&f, &st, sizeof(st));
	c = call_of(&f, ABI_X86_64, "stat", ARGS(0, at));
	fake_structs(&b, &c, 0, 0);
	buf_fmt(&want, "d=0x%.8llX i=%-5llu m=%.7o l=%-2llu u=%-5u g=%-5u sz=%lld\n",
		(unsigned long long)st.st_dev, (unsigned long long)st.st_ino, st.st_mode,
		(unsigned long long)st.st_nlink, st.st_uid, st.st_gid, (long long)st.st_size);
	OK(!strncmp(buf_cstr(&b), buf_cstr(&want), want.len), "stat: %s", buf_cstr(&b));
	buf_clear(&want);
	buf_fmt(&want, "[ %lld.%.9ld ]\n", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	OK(strstr(buf_cstr(&b), buf_cstr(&want)), "its time of modification %s", buf_cstr(&want));
	OK(strstr(buf_cstr(&b), "bsz=4096"), "its block size");
	IS_STR(fake_structs(&b, &c, ENOENT, -1), "", "nothing where it failed");
	buf_free(&b);
	buf_free(&want);
}

static void test_answers(void)
{
	static struct fake f;
	struct utsname uts;
	struct sysinfo si;
	struct statfs fs;
	struct rusage ru;
	struct statx sx;
	struct buf b = {0};
	struct args_call c;

	fake_start(&f, FAKE_BASE);
	uname(&uts);
	c = call_of(&f, ABI_X86_64, "uname", ARGS(fake_put(&f, &uts, sizeof(uts))));
	fake_structs(&b, &c, 0, 0);
	OK(!strncmp(buf_cstr(&b), "sys=\"Linux\" node=\"", 18) &&
			strstr(buf_cstr(&b), uts.release) && strstr(buf_cstr(&b), uts.version),
		"uname: %s", buf_cstr(&b));
	sysinfo(&si);
	c = call_of(&f, ABI_X86_64, "sysinfo", ARGS(fake_put(&f, &si, sizeof(si))));
	fake_structs(&b, &c, 0, 0);
	OK(strstr(buf_cstr(&b), "totalram="), "sysinfo: %s", buf_cstr(&b));
	statfs("/proc", &fs);
	c = call_of(&f, ABI_X86_64, "statfs", ARGS(0, fake_put(&f, &fs, sizeof(fs))));
	fake_structs(&b, &c, 0, 0);
	OK(strstr(buf_cstr(&b), "type=PROC_SUPER_MAGIC bsize=4096"), "statfs: %s", buf_cstr(&b));
	IS(statx(AT_FDCWD, "/etc/passwd", 0, STATX_BASIC_STATS, &sx), 0, "statx(2)");
	c = call_of(&f, ABI_X86_64, "statx", ARGS(CWD, 0, 0, 0, fake_put(&f, &sx, sizeof(sx))));
	fake_structs(&b, &c, 0, 0);
	OK(strstr(buf_cstr(&b), "m=0100644 l=1") && strstr(buf_cstr(&b), "mask=STATX_BASIC_STATS"),
		"statx: %s", buf_cstr(&b));
	getrusage(RUSAGE_SELF, &ru);
	c = call_of(&f, ABI_X86_64, "getrusage", ARGS(0, fake_put(&f, &ru, sizeof(ru))));
	fake_structs(&b, &c, 0, 0);
	OK(strstr(buf_cstr(&b), " sec stime=") && strstr(buf_cstr(&b), "ru_maxrss="), "rusage: %s",
		buf_cstr(&b));
	buf_free(&b);
}

struct expect {
	const char *name;
	uint64_t arg[6];
	int64_t result;
	const char *text;
};

static void check(struct fake *f, enum abi abi, const struct expect *e, size_t n)
{
	struct buf b = {0};

	for (size_t i = 0; i < n; i++) {
		struct args_call c = call_of(f, abi, e[i].name, e[i].arg);

		IS_STR(fake_structs(&b, &c, e[i].result < 0 ? (int)-e[i].result : 0, e[i].result),
			e[i].text, "%s: %s", e[i].name, e[i].text);
	}
	buf_free(&b);
}

static void test_times(struct fake *f)
{
	uint64_t ts = fake_put(f, &(struct timespec){1, 500000000}, 16);
	uint64_t it = fake_put(f, (long[]){1, 2, 3, 4}, 32);
	uint64_t ut = fake_put(f, (long[]){0, (1 << 30) - 1, 0, (1 << 30) - 2}, 32);
	uint64_t odd = fake_put(f, (long[]){5, -1}, 16);
	const struct expect e[] = {
		{"nanosleep", {ts, 0}, 0, "rqtp: 1.500000000 sec\n"},
		{"nanosleep", {odd, 0}, -EINVAL, "rqtp: 5 sec + 0xffffffffffffffff\n"},
		{"setitimer", {0, it, 0}, 0, "value: interval=1.000002 sec value=3.000004 sec\n"},
		{"gettimeofday", {it, 0}, 0, "tv: 1.000002 sec\n"},
		{"timer_settime", {1, 0, it, 0}, 0,
			"new_setting: interval=1.000000002 sec value=3.000000004 sec\n"},
		{"utimensat", {0, 0, ut, 0}, 0, "utimes[0]: UTIME_NOW\nutimes[1]: UTIME_OMIT\n"},
		{"clock_gettime", {1, ts}, 0, "tp: 1.500000000 sec\n"},
		{"clock_gettime", {1, ts}, -EINVAL, ""},
		{"nanosleep", {ts, ts}, 0, "rqtp: 1.500000000 sec\n"},
		{"nanosleep", {ts, ts}, -EINTR, "rqtp: 1.500000000 sec\nrmtp: 1.500000000 sec\n"},
		{"futex", {0x10, FUTEX_WAIT, 0, ts}, 0, "utime: 1.500000000 sec\n"},
		{"futex", {0x10, FUTEX_WAKE, 0, ts}, 0, ""},
		{"nanosleep", {0x10, 0}, -EFAULT, "rqtp: 0x00000010 (cannot be read)\n"},
		{"timerfd_settime", {3, 0, it, 0}, 0,
			"utmr: interval=1.000000002 sec value=3.000000004 sec\n"},
	};

	check(f, ABI_X86_64, e, sizeof(e) / sizeof(*e));
}

static void test_polls(struct fake *f)
{
	uint64_t fds =
		fake_put(f, (struct pollfd[]){{0, POLLIN, POLLIN}, {5, POLLIN | POLLOUT, 0}}, 16);
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u64 = 42};
	uint64_t epoll = fake_put(f, &ev, sizeof(ev));
	fd_set set;
	uint64_t sets, many;
	struct pollfd lots[70] = {{.fd = 1}};

	FD_ZERO(&set);
	FD_SET(0, &set);
	FD_SET(1, &set);
	FD_SET(5, &set);
	FD_SET(900, &set);
	sets = fake_put(f, &set, sizeof(set));
	many = fake_put(f, lots, sizeof(lots));
	const struct expect e[] = {
		{"poll", {fds, 2, 0}, 1,
			"ufds[0]: fd=0 ev=POLLIN rev=POLLIN\nufds[1]: fd=5 ev=POLLIN|POLLOUT "
			"rev=0\n"},
		{"poll", {fds, 1, 0}, 1, "ufds: fd=0 ev=POLLIN rev=POLLIN\n"},
		{"epoll_ctl", {3, 1, 4, epoll}, 0,
			"event: events=EPOLLIN|EPOLLET data=0x0000002A\n"},
		{"epoll_wait", {3, epoll, 8, 0}, 1,
			"events: events=EPOLLIN|EPOLLET data=0x0000002A\n"},
		{"epoll_wait", {3, epoll, 8, 0}, 0, ""},
		{"select", {6, sets, 0, 0, 0}, 1, "inp: [0-1 5]\n"},
		{"select", {1024, sets, 0, 0, 0}, 1, "inp: [0-1 5 900]\n"},
		{"select", {0x7fffffff, sets, 0, 0, 0}, -EINVAL,
			"inp: 0x7F000000101C (cannot be read)\n"},
	};
	struct buf b = {0};
	struct args_call c;

	check(f, ABI_X86_64, e, sizeof(e) / sizeof(*e));
	c = call_of(f, ABI_X86_64, "poll", ARGS(many, 70));
	OK(strstr(fake_structs(&b, &c, 0, 0), "ufds[63]: fd=0 ev=0 rev=0\n(6 more)\n"),
		"no more than 64");
	c = call_of(f, ABI_X86_64, "poll", ARGS(many, ~0u));
	OK(strlen(fake_structs(&b, &c, 0, 0)) < 4096, "however many the target says there are");
	buf_free(&b);
}

static void test_signals(struct fake *f)
{
	struct {
		void *hand;
		uint64_t flags;
		void *restorer;
		uint64_t mask;
	} sa = {(void *)1, 0x10000000, NULL, 1 << (SIGINT - 1)};
	uint64_t act = fake_put(f, &sa, sizeof(sa));
	uint64_t set = fake_put(f, (uint64_t[]){1 << (SIGTERM - 1)}, 8);
	uint64_t arg = fake_put(f, (uint64_t[]){set, 8}, 16);
	siginfo_t info = {.si_signo = SIGCHLD, .si_code = CLD_EXITED};
	stack_t stack = {.ss_sp = (void *)0x1000, .ss_size = 8192};
	uint64_t child, none, alt;

	info.si_pid = 7;
	info.si_status = 3;
	child = fake_put(f, &info, sizeof(info));
	memset(&info, 0, sizeof(info));
	none = fake_put(f, &info, sizeof(info));
	alt = fake_put(f, &stack, sizeof(stack));
	const struct expect e[] = {
		{"rt_sigaction", {2, act, 0, 8}, 0,
			"act: hand=SIG_IGN mask=[ SIGINT ] flags=SA_RESTART\n"},
		{"rt_sigprocmask", {0, set, 0, 8}, 0, "nset: [ SIGTERM ]\n"},
		{"rt_sigprocmask", {0, 0, set, 8}, 0, "oset: [ SIGTERM ]\n"},
		{"pselect6", {0, 0, 0, 0, 0, arg}, 0, "sig: [ SIGTERM ]\n"},
		{"waitid", {0, 0, child, 4, 0}, 0,
			"infop: SIGCHLD CLD_EXITED pid=7 status=0x0003\n"},
		{"waitid", {0, 0, none, 4, 0}, 0, "infop: 0\n"},
		{"sigaltstack", {alt, 0}, 0, "uss: sp=0x00001000 flags=0 size=8192\n"},
	};

	check(f, ABI_X86_64, e, sizeof(e) / sizeof(*e));
}

static void test_sockets(struct fake *f)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(80)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
		.sin6_port = htons(443),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/run/x\033y"};
	struct sockaddr_un ab = {.sun_family = AF_UNIX, .sun_path = "\0name"};
	struct sockaddr_alg salg = {
		.salg_family = AF_ALG, .salg_type = "hash", .salg_name = "sha256"};
	uint64_t ain, ain6, aun, aab, len, one, odd, alg;

	inet_aton("10.0.0.1", &in.sin_addr);
	ain = fake_put(f, &in, sizeof(in));
	ain6 = fake_put(f, &in6, sizeof(in6));
	aun = fake_put(f, &un, sizeof(un));
	aab = fake_put(f, &ab, sizeof(ab));
	len = fake_put(f, (int[]){sizeof(in)}, 4);
	one = fake_put(f, (int[]){1}, 4);
	alg = fake_put(f, &salg, sizeof(salg));
	odd = fake_put(f, (unsigned char[]){77, 2, 1, 2, 3}, 5);
	const struct expect e[] = {
		{"connect", {3, ain, sizeof(in)}, 0,
			"uservaddr: AF_INET  name = 10.0.0.1  port = 80\n"},
		{"connect", {3, ain6, sizeof(in6)}, 0,
			"uservaddr: AF_INET6  name = ::1  port = 443\n"},
		{"bind", {3, aun, sizeof(un)}, 0, "umyaddr: AF_UNIX  name = \"/run/x\\x1by\"\n"},
		{"bind", {3, aab, 7}, 0, "umyaddr: AF_UNIX  name = @\"name\"\n"},
		{"bind", {3, aun, 2}, 0, "umyaddr: AF_UNIX\n"},
		{"bind", {3, alg, sizeof(salg)}, 0,
			"umyaddr: AF_ALG  type = \"hash\"  name = \"sha256\"\n"},
		{"bind", {3, odd, 5}, 0, "umyaddr: 589  data = 010203\n"},
		{"bind", {3, aun, 0}, 0, ""},
		{"accept", {3, ain, len}, 4,
			"upeer_sockaddr: AF_INET  name = 10.0.0.1  port = 80\nupeer_addrlen: 16\n"},
		{"setsockopt", {3, SOL_SOCKET, SO_REUSEADDR, one, 4}, 0, "optval: 1\n"},
		{"setsockopt", {3, SOL_SOCKET, SO_LINGER, ain, 8}, 0,
			"optval: l_onoff=1342177282 l_linger=16777226\n"},
	};

	check(f, ABI_X86_64, e, sizeof(e) / sizeof(*e));
}

/* Addresses of the other families that pfiles tells of. */
static void test_addresses(struct fake *f)
{
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK, .nl_pid = 1234, .nl_groups = 5};
	struct sockaddr_ll ll = {.sll_family = AF_PACKET,
		.sll_protocol = htons(0x800),
		.sll_ifindex = 3,
		.sll_hatype = ARPHRD_ETHER,
		.sll_pkttype = PACKET_MULTICAST,
		.sll_halen = 6,
		.sll_addr = {1, 2, 3, 4, 5, 6}};
	struct sockaddr_vm vm = {.svm_family = AF_VSOCK, .svm_port = 1024, .svm_cid = 2};
	struct sockaddr_xdp xdp = {.sxdp_family = AF_XDP,
		.sxdp_flags = 4,
		.sxdp_ifindex = 3,
		.sxdp_queue_id = 2,
		.sxdp_shared_umem_fd = 9};
	struct sockaddr_tipc tipc = {.family = AF_TIPC, .addrtype = 1, .scope = 2};
	uint64_t anl = fake_put(f, &nl, sizeof(nl)), all = fake_put(f, &ll, sizeof(ll));
	uint64_t avm = fake_put(f, &vm, sizeof(vm)), axdp = fake_put(f, &xdp, sizeof(xdp));
	uint64_t atipc = fake_put(f, &tipc, sizeof(tipc));
	uint64_t bt = fake_put(f, (unsigned char[]){AF_BLUETOOTH, 0, 1, 2, 3}, 5);
	const struct expect e[] = {
		{"bind", {3, anl, sizeof(nl)}, 0,
			"umyaddr: AF_NETLINK  pid = 1234  groups = 0x00000005\n"},
		{"bind", {3, all, sizeof(ll)}, 0,
			"umyaddr: AF_PACKET  protocol = 2048  ifindex = 3  hatype = ARPHRD_ETHER  "
			"pkttype = PACKET_MULTICAST  halen = 6  name = 0102030405060000\n"},
		{"bind", {3, avm, sizeof(vm)}, 0, "umyaddr: AF_VSOCK  port = 1024  cid = 2\n"},
		{"bind", {3, axdp, sizeof(xdp)}, 0,
			"umyaddr: AF_XDP  flags = 0x00000004  ifindex = 3  queue = 2  umem_fd = "
			"9\n"},
		{"bind", {3, atipc, sizeof(tipc)}, 0,
			"umyaddr: AF_TIPC  addrtype = 1  scope = 2  addr = 000000000000000000000000\n"},
		{"bind", {3, bt, 5}, 0, "umyaddr: AF_BLUETOOTH  data = 010203\n"},
	};

	check(f, ABI_X86_64, e, sizeof(e) / sizeof(*e));
}

static void test_messages(struct fake *f)
{
	uint64_t data = fake_put(f, "payload", 7);
	uint64_t iov = fake_put(f, (uint64_t[]){data, 7}, 16);
	struct {
		uint64_t len;
		int level, type, fds[2];
		uint64_t len2;
		int level2, type2, cred[3], pad;
	} control = {
		24, SOL_SOCKET, SCM_RIGHTS, {3, 4}, 28, SOL_SOCKET, SCM_CREDENTIALS, {7, 8, 9}, 0};
	uint64_t ctl = fake_put(f, &control, sizeof(control));
	uint64_t msg =
		fake_put(f, (uint64_t[]){0, 0, iov, 1, ctl, sizeof(control), MSG_CTRUNC}, 56);
	uint64_t broken =
		fake_put(f, (uint64_t[]){~0ull, 0xffffffff, ~0ull, ~0ull, ctl, ~0ull, ~0ull}, 56);
	uint64_t many = fake_put(f, (uint64_t[]){0, 0, iov, 1, 0, 0, 0, 7}, 64);
	const struct expect e[] = {
		{"writev", {3, iov, 1}, 7,
			"vec[0]: base=0x7F0000001000 len=7 \" p a y l o a d\"\n"},
		{"readv", {3, iov, 1}, 7, "vec[0]: base=0x7F0000001000 len=7 \" p a y l o a d\"\n"},
		{"readv", {3, iov, 1}, -EAGAIN, "vec[0]: base=0x7F0000001000 len=7\n"},
		{"sendmsg", {3, msg, 0}, 7,
			"msg: name=0x00000000 namelen=0 iov=0x7F0000001007 iovlen=1 "
			"control=0x7F0000001017 controllen=56 flags=MSG_CTRUNC\n"
			"iov[0]: base=0x7F0000001000 len=7 \" p a y l o a d\"\n"
			"cmsg[0]: len=24 level=SOL_SOCKET type=SCM_RIGHTS fds=[3,4]\n"
			"cmsg[1]: len=28 level=SOL_SOCKET type=SCM_CREDENTIALS pid=7 uid=8 "
			"gid=9\n"},
		{"recvmsg", {3, msg, 0}, -EAGAIN,
			"msg: name=0x00000000 namelen=0 iov=0x7F0000001007 iovlen=1 "
			"control=0x7F0000001017 controllen=56 flags=MSG_CTRUNC\n"
			"iov[0]: base=0x7F0000001000 len=7\n"},
		{"recvmmsg", {3, many, 5, 0, 0}, 1,
			"mmsg[0]: name=0x00000000 namelen=0 iov=0x7F0000001007 iovlen=1 "
			"control=0x00000000 controllen=0 flags=0\n"
			"iov[0]: base=0x7F0000001000 len=7 \" p a y l o a d\"\nlen=7\n"},
	};
	struct buf b = {0};
	struct args_call c;

	check(f, ABI_X86_64, e, sizeof(e) / sizeof(*e));
	c = call_of(f, ABI_X86_64, "sendmsg", ARGS(3, broken, 0));
	OK(strlen(fake_structs(&b, &c, EFAULT, -1)) < 4096, "a message that makes no sense: %s",
		buf_cstr(&b));
	control.len = 1000;
	memcpy(f->bytes + (ctl - f->base), &control, sizeof(control));
	c = call_of(f, ABI_X86_64, "sendmsg", ARGS(3, msg, 0));
	fake_structs(&b, &c, 0, 7);
	OK(strstr(buf_cstr(&b), "cmsg[0]: len=1000 level=SOL_SOCKET type=SCM_RIGHTS\n") &&
			!strstr(buf_cstr(&b), "cmsg[1]"),
		"control data longer than there is room for: %s", buf_cstr(&b));
	buf_free(&b);
}

static void test_others(struct fake *f)
{
	uint64_t clone = fake_put(f,
		(uint64_t[]){
			CLONE_VM | CLONE_PIDFD, 0x10, 0, 0, SIGCHLD, 0x1000, 0x2000, 0, 0, 0, 0},
		88);
	uint64_t tail = fake_put(f, (uint64_t[]){0, 0, 0, 77}, 32);
	uint64_t lock =
		fake_put(f, &(struct flock){F_WRLCK, SEEK_SET, 5, 10, 0}, sizeof(struct flock));
	uint64_t lim = fake_put(f, (uint64_t[]){1024, ~0ull}, 16);
	uint64_t ws = fake_put(f, (uint16_t[]){24, 80, 0, 0}, 8);
	struct termios tio = {.c_iflag = ICRNL,
		.c_oflag = OPOST,
		.c_cflag = B38400 | CS8 | CREAD,
		.c_lflag = ICANON | ECHO};
	uint64_t tc = fake_put(f, &tio, sizeof(tio));
	struct {
		uint64_t ino, off;
		uint16_t len;
		uint8_t type;
		char name[5];
	} ent = {12, 34, 24, 4, "dir"};
	uint64_t de = fake_put(f, &ent, 24);
	uint64_t groups = fake_put(f, (uint32_t[]){4, 24, 1000}, 12);
	uint64_t robust = fake_put(f, (uint64_t[]){0x1000, (uint64_t)-32, 0}, 24);
	uint64_t attr = fake_put(f, (uint32_t[]){48, 1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0}, 48);
	uint64_t waitv = fake_put(f, (uint64_t[]){1, 0x2000, 2 | 128}, 24);
	uint64_t cpus = fake_put(f, (uint64_t[]){0xf1}, 8);
	const struct expect e[] = {
		{"clone3", {clone, 88}, 5,
			"uargs: flags=CLONE_VM|CLONE_PIDFD pidfd=0x00000010 exit_signal=SIGCHLD\n"
			"stack=0x00001000 stack_size=0x00002000\n"},
		{"openat2", {0, 0, tail, 24}, 3, "how: flags=0 mode=0 resolve=0\n"},
		{"openat2", {0, 0, tail, 32}, -E2BIG,
			"how: flags=0 mode=0 resolve=0 tail=4D00000000000000\n"},
		{"fcntl", {3, F_SETLK, lock}, 0,
			"arg: typ=F_WRLCK whence=SEEK_SET start=5 len=10 pid=0\n"},
		{"fcntl", {3, F_GETFL}, O_RDWR | O_APPEND, "flags=O_RDWR|O_APPEND\n"},
		{"fcntl", {3, F_SETFD, 1}, 0, ""},
		{"fcntl", {3, F_GETFD}, 1, "flags=FD_CLOEXEC\n"},
		{"prlimit64", {0, 7, 0, lim}, 0, "old_rlim: cur=1024 max=RLIM_INFINITY\n"},
		{"setrlimit", {7, lim}, -EPERM, "rlim: cur=1024 max=RLIM_INFINITY\n"},
		{"ioctl", {0, TIOCGWINSZ, ws}, 0, "arg: row=24 col=80 xpixel=0 ypixel=0\n"},
		{"ioctl", {0, TIOCGWINSZ, ws}, -ENOTTY, ""},
		{"ioctl", {0, TCGETS, tc}, 0,
			"arg: iflag=ICRNL oflag=OPOST\ncflag=B38400|CS8|CREAD lflag=ICANON|ECHO "
			"line=0\ncc=00000000000000000000000000000000000000\n"},
		{"getdents64", {3, de, 100}, 24, "ino=12       off=34 rlen=24  DT_DIR \"dir\"\n"},
		{"getgroups", {10, groups}, 3, "grouplist: 4 24 1000\n"},
		{"getgroups", {0, groups}, 0, ""},
		{"set_robust_list", {robust, 24}, 0,
			"head: list=0x00001000 futex_offset=-32 pending=0x00000000\n"},
		{"get_robust_list", {0, waitv + 8, waitv}, 0, "head_ptr: 0x00002000\nlen_ptr: 1\n"},
		{"sched_setattr", {0, attr, 0}, 0,
			"uattr: size=48 policy=SCHED_FIFO flags=0 nice=0 priority=5\n"},
		{"futex_waitv", {waitv, 1, 0, 0, 1}, 0,
			"waiters: val=1 uaddr=0x00002000 flags=FUTEX2_SIZE_U32|FUTEX_PRIVATE_FLAG\n"},
		{"sched_setaffinity", {0, 8, cpus}, 0, "user_mask_ptr: [0 4-7]\n"},
	};

	check(f, ABI_X86_64, e, sizeof(e) / sizeof(*e));
}

/* Layouts of 32-bit programs, byte by byte as arch/x86's headers have them. */
static void test_narrow(void)
{
	static struct fake f;
	uint64_t ts, ts64, iov, act, st, lim, msg, lock, info;
	struct buf b = {0};
	struct args_call c;
	unsigned char st64[96] = {0};

	fake_start(&f, LOW);
	ts = fake_put(&f, (int32_t[]){1, 500000000}, 8);
	ts64 = fake_put(&f, (int64_t[]){1, 500000000}, 16);
	iov = fake_put(&f, (uint32_t[]){(uint32_t)ts, 4}, 8);
	act = fake_put(&f, (uint32_t[]){0x8040000, 0x10000000, 0, 2, 0}, 20);
	lim = fake_put(&f, (uint32_t[]){1024, ~0u}, 8);
	msg = fake_put(&f, (uint32_t[]){0, 0, (uint32_t)iov, 1, 0, 0, 0}, 28);
	lock = fake_put(&f, (uint32_t[]){F_RDLCK, 7, 1, 9, 0, 42}, 24);
	info = fake_put(&f, (uint32_t[32]){SIGCHLD, 0, CLD_EXITED, 77, 1000, 3}, 128);
	memcpy(st64 + 16, &(uint32_t){0100644}, 4); /* st_mode, and st_size at 44 */
	memcpy(st64 + 44, &(uint64_t){5000000000}, 8);
	st = fake_put(&f, st64, sizeof(st64));
	const struct expect e[] = {
		{"nanosleep", {ts, 0}, 0, "rqtp: 1.500000000 sec\n"},
		{"clock_gettime64", {1, ts64}, 0, "tp: 1.500000000 sec\n"},
		{"clock_gettime", {1, ts}, 0, "tp: 1.500000000 sec\n"},
		{"futex", {0x10, FUTEX_WAIT, 0, ts}, 0, "utime: 1.500000000 sec\n"},
		{"futex_time64", {0x10, FUTEX_WAIT, 0, ts64}, 0, "utime: 1.500000000 sec\n"},
		{"writev", {3, iov, 1}, 4, "vec[0]: base=0x08048000 len=4 \"01\\0\\0\\0\"\n"},
		{"rt_sigaction", {2, act, 0, 8}, 0,
			"act: hand=0x08040000 mask=[ SIGINT ] flags=SA_RESTART\n"},
		{"ugetrlimit", {7, lim}, 0, "rlim: cur=1024 max=RLIM_INFINITY\n"},
		{"sendmsg", {3, msg, 0}, 4,
			"msg: name=0x00000000 namelen=0 iov=0x08048018 iovlen=1 control=0x00000000 "
			"controllen=0 flags=0\niov[0]: base=0x08048000 len=4 \"01\\0\\0\\0\"\n"},
		{"fcntl64", {3, 12, lock}, 0,
			"arg: typ=F_RDLCK whence=SEEK_SET start=4294967303 len=9 pid=42\n"},
		{"waitid", {0, 0, info, 4, 0}, 0,
			"infop: SIGCHLD CLD_EXITED pid=77 status=0x0003\n"},
	};

	check(&f, ABI_I386, e, sizeof(e) / sizeof(*e));
	/* ipc(2) is an old call, whatever it stands for. */
	c = call_of(&f, ABI_I386, "ipc", ARGS(SEMTIMEDOP, 3, 1, 0, iov, ts));
	args_unwrap(&c);
	fake_structs(&b, &c, 0, 0);
	OK(strstr(buf_cstr(&b), "timeout: 1.500000000 sec\n"), "semtimedop: %s", buf_cstr(&b));
	c = call_of(&f, ABI_I386, "semtimedop_time64", ARGS(3, iov, 1, ts64));
	fake_structs(&b, &c, 0, 0);
	OK(strstr(buf_cstr(&b), "timeout: 1.500000000 sec\n"), "semtimedop_time64: %s",
		buf_cstr(&b));
	c = call_of(&f, ABI_I386, "fstat64", ARGS(3, st));
	fake_structs(&b, &c, 0, 0);
	OK(strstr(buf_cstr(&b), "m=0100644") && strstr(buf_cstr(&b), "sz=5000000000"), "stat64: %s",
		buf_cstr(&b));
	c = call_of(&f, ABI_X32, "writev", ARGS(3, iov, 1));
	fake_structs(&b, &c, 0, 4);
	OK(strstr(buf_cstr(&b), "len=4"), "x32's pointers are 32 bits wide: %s", buf_cstr(&b));
	c = call_of(&f, ABI_X32, "times", ARGS(ts));
	fake_structs(&b, &c, 0, 4);
	OK(strstr(buf_cstr(&b), "is not known for x32"), "its structures are nobody's: %s",
		buf_cstr(&b));
	buf_free(&b);
}

/* Sizes that the headers of this build give to the layouts of 64-bit programs. */
static void test_sizes(void)
{
	struct buf b = {0};
	unsigned char zero[4096] = {0};
	static const char *const names[] = {"stat", "statx", "statfs", "timespec", "timeval",
		"itimerspec", "itimerval", "rlimit", "rusage", "tms", "sysinfo", "new_utsname",
		"flock", "pollfd", "epoll_event", "sigaction", "stack", "termios", "winsize",
		"clone_args", "open_how", "sched_attr", "robust_list_head", "futex_waitv",
		"sockaddr_in", "sockaddr_in6", "sockaddr_nl", "sockaddr_ll", "sockaddr_vm",
		"shmid64_ds", "msqid64_ds", "sembuf", "mq_attr", "io_uring_params", "timex",
		"sigevent", "perf_event_attr", "user_desc", "rseq", "mount_attr", "iocb"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		OK(!structs_add_named(&b, ABI_X86_64, names[i], zero, sizeof(zero)), "%s is known",
			names[i]);
		OK(!structs_add_named(&b, ABI_I386, names[i], zero, sizeof(zero)),
			"%s is known for 32-bit programs", names[i]);
	}
	IS(structs_add_named(&b, ABI_X86_64, "nonsense", zero, 8), -1, "others are not");
	buf_free(&b);
}

int main(void)
{
	static void (*const tests[])(struct fake *) = {test_times, test_polls, test_signals,
		test_sockets, test_addresses, test_messages, test_others};
	static struct fake f;

	test_stat();
	test_answers();
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		fake_start(&f, FAKE_BASE);
		tests[i](&f);
	}
	test_narrow();
	test_sizes();
	return tap_end();
}
