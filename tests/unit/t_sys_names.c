/* SPDX-License-Identifier: MIT */
/* common/sys: names of calls, flags, errors, signals and faults; how many there are at least. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "sys/abi.h"
#include "sys/errname.h"
#include "sys/fault.h"
#include "sys/group.h"
#include "sys/request.h"
#include "sys/signame.h"
#include "sys/sysent.h"
#include "tap.h"

static void test_abi(void)
{
	IS(abi_of(AUDIT_ARCH_X86_64, 0), ABI_X86_64, "x86_64");
	IS(abi_of(AUDIT_ARCH_X86_64, 0x40000000), ABI_X32, "x32 has bit 30 set");
	IS(abi_of(AUDIT_ARCH_I386, 0x40000000), ABI_I386, "i386 never is x32");
	IS(abi_of(AUDIT_ARCH_AARCH64, 1), ABI_AARCH64, "aarch64");
	IS(abi_of(AUDIT_ARCH_RISCV64, 1), ABI_RISCV64, "riscv64");
	IS(abi_of(12345, 1), ABI_COUNT, "an unknown machine");
	IS_STR(abi_name(ABI_COUNT), "unknown", "has no name");
}

/* Every number that Linux 6.18 gives to a call has a name, and no number has two. */
static void test_calls(void)
{
	static const struct {
		enum abi abi;
		unsigned least, prototypes;
	} floors[] = {{ABI_X86_64, 381, 368}, {ABI_I386, 455, 435}, {ABI_X32, 365, 360},
		{ABI_AARCH64, 320, 318}, {ABI_RISCV64, 320, 318}};

	for (size_t k = 0; k < sizeof(floors) / sizeof(*floors); k++) {
		unsigned count, prototypes = 0, bad = 0;
		const struct sysent *t = sysent_table(floors[k].abi, &count);

		for (unsigned i = 0; i < count; i++) {
			prototypes += t[i].nargs != SYSENT_NONE;
			bad += i && t[i].number <= t[i - 1].number;
			bad += sysent_find(floors[k].abi, t[i].number) != t + i;
			bad += sysent_named(floors[k].abi, t[i].name) != t + i;
			bad += strcmp(sysent_name(t[i].id), t[i].name) != 0;
		}
		OK(count >= floors[k].least, "%s: %u calls", abi_name(floors[k].abi), count);
		OK(prototypes >= floors[k].prototypes, "%s: %u prototypes", abi_name(floors[k].abi),
			prototypes);
		IS(bad, 0, "%s: in order, and found by number and by name",
			abi_name(floors[k].abi));
		for (unsigned n = 424; n <= 469; n++)
			bad += !sysent_find(floors[k].abi, n);
		IS(bad, 0, "%s: every call from 424 to 469 is there", abi_name(floors[k].abi));
	}
	for (unsigned n = 0, missing = 0; n <= 334; n++) {
		missing += !sysent_find(ABI_X86_64, n);
		if (n == 334)
			IS(missing, 0, "x86_64: every call from 0 to 334 is there");
	}
	OK(!sysent_find(ABI_X86_64, 999), "999 is none");
	OK(!sysent_find(ABI_X86_64, 1ull << 40), "nor is a number beyond all");
	OK(!sysent_find(ABI_COUNT, 0), "nor has an unknown machine any");
	OK(sysent_find(ABI_X32, 0x40000000 + 1), "x32 with its bit");
	OK(sysent_find(ABI_X32, 1), "x32 without its bit");
	OK(!sysent_name(sysent_ids()), "ids end");
}

static void test_numbers(void)
{
	static const struct {
		enum abi abi;
		const char *name;
		unsigned number;
	} known[] = {{ABI_X86_64, "openat", SYS_openat}, {ABI_X86_64, "exit_group", SYS_exit_group},
		{ABI_X86_64, "clone3", SYS_clone3}, {ABI_X86_64, "file_setattr", 469},
		{ABI_I386, "openat", 295}, {ABI_I386, "mmap2", 192}, {ABI_I386, "clone3", 435},
		{ABI_I386, "clock_gettime64", 403}, {ABI_X32, "openat", 257},
		{ABI_X32, "readv", 515}, {ABI_AARCH64, "openat", 56}, {ABI_AARCH64, "clone", 220},
		{ABI_AARCH64, "renameat", 38}, {ABI_RISCV64, "riscv_flush_icache", 259},
		{ABI_RISCV64, "execve", 221}};

	for (size_t k = 0; k < sizeof(known) / sizeof(*known); k++) {
		const struct sysent *e = sysent_named(known[k].abi, known[k].name);

		OK(e && e->number == known[k].number, "%s is %u on %s", known[k].name,
			known[k].number, abi_name(known[k].abi));
	}
	OK(!sysent_named(ABI_RISCV64, "renameat"), "riscv64 has no renameat");
	OK(!sysent_named(ABI_AARCH64, "open"), "aarch64 has no open");
}

static void count_id(void *ctx, unsigned id)
{
	unsigned char *seen = ctx;

	seen[id]++;
}

static unsigned selects(const char *word, const char *name, unsigned *n)
{
	static unsigned char seen[4096];
	const struct sysent *e = sysent_named(ABI_X86_64, name);

	memset(seen, 0, sizeof(seen));
	*n = sysent_select(ABI_X86_64, word, count_id, seen);
	return e ? seen[e->id] : 0;
}

static void test_select(void)
{
	unsigned n;

	IS(selects("stat", "statx", &n), 1, "stat brings statx");
	IS(selects("newfstatat", "lstat", &n), 1, "newfstatat brings lstat");
	IS(selects("open", "openat", &n), 1, "open brings openat");
	IS(selects("open", "creat", &n), 0, "open does not bring creat");
	IS(selects("fork", "clone3", &n), 1, "fork brings clone3");
	IS(selects("read", "read", &n), 1, "read is alone");
	IS(n, 1, "and nothing else");
	IS(selects("1", "write", &n), 1, "a number");
	IS(n, 1, "selects one call");
	IS(selects("0x1", "write", &n), 1, "in hex, too");
	IS(selects("exec", "execveat", &n), 1, "a name of the C library's");
	IS(selects("_exit", "exit_group", &n), 1, "one that stands for two of a family");
	IS(n, 2, "selects each once");
	selects("nonsense", "read", &n);
	IS(n, 0, "an unknown word selects nothing");
	selects("", "read", &n);
	IS(n, 0, "nor does an empty one");
	selects("1x", "read", &n);
	IS(n, 0, "nor half a number");
	selects("5000", "read", &n);
	IS(n, 0, "nor a number that is no call's");
}

static void test_flags(void)
{
	const struct sysent *e = sysent_named(ABI_X86_64, "read");

	OK(e->flags & SYSENT_READ, "read is a read");
	IS(e->fd, 0, "of its first argument");
	IS(sysent_named(ABI_X86_64, "mmap")->fd, 4, "mmap's descriptor is its fifth");
	IS(sysent_named(ABI_X86_64, "getpid")->fd, SYSENT_NONE, "getpid has none");
	OK(sysent_named(ABI_X86_64, "exit_group")->flags & SYSENT_NORETURN,
		"exit_group does not return");
	OK(sysent_named(ABI_X86_64, "vfork")->flags & SYSENT_VFORK, "vfork is one");
	OK(sysent_named(ABI_X86_64, "rt_sigaction")->flags & SYSENT_DISPOSITION &&
			sysent_named(ABI_I386, "sigaction")->flags & SYSENT_DISPOSITION &&
			sysent_named(ABI_I386, "signal")->flags & SYSENT_DISPOSITION,
		"rt_sigaction and its forerunners change what signals do");
	OK(sysent_named(ABI_X86_64, "execveat")->flags & SYSENT_EXEC, "execveat is an exec");
	IS(sysent_named(ABI_X86_64, "mmap")->ret, SYSENT_RET_HEX, "mmap returns an address");
	IS(sysent_named(ABI_X86_64, "openat")->ret, SYSENT_RET_FD, "openat a descriptor");
}

static const char *in_group(struct buf *b, const char *group, uint64_t value)
{
	buf_clear(b);
	group_add(b, group_find(group), value);
	return buf_cstr(b);
}

static void test_groups(void)
{
	static const struct {
		const char *group;
		unsigned least;
	} floors[] = {{"open_flags", 17}, {"errno", 130}, {"signal", 31}, {"mmap_flags", 14},
		{"so_opt", 60}, {"tcp_opt", 30}, {"ip_opt", 40}, {"prctl_op", 55},
		{"clone_flags", 20}, {"fcntl_cmd", 25}, {"capability", 41}, {"epoll_events", 12},
		{"madvise", 20}, {"msg_flags", 18}, {"sock_domain", 44}, {"bpf_cmd", 30},
		{"uring_op", 45}, {"futex_op", 14}, {"ptrace_request", 35}, {"rlimit", 16},
		{"clockid", 10}};
	unsigned names = 0, filled = 0;
	struct buf b = {0};

	for (size_t i = 0; i < group_total(); i++) {
		names += group_at(i)->count;
		filled += group_at(i)->count > 0;
		if (group_find(group_at(i)->name) != group_at(i))
			OK(false, "%s is found by its name", group_at(i)->name);
	}
	OK(filled >= 130, "%u groups", filled);
	OK(names >= 2300, "%u names", names);
	for (size_t k = 0; k < sizeof(floors) / sizeof(*floors); k++) {
		const struct group *g = group_find(floors[k].group);

		OK(g && g->count >= floors[k].least, "%s: %u names", floors[k].group,
			g ? g->count : 0);
	}
	OK(request_total() >= 2000, "%zu ioctl names", request_total());
	OK(!group_find("nonsense"), "no group of that name");
	IS_STR(in_group(&b, "open_flags", O_CLOEXEC), "O_CLOEXEC", "a bit");
	IS_STR(in_group(&b, "open_flags", O_NONBLOCK | 0x4000000), "O_NONBLOCK|0x4000000",
		"an unknown bit is shown");
	IS_STR(in_group(&b, "open_flags", O_SYNC), "O_SYNC", "the name that covers most");
	IS_STR(in_group(&b, "open_flags", O_DSYNC), "O_DSYNC", "a part of it");
	IS_STR(in_group(&b, "open_flags", 0x100000000), "0x100000000", "a bit beyond 32");
	IS_STR(in_group(&b, "mmap_prot", PROT_NONE), "PROT_NONE", "a name for nothing");
	IS_STR(in_group(&b, "mmap_flags", MAP_ANONYMOUS | MAP_STACK), "MAP_ANONYMOUS|MAP_STACK",
		"the name that is preferred");
	IS_STR(in_group(&b, "sock_domain", AF_UNIX), "AF_UNIX", "an enumeration");
	IS_STR(in_group(&b, "sock_domain", 4711), "4711", "an unknown one");
	IS_STR(in_group(&b, "sock_domain", 0xdeadbeef), "0xdeadbeef", "a large unknown one");
	IS_STR(in_group(&b, "key_spec", (uint64_t)-3), "KEY_SPEC_SESSION_KEYRING", "a negative");
	IS_STR(in_group(&b, "key_spec", 0xfffffffd), "KEY_SPEC_SESSION_KEYRING",
		"the same, 32 bits wide");
	IS_STR(in_group(&b, "nonsense", 5), "0x5", "no group at all");
	buf_free(&b);
}

static const char *request(struct buf *b, uint32_t r)
{
	buf_clear(b);
	request_add(b, r, false);
	return buf_cstr(b);
}

static void test_ioctls(void)
{
	struct buf b = {0};

	IS_STR(request(&b, TIOCGWINSZ), "TIOCGWINSZ", "a plain number");
	IS_STR(request(&b, FIONREAD), "FIONREAD", "one with three names");
	IS_STR(request(&b, 0x80045430), "TIOCGPTN", "one made by a macro");
	IS_STR(request(&b, _IOR('Q', 77, int)), "_IOR('Q', 0x4d, 4)", "an unknown one in parts");
	IS_STR(request(&b, _IOWR(0x01, 2, long)), "_IOWR(0x1, 0x2, 8)", "of an unprintable letter");
	IS_STR(request(&b, _IO('\'', 2)), "_IO(0x27, 0x2)", "and of a quote");
	IS_STR(request(&b, 0x7f), "0x007F", "a number that no macro made");
	buf_clear(&b);
	request_add(&b, 0xc0401273, true);
	IS_STR(buf_cstr(&b), "BLKTRACESETUP", "a 32-bit program's, whose structure is smaller");
	buf_free(&b);
}

static void test_errors(void)
{
	IS_STR(errname(ENOENT), "ENOENT", "an error");
	IS_STR(errname(EAGAIN), "EAGAIN", "the usual one of two");
	IS_STR(errname(512), "ERESTARTSYS", "what only a tracer sees");
	IS_STR(errname(516), "ERESTART_RESTARTBLOCK", "another");
	OK(!errname(0) && !errname(-2) && !errname(4000), "no names for others");
	IS(errname_number("enoent"), ENOENT, "by name");
	IS(errname_number("NOENT"), ENOENT, "without the E");
	IS(errname_number("x"), 0, "none of that name");
}

static void test_signals(void)
{
	struct buf b = {0};
	unsigned bad = 0;

	for (int s = 1; s <= SIGNAME_COUNT; s++)
		bad += s != 32 && s != 33 && (!signame(s) || signame_number(signame(s)) != s);
	IS(bad, 0, "all signals there and back");
	IS_STR(signame(SIGCHLD), "SIGCHLD", "a name");
	IS_STR(signame(34), "SIGRTMIN", "the first real-time signal as the C library has it");
	IS(SIGRTMIN, 34, "which is this");
	OK(!signame(0) && !signame(32) && !signame(65) && !signame(-1), "no names for others");
	signame_add(&b, 90);
	IS_STR(buf_cstr(&b), "SIG#90", "an unknown one");
	IS(signame_number("sigterm"), SIGTERM, "any case");
	IS(signame_number("term"), SIGTERM, "without SIG");
	IS(signame_number("0x0f"), SIGTERM, "in hex");
	IS(signame_number("CLD"), SIGCHLD, "an old name");
	IS(signame_number("rtmin+3"), 37, "real-time");
	IS(signame_number("SIGRTMAX-1"), 63, "from the end");
	IS(signame_number("RTMAX-31"), 0, "but not beyond the first");
	IS(signame_number(""), 0, "nothing");
	IS(signame_number("65"), 0, "beyond the last");
	IS(signame_number("9x"), 0, "half a number");
	IS_STR(signame_code(SIGSEGV, SEGV_MAPERR), "SEGV_MAPERR", "a code");
	IS_STR(signame_code(SIGTERM, SI_USER), "SI_USER", "one of all signals");
	OK(!signame_code(SIGTERM, 77), "an unknown one");
	buf_clear(&b);
	signame_add_set(&b, 1ull << (SIGINT - 1) | 1ull << (SIGTERM - 1));
	IS_STR(buf_cstr(&b), "[ SIGINT SIGTERM ]", "a set");
	buf_clear(&b);
	signame_add_set(&b, ~(1ull << (SIGKILL - 1)));
	IS_STR(buf_cstr(&b), "~[ SIGKILL ]", "nearly a full one");
	buf_clear(&b);
	signame_add_set(&b, 0);
	IS_STR(buf_cstr(&b), "[ ]", "an empty one");
	buf_free(&b);
}

static const char *info_text(struct buf *b, const siginfo_t *info)
{
	buf_clear(b);
	signame_add_info(b, info);
	return buf_cstr(b);
}

static void test_info(void)
{
	siginfo_t kill_it = {.si_signo = SIGTERM, .si_code = SI_USER};
	siginfo_t fault = {.si_signo = SIGSEGV, .si_code = SEGV_MAPERR};
	siginfo_t child = {.si_signo = SIGCHLD, .si_code = CLD_EXITED};
	siginfo_t odd = {.si_signo = SIGUSR1, .si_code = 99, .si_errno = EIO};
	struct buf b = {0};

	kill_it.si_pid = 990;
	kill_it.si_uid = 100;
	IS_STR(info_text(&b, &kill_it), "SIGTERM pid=990 uid=100", "kill(2)");
	kill_it.si_code = SI_TKILL;
	IS_STR(info_text(&b, &kill_it), "SIGTERM code=SI_TKILL pid=990 uid=100", "tkill(2)");
	fault.si_addr = (void *)0x10;
	IS_STR(info_text(&b, &fault), "SIGSEGV SEGV_MAPERR addr=0x00000010", "a fault");
	child.si_pid = 4243;
	child.si_status = 1;
	IS_STR(info_text(&b, &child), "SIGCHLD CLD_EXITED pid=4243 status=0x0001", "a child");
	child.si_code = CLD_KILLED;
	child.si_status = SIGKILL;
	IS_STR(info_text(&b, &child), "SIGCHLD CLD_KILLED pid=4243 status=SIGKILL", "a dead one");
	IS_STR(info_text(&b, &odd), "SIGUSR1 code=99 errno=5(EIO)", "what nobody knows");
	buf_free(&b);
}

static void test_faults(void)
{
	unsigned bad = 0;

	for (int f = 1; f < FAULT_COUNT; f++)
		bad += !fault_name(f) || fault_number(fault_name(f)) != (enum fault)f;
	IS(bad, 0, "all faults there and back");
	IS(fault_of(SIGSEGV, SEGV_MAPERR), FAULT_BOUNDS, "no such address");
	IS(fault_of(SIGSEGV, SEGV_ACCERR), FAULT_ACCESS, "no such access");
	IS(fault_of(SIGFPE, FPE_INTDIV), FAULT_IZDIV, "division by zero");
	IS(fault_of(SIGTRAP, SI_KERNEL), FAULT_BPT, "a breakpoint");
	IS(fault_of(SIGTRAP, TRAP_TRACE), FAULT_TRACE, "a step");
	IS(fault_of(SIGILL, ILL_PRVOPC), FAULT_PRIV, "a privileged instruction");
	IS(fault_of(SIGSEGV, SI_USER), FAULT_NONE, "sent by a process");
	IS(fault_of(SIGTERM, SI_KERNEL), FAULT_NONE, "no fault's signal");
	IS(fault_number("bounds"), FAULT_BOUNDS, "any case, without FLT");
	IS(fault_number("6"), FAULT_BOUNDS, "a number");
	IS(fault_number("14"), FAULT_NONE, "beyond the last");
	OK(!fault_name(0) && !fault_name(14), "no names for others");
}

int main(void)
{
	test_abi();
	test_calls();
	test_numbers();
	test_select();
	test_flags();
	test_groups();
	test_ioctls();
	test_errors();
	test_signals();
	test_info();
	test_faults();
	return tap_end();
}
