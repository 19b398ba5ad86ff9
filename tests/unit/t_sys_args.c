/* SPDX-License-Identifier: MIT */
/* common/sys: lines of calls, in the original's layout. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "fakemem.h"
#include "tap.h"

#define ARGS(...)                                                                                  \
	(const uint64_t[6])                                                                        \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

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

struct expect {
	const char *name;
	uint64_t arg[6];
	int error;
	int64_t result;
	const char *text;
};

static void check(struct fake *f, enum abi abi, const struct expect *e, size_t n)
{
	struct buf b = {0};

	for (size_t i = 0; i < n; i++) {
		struct args_call c = call_of(f, abi, e[i].name, e[i].arg);

		IS_STR(fake_line(&b, &c, 0, e[i].error, e[i].result), e[i].text, "%s: %s",
			abi_name(abi), e[i].text);
	}
	buf_free(&b);
}

#define CWD ((uint64_t)(uint32_t)AT_FDCWD)

static void test_files(struct fake *f)
{
	uint64_t passwd = fake_text(f, "/etc/passwd"), nope = fake_text(f, "/nope");
	uint64_t empty = fake_text(f, ""), elf = fake_put(f, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16);
	uint64_t hi = fake_put(f, "hi\n", 3), fds = fake_put(f, (int[]){3, 4}, 8);
	const struct expect lines[] = {
		{"open", {passwd, O_RDONLY}, 0, 3, "open(\"/etc/passwd\", O_RDONLY) = 3"},
		{"openat", {CWD, passwd, O_RDONLY | O_CLOEXEC}, 0, 3,
			"open(\"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3"},
		{"openat", {CWD, passwd, O_RDWR | O_CREAT | 0x10000000, 0666}, 0, 3,
			"open(\"/etc/passwd\", O_RDWR|O_CREAT|0x10000000, 0666) = 3"},
		{"openat", {7, nope, O_RDONLY}, ENOENT, -1,
			"openat(7, \"/nope\", O_RDONLY) Err#2 ENOENT"},
		{"openat", {CWD, passwd, 020200000 | O_WRONLY, 0600}, 0, 3,
			"open(\"/etc/passwd\", O_WRONLY|O_TMPFILE, 0600) = 3"},
		{"read", {3, elf, 832}, 0, 16,
			"read(3, \"7F E L F020101\\0\\0\\0\\0\\0\".., 832) = 16"},
		{"read", {3, elf, 832}, 0, 0, "read(3, 0x7F0000001013, 832) = 0"},
		{"read", {3, elf, 832}, EIO, -1, "read(3, 0x7F0000001013, 832) Err#5 EIO"},
		{"write", {1, hi, 3}, 0, 3, "write(1, \" h i\\n\", 3) = 3"},
		{"write", {1, 0x10, 3}, EFAULT, -1, "write(1, 0x00000010, 3) Err#14 EFAULT"},
		{"close", {3}, 0, 0, "close(3) = 0"},
		{"lseek", {3, (uint64_t)-10, SEEK_END}, 0, 90, "lseek(3, -10, SEEK_END) = 90"},
		{"lseek", {3, 1ull << 60, SEEK_SET}, 0, 1ll << 60,
			"lseek(3, 0x1000000000000000, SEEK_SET) = 0x1000000000000000"},
		{"access", {passwd, R_OK | W_OK}, 0, 0, "access(\"/etc/passwd\", R_OK|W_OK) = 0"},
		{"access", {passwd, F_OK}, 0, 0, "access(\"/etc/passwd\", F_OK) = 0"},
		{"newfstatat", {CWD, passwd, 0x10, 0}, 0, 0,
			"stat(\"/etc/passwd\", 0x00000010) = 0"},
		{"newfstatat", {CWD, passwd, 0x10, AT_SYMLINK_NOFOLLOW}, 0, 0,
			"lstat(\"/etc/passwd\", 0x00000010) = 0"},
		{"newfstatat", {3, empty, 0x10, AT_EMPTY_PATH}, 0, 0, "fstat(3, 0x00000010) = 0"},
		{"newfstatat", {CWD, passwd, 0x10, AT_NO_AUTOMOUNT}, 0, 0,
			"newfstatat(AT_FDCWD, \"/etc/passwd\", 0x00000010, AT_NO_AUTOMOUNT) = 0"},
		{"renameat2", {CWD, passwd, CWD, nope, 0}, 0, 0,
			"rename(\"/etc/passwd\", \"/nope\") = 0"},
		{"renameat2", {CWD, passwd, CWD, nope, 1}, 0, 0,
			"renameat2(AT_FDCWD, \"/etc/passwd\", AT_FDCWD, \"/nope\", "
			"RENAME_NOREPLACE) = 0"},
		{"unlinkat", {CWD, passwd, AT_REMOVEDIR}, 0, 0, "rmdir(\"/etc/passwd\") = 0"},
		{"symlinkat", {passwd, CWD, nope}, 0, 0, "symlink(\"/etc/passwd\", \"/nope\") = 0"},
		{"readlink", {nope, passwd, 100}, 0, 4, "readlink(\"/nope\", \"/etc\", 100) = 4"},
		{"readlink", {nope, passwd, 100}, EINVAL, -1,
			"readlink(\"/nope\", 0x7F0000001000, 100) Err#22 EINVAL"},
		{"getcwd", {passwd, 100}, 0, 12, "getcwd(\"/etc/passwd\", 100) = 12"},
		{"umask", {022}, 0, 0777, "umask(022) = 0777"},
		{"chmod", {passwd, 0}, 0, 0, "chmod(\"/etc/passwd\", 0) = 0"},
		{"chown", {passwd, (uint32_t)-1, 4000000000}, 0, 0,
			"chown(\"/etc/passwd\", -1, 4000000000) = 0"},
		{"dup2", {3, 1}, 0, 1, "dup2(3, 1) = 1"},
		{"pipe2", {fds, O_CLOEXEC}, 0, 0, "pipe2([3,4], O_CLOEXEC) = 0"},
		{"pipe2", {fds, 0}, EMFILE, -1, "pipe2(0x7F0000001026, 0) Err#24 EMFILE"},
		{"fcntl", {3, F_GETFD}, 0, 1, "fcntl(3, F_GETFD) = 1"},
		{"fcntl", {3, F_SETFD, 1}, 0, 0, "fcntl(3, F_SETFD, FD_CLOEXEC) = 0"},
		{"fcntl", {3, F_SETFL, O_NONBLOCK | O_RDWR}, 0, 0,
			"fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0"},
		{"fcntl", {3, F_DUPFD, 10}, 0, 10, "fcntl(3, F_DUPFD, 10) = 10"},
		{"fcntl", {3, F_SETLK, 0x10}, 0, 0, "fcntl(3, F_SETLK, 0x00000010) = 0"},
		{"ioctl", {0, TIOCGWINSZ, 0x10}, ENOTTY, -1,
			"ioctl(0, TIOCGWINSZ, 0x00000010) Err#25 ENOTTY"},
		{"close_range", {3, ~0u, 0}, 0, 0, "close_range(3, 0xFFFFFFFF, 0) = 0"},
		{"pread64", {3, elf, 16, 4096}, 0, 4, "pread64(3, \"7F E L F\", 16, 4096) = 4"},
		{"preadv", {3, 0x10, 2, 4096, 0}, 0, 4, "preadv(3, 0x00000010, 2, 4096) = 4"},
	};

	check(f, ABI_X86_64, lines, sizeof(lines) / sizeof(*lines));
}

static void test_memory(struct fake *f)
{
	const struct expect lines[] = {
		{"mmap", {0, 8192, PROT_READ, MAP_PRIVATE, 3, 0}, 0, 0x7f0000002000,
			"mmap(0x00000000, 8192, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7F0000002000"},
		{"mmap", {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, ~0u, 0}, 0,
			0x10000,
			"mmap(0x00000000, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = "
			"0x00010000"},
		{"mmap", {0, 4096, 0, MAP_SHARED | MAP_HUGETLB | 21u << 26 | MAP_FIXED, ~0u, 0},
			EINVAL, -1,
			"mmap(0x00000000, 4096, PROT_NONE, "
			"MAP_SHARED|MAP_FIXED|MAP_HUGETLB|21<<MAP_HUGE_SHIFT, -1, 0) Err#22 EINVAL"},
		{"brk", {0}, 0, 0x555555559000, "brk(0x00000000) = 0x555555559000"},
		{"madvise", {0x1000, 4096, MADV_DONTNEED}, 0, 0,
			"madvise(0x00001000, 4096, MADV_DONTNEED) = 0"},
		{"madvise", {0x1000, 4096, 4711}, EINVAL, -1,
			"madvise(0x00001000, 4096, 4711) Err#22 EINVAL"},
	};

	check(f, ABI_X86_64, lines, sizeof(lines) / sizeof(*lines));
}

static void test_processes(struct fake *f)
{
	uint64_t name = fake_text(f, "worker"), status = fake_put(f, (int[]){0x0100}, 4);
	const struct expect lines[] = {
		{"exit_group", {7}, 0, 0, "exit_group(7) = 0"},
		{"getpid", {0}, 0, 42, "getpid() = 42"},
		{"kill", {(uint32_t)-1, SIGTERM}, ESRCH, -1, "kill(-1, SIGTERM) Err#3 ESRCH"},
		{"kill", {42, 0}, 0, 0, "kill(42, 0) = 0"},
		{"kill", {42, 33}, 0, 0, "kill(42, SIG#33) = 0"},
		{"clone", {CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD, 0, 0, 0x10, 0}, 0,
			43,
			"clone(CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, 0x00000000, "
			"0x00000000, 0x00000010, 0x00000000) = 43"},
		{"wait4", {~0u, status, 0, 0}, 0, 43,
			"wait4(-1, 0x7F0000001007, 0, 0x00000000) = 43 [ 0x0100 ]"},
		{"prctl", {PR_SET_NAME, name}, 0, 0, "prctl(PR_SET_NAME, \"worker\") = 0"},
		{"prctl", {PR_GET_NAME, name}, 0, 0, "prctl(PR_GET_NAME, \"worker\") = 0"},
		{"prctl", {PR_SET_PDEATHSIG, SIGKILL}, 0, 0,
			"prctl(PR_SET_PDEATHSIG, SIGKILL) = 0"},
		{"futex", {0x10, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1}, 0, 1,
			"futex(0x00000010, FUTEX_WAKE|FUTEX_PRIVATE_FLAG, 1) = 1"},
		{"futex", {0x10, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 2, 0, 0, ~0u}, EAGAIN,
			-1,
			"futex(0x00000010, FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME, 2, 0x00000000, "
			"0x00000000, FUTEX_BITSET_MATCH_ANY) Err#11 EAGAIN"},
		{"rt_sigaction", {SIGINT, 0, 0x10, 8}, 0, 0,
			"rt_sigaction(SIGINT, 0x00000000, 0x00000010, 8) = 0"},
		{"rt_sigtimedwait", {0x10, 0, 0, 8}, 0, SIGUSR1,
			"rt_sigtimedwait(0x00000010, 0x00000000, 0x00000000, 8) = SIGUSR1"},
		{"nanosleep", {0x10, 0}, 512, -1,
			"nanosleep(0x00000010, 0x00000000) Err#512 ERESTARTSYS"},
		{"ioprio_set", {1, 0, 0x6007}, 0, 0,
			"ioprio_set(IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 7)) "
			"= 0"},
		{"getuid", {0}, 0, 4294967294, "getuid() = 4294967294"},
		{"sched_setscheduler", {0, 1 | 0x40000000, 0x10}, 0, 0,
			"sched_setscheduler(0, SCHED_FIFO|SCHED_RESET_ON_FORK, 0x00000010) = 0"},
		{"personality", {~0u}, 0, 0x0040000, "personality(0xFFFFFFFF) = 0x40000"},
		{"clock_nanosleep", {CLOCK_MONOTONIC, TIMER_ABSTIME, 0x10, 0}, 0, 0,
			"clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, 0x00000010, 0x00000000) = 0"},
	};

	check(f, ABI_X86_64, lines, sizeof(lines) / sizeof(*lines));
}

static void test_sockets(struct fake *f)
{
	uint64_t data = fake_put(f, "hello\1world", 11);
	const struct expect lines[] = {
		{"socket", {AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP}, 0, 3,
			"socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3"},
		{"socket", {AF_NETLINK, SOCK_RAW, 0}, 0, 3,
			"socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 3"},
		{"socket", {AF_UNIX, SOCK_DGRAM, 0}, 0, 3, "socket(AF_UNIX, SOCK_DGRAM, 0) = 3"},
		{"setsockopt", {3, SOL_SOCKET, SO_REUSEADDR, 0x10, 4}, 0, 0,
			"setsockopt(3, SOL_SOCKET, SO_REUSEADDR, 0x00000010, 4) = 0"},
		{"setsockopt", {3, IPPROTO_TCP, TCP_NODELAY, 0x10, 4}, 0, 0,
			"setsockopt(3, IPPROTO_TCP, TCP_NODELAY, 0x00000010, 4) = 0"},
		{"recvfrom", {4, data, 99, MSG_DONTWAIT, 0, 0}, 0, 11,
			"recvfrom(4, \" h e l l o01 w o r l d\", 99, MSG_DONTWAIT, 0x00000000, "
			"0x00000000) = 11"},
		{"shutdown", {4, SHUT_RDWR}, 0, 0, "shutdown(4, SHUT_RDWR) = 0"},
		{"epoll_ctl", {3, 1, 4, 0x10}, 0, 0,
			"epoll_ctl(3, EPOLL_CTL_ADD, 4, 0x00000010) = 0"},
	};

	check(f, ABI_X86_64, lines, sizeof(lines) / sizeof(*lines));
}

/* Upper halves of registers mean nothing to a 32-bit program, and its long numbers come in two. */
static void test_narrow(struct fake *f)
{
	uint64_t passwd = fake_text(f, "/etc/passwd");
	const struct expect lines[] = {
		{"open", {passwd | 0xdead00000000, O_RDONLY}, 0, 3,
			"open(\"/etc/passwd\", O_RDONLY) = 3"},
		{"mmap2", {0, 4096, PROT_READ, MAP_PRIVATE, 0xffffffff, 0}, 0, 0xf7f00000,
			"mmap2(0x00000000, 4096, PROT_READ, MAP_PRIVATE, -1, 0) = 0xF7F00000"},
		{"pread64", {3, 0x10, 16, 0x80000000, 1}, 0, 0,
			"pread64(3, 0x00000010, 16, 6442450944) = 0"},
		{"ftruncate64", {3, 0xffffffff, 0xffffffff}, EINVAL, -1,
			"ftruncate64(3, -1) Err#22 EINVAL"},
		{"fadvise64_64", {3, 1, 0, 2, 0, 3}, 0, 0,
			"fadvise64_64(3, 1, 2, POSIX_FADV_WILLNEED) = 0"},
		{"waitpid", {0xffffffff, 0, 1}, 0, 0, "waitpid(-1, 0x00000000, WNOHANG) = 0"},
		{"stat64", {passwd, 0x10}, 0, 0, "stat64(\"/etc/passwd\", 0x00000010) = 0"},
		{"fcntl64", {3, 12, 0x10}, 0, 0, "fcntl64(3, F_GETLK64, 0x00000010) = 0"},
		{"clock_gettime64", {1, 0x10}, 0, 0,
			"clock_gettime64(CLOCK_MONOTONIC, 0x00000010) = 0"},
		{"socketcall", {1, 0x10}, 0, 3, "socketcall(SYS_SOCKET, 0x00000010) = 3"},
	};

	check(f, ABI_I386, lines, sizeof(lines) / sizeof(*lines));
}

/* One call that stands for many. */
static void test_unwrap(struct fake *f)
{
	uint64_t three = fake_put(f, (uint32_t[]){AF_INET, SOCK_STREAM, 0}, 12);
	uint64_t send = fake_put(f, (uint32_t[]){4, 0x10, 5, MSG_NOSIGNAL}, 16);
	uint64_t text = fake_put(f, (uint32_t[]){0x1000, 7}, 8);
	const struct {
		const char *name;
		uint64_t arg[6];
		const char *text;
	} calls[] = {
		{"socketcall", {1, three}, "socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 4"},
		{"socketcall", {9, send},
			"sendto(4, 0x00000010, 5, MSG_NOSIGNAL, 0x00000000, 0) = 4"},
		{"socketcall", {5, three}, "accept(2, 0x00000001, 0x00000000) = 4"},
		{"socketcall", {77, three}, "socketcall(77, 0x08048000) = 4"},
		{"socketcall", {1, 0x10}, "socketcall(SYS_SOCKET, 0x00000010) = 4"},
		{"ipc", {23, 0, 4096, IPC_CREAT | 0600},
			"shmget(IPC_PRIVATE, 4096, IPC_CREAT|0600) = 4"},
		{"ipc", {12, 3, 8, 0, text}, "msgrcv(3, 0x00001000, 8, 7, 0) = 4"},
		{"ipc", {24, 3, 0x102, 0, 0x10}, "shmctl(3, IPC_STAT, 0x00000010) = 4"},
		{"ipc", {4, 3, 1, 0, 0x10, 0}, "semtimedop(3, 0x00000010, 1, 0x00000000) = 4"},
		{"ipc", {4, 3, 1, 0, 0x10, 0x20}, "semtimedop(3, 0x00000010, 1, 0x00000020) = 4"},
		{"ipc", {21, 3, 0, text, 0, 0}, "shmat(3, 0x00000000, 0) = 0x00001000"},
	};
	struct buf b = {0};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		struct args_call c = call_of(f, ABI_I386, calls[i].name, calls[i].arg);

		args_unwrap(&c);
		c.result = 4;
		args_unwrap_result(&c);
		IS_STR(fake_line(&b, &c, 0, 0, c.result), calls[i].text, "%s", calls[i].text);
	}
	buf_free(&b);
}

static void test_unknown(struct fake *f)
{
	struct args_call c = {
		.abi = ABI_X86_64, .nr = 999, .mem = &f->memory, .arg = {1, 2, 3, 4, 5, 6}};
	struct buf b = {0};

	IS_STR(fake_line(&b, &c, 0, ENOSYS, -1),
		"sys#999(0x00000001, 0x00000002, 0x00000003, 0x00000004, 0x00000005, 0x00000006) "
		"Err#38 ENOSYS",
		"an unknown call shows all that it was given");
	IS_STR(fake_line(&b, &c, 0, 4000, -1) + strlen("sys#999(") + 71, " Err#4000",
		"an unknown error shows its number");
	c = call_of(f, ABI_X86_64, "tuxcall", ARGS(1));
	IS(args_count(&c), 6, "a call of which only the name is known shows six");
	buf_free(&b);
}

/* Text that the target chose must not get out of its quotes, nor to the terminal. */
static void test_hostile(struct fake *f)
{
	char large[5000];
	uint64_t evil = fake_text(f, "a\"b\\c\n\033[2J\r\x7f\xff\xe2\x80\xae");
	uint64_t torn, longest;
	struct buf b = {0};
	struct args_call c;

	c = call_of(f, ABI_X86_64, "unlink", ARGS(evil));
	IS_STR(fake_line(&b, &c, 0, 0, 0),
		"unlink(\"a\\\"b\\\\c\\n\\x1b[2J\\x0d\\x7f\\xff\\xe2\\x80\\xae\") = 0",
		"quotes, escapes and control characters");
	memset(large, 'x', sizeof(large));
	longest = fake_put(f, large, sizeof(large));
	c = call_of(f, ABI_X86_64, "unlink", ARGS(longest));
	IS(strlen(fake_line(&b, &c, 0, 0, 0)), strlen("unlink(\"\"..) = 0") + 4096,
		"a string without an end is cut");
	torn = fake_put(f, "torn", 4);
	c = call_of(f, ABI_X86_64, "unlink", ARGS(torn));
	IS_STR(fake_line(&b, &c, 0, 0, 0), "unlink(\"torn\"..) = 0", "and one that memory ends in");
	c = call_of(f, ABI_X86_64, "unlink", ARGS(~0ull - 2));
	IS_STR(fake_line(&b, &c, 0, EFAULT, -1), "unlink(0xFFFFFFFFFFFFFFFD) Err#14 EFAULT",
		"nothing is read around the end of memory");
	c.mem = NULL;
	IS_STR(fake_line(&b, &c, 0, EFAULT, -1), "unlink(0xFFFFFFFFFFFFFFFD) Err#14 EFAULT",
		"no memory at all");
	buf_free(&b);
}

static void show_fd(void *ctx, int fd, struct buf *out)
{
	(void)ctx;
	buf_fmt(out, "<file %d>", fd);
}

static void test_options(struct fake *f)
{
	uint64_t path = fake_text(f, "/etc/motd"), data = fake_put(f, "0123456789abcdef", 16);
	struct buf b = {0};
	struct args_call c;

	c = call_of(f, ABI_X86_64, "openat", ARGS(CWD, path, 0));
	IS_STR(fake_line(&b, &c, ARGS_UNFOLDED, 0, 3),
		"openat(AT_FDCWD, \"/etc/motd\", O_RDONLY) = 3", "not folded");
	IS_STR(fake_line(&b, &c, ARGS_RAW, 0, 3),
		"openat(0xFFFFFF9C, 0x7F0000001000, 0x00000000, 0x00000000) = 3", "raw");
	buf_clear(&b);
	args_add_strings(&c, &b);
	IS_STR(buf_cstr(&b), "     0x7F0000001000: \"/etc/motd\"\n", "the strings of a raw one");
	c.fd = show_fd;
	IS_STR(fake_line(&b, &c, 0, 0, 3), "open(\"/etc/motd\", O_RDONLY) = 3<file 3>",
		"a result is described");
	c.arg[0] = 5;
	IS_STR(fake_line(&b, &c, 0, 0, 3), "openat(5<file 5>, \"/etc/motd\", O_RDONLY) = 3<file 3>",
		"and an argument");
	c = call_of(f, ABI_X86_64, "read", ARGS(3, data, 16));
	IS_STR(fake_line(&b, &c, ARGS_NOPEEK, 0, 16), "read(3, 0x7F000000100A, 16) = 16",
		"no peek where a dump follows");
	c = call_of(f, ABI_X86_64, "write", ARGS(3, data, 16));
	IS_STR(fake_line(&b, &c, 0, 0, 16), "write(3, \" 0 1 2 3 4 5 6 7 8 9 a b\".., 16) = 16",
		"twelve bytes otherwise");
	buf_clear(&b);
	args_add(&c, 2, 0, &b);
	IS_STR(buf_cstr(&b), "16", "one argument alone");
	buf_free(&b);
}

/* What was there at entry is shown, whatever became of it; what is not there yet, as an address. */
static void test_entry_exit(struct fake *f)
{
	uint64_t path = fake_text(f, "/bin/before"), out = fake_text(f, "........");
	struct args_line line = {0};
	struct buf b = {0};
	struct args_call c = call_of(f, ABI_X86_64, "readlink", ARGS(path, out, 8));

	args_enter(&line, &c, 0);
	memcpy(f->bytes, "/bin/AFTER", 10);
	args_leave(&line, &c, &b);
	IS_STR(buf_cstr(&b), "readlink(\"/bin/before\", 0x7F000000100C, 8)", "while it sleeps");
	memcpy(f->bytes + 12, "target", 6);
	c.done = true;
	c.result = 6;
	buf_clear(&b);
	args_leave(&line, &c, &b);
	IS_STR(buf_cstr(&b), "readlink(\"/bin/before\", \"target\", 8)", "when it has returned");
	args_free(&line);
	buf_free(&b);
}

struct seen {
	uint64_t addr[20], n[20], count;
};

static void see(void *ctx, uint64_t addr, uint64_t n)
{
	struct seen *s = ctx;

	s->addr[s->count] = addr;
	s->n[s->count++] = n;
}

static void test_buffers(struct fake *f)
{
	uint64_t iov = fake_put(f, (uint64_t[]){0x1000, 10, 0x2000, 20, 0x3000, 30}, 48);
	uint64_t msg = fake_put(f, (uint64_t[]){0, 0, iov, 3, 0, 0, 0, 12}, 64);
	uint64_t iov32 = fake_put(f, (uint32_t[]){0x1000, 10, 0x2000, 20}, 16);
	struct seen s = {0};
	struct args_call c = call_of(f, ABI_X86_64, "read", ARGS(3, 0x5000, 100));

	args_each_buffer(&c, see, &s);
	IS(s.count, 0, "nothing has been read before the call returns");
	c.done = true;
	c.result = 7;
	args_each_buffer(&c, see, &s);
	OK(s.count == 1 && s.addr[0] == 0x5000 && s.n[0] == 7, "then as much as came");
	s.count = 0;
	c.error = EIO;
	args_each_buffer(&c, see, &s);
	IS(s.count, 0, "and nothing if it failed");
	c = call_of(f, ABI_X86_64, "writev", ARGS(3, iov, 3));
	args_each_buffer(&c, see, &s);
	OK(s.count == 3 && s.n[0] == 10 && s.addr[2] == 0x3000 && s.n[2] == 30, "vectors");
	s.count = 0;
	c = call_of(f, ABI_X86_64, "readv", ARGS(3, iov, 3));
	c.done = true;
	c.result = 15;
	args_each_buffer(&c, see, &s);
	OK(s.count == 2 && s.n[0] == 10 && s.n[1] == 5, "as far as they were filled");
	s.count = 0;
	c = call_of(f, ABI_X86_64, "recvmsg", ARGS(3, msg, 0));
	c.done = true;
	c.result = 11;
	args_each_buffer(&c, see, &s);
	OK(s.count == 2 && s.n[1] == 1, "those of a message");
	s.count = 0;
	c = call_of(f, ABI_X86_64, "recvmmsg", ARGS(3, msg, 1, 0, 0));
	c.done = true;
	c.result = 1;
	args_each_buffer(&c, see, &s);
	OK(s.count == 2 && s.n[1] == 2, "and of several");
	s.count = 0;
	c = call_of(f, ABI_I386, "writev", ARGS(3, iov32, 2));
	args_each_buffer(&c, see, &s);
	IS(s.count, 0, "an address beyond 32 bits is cut for a 32-bit program");
	c = call_of(f, ABI_X86_64, "getpid", ARGS(0));
	args_each_buffer(&c, see, &s);
	IS(s.count, 0, "getpid has none");
}

static void test_vectors(struct fake *f)
{
	uint64_t argv = fake_put(f, (uint64_t[]){0x10, 0x20, 0}, 24);
	struct args_call c = call_of(f, ABI_X86_64, "execve", ARGS(0x10, argv, 0x77));

	IS(args_vector(&c, 0), argv, "argv");
	IS(args_vector(&c, 1), 0x77, "envp");
	IS(args_vector_count(&c, argv, 100), 2, "argc");
	IS(args_vector_count(&c, argv, 1), 1, "bounded");
	IS(args_vector_count(&c, argv + 8, 100), 1, "from its middle");
	IS(args_vector_count(&c, argv + 24, 100), -1, "unreadable");
	c = call_of(f, ABI_X86_64, "execveat", ARGS(3, 0x10, argv, 0x77, 0));
	IS(args_vector(&c, 0), argv, "execveat's argv");
}

int main(void)
{
	static void (*const tests[])(struct fake *) = {test_files, test_memory, test_processes,
		test_sockets, test_unknown, test_hostile, test_options, test_entry_exit,
		test_buffers, test_vectors};
	static struct fake f;

	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		fake_start(&f, FAKE_BASE);
		tests[i](&f);
	}
	fake_start(&f, 0x8048000);
	test_narrow(&f);
	fake_start(&f, 0x8048000);
	test_unwrap(&f);
	return tap_end();
}
