/* SPDX-License-Identifier: MIT */
#include "sys/signame.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sys/bytes.h"
#include "sys/errname.h"
#include "sys/group.h"

/* As the C library counts them, which keeps 32 and 33: signal(7). */
enum { RT_FIRST = 34, RT_LAST = 64 };

static const char *const real_time[] = {"SIGRTMIN", "SIGRTMIN+1", "SIGRTMIN+2", "SIGRTMIN+3",
	"SIGRTMIN+4", "SIGRTMIN+5", "SIGRTMIN+6", "SIGRTMIN+7", "SIGRTMIN+8", "SIGRTMIN+9",
	"SIGRTMIN+10", "SIGRTMIN+11", "SIGRTMIN+12", "SIGRTMIN+13", "SIGRTMIN+14", "SIGRTMIN+15",
	"SIGRTMIN+16", "SIGRTMIN+17", "SIGRTMIN+18", "SIGRTMIN+19", "SIGRTMIN+20", "SIGRTMIN+21",
	"SIGRTMIN+22", "SIGRTMIN+23", "SIGRTMIN+24", "SIGRTMIN+25", "SIGRTMIN+26", "SIGRTMIN+27",
	"SIGRTMIN+28", "SIGRTMIN+29", "SIGRTMAX"};

const char *signame(int signal)
{
	if (signal >= RT_FIRST && signal <= RT_LAST)
		return real_time[signal - RT_FIRST];
	return signal > 0 && signal < RT_FIRST ? group_word(group_find("signal"), (uint64_t)signal)
					       : NULL;
}

void signame_add(struct buf *out, int64_t signal)
{
	const char *name = signal > 0 && signal <= RT_LAST ? signame((int)signal) : NULL;

	if (name)
		buf_str(out, name);
	else
		buf_fmt(out, "SIG#%lld", (long long)signal);
}

static int number_in(const char *text, int least, int most)
{
	char *end;
	long n = strtol(text, &end, 0);

	return *text >= '0' && *text <= '9' && !*end && n >= least && n <= most ? (int)n : -1;
}

int signame_number(const char *word)
{
	static const struct {
		const char *name;
		int signal;
	} old[] = {{"CLD", SIGCHLD}, {"IOT", SIGABRT}, {"POLL", SIGIO}};
	int n = number_in(word, 1, RT_LAST);

	if (n > 0)
		return n;
	if (!strncasecmp(word, "SIG", 3))
		word += 3;
	if (*word == '#')
		return (n = number_in(word + 1, 1, RT_LAST)) > 0 ? n : 0;
	for (int s = 1; s <= RT_LAST; s++) {
		const char *name = signame(s);

		if (name && !strcasecmp(name + 3, word))
			return s;
	}
	for (size_t i = 0; i < sizeof(old) / sizeof(*old); i++)
		if (!strcasecmp(old[i].name, word))
			return old[i].signal;
	if (!strncasecmp(word, "RTMAX-", 6) &&
		(n = number_in(word + 6, 0, RT_LAST - RT_FIRST)) >= 0)
		return RT_LAST - n;
	if (!strncasecmp(word, "RTMIN+", 6) &&
		(n = number_in(word + 6, 0, RT_LAST - RT_FIRST)) >= 0)
		return RT_FIRST + n;
	return 0;
}

/* The groups of codes that the kernel gives to one signal each (asm-generic/siginfo.h). */
static const struct {
	int signal;
	const char *group;
} code_groups[] = {
	{SIGILL, "ill_code"},
	{SIGFPE, "fpe_code"},
	{SIGSEGV, "segv_code"},
	{SIGBUS, "bus_code"},
	{SIGTRAP, "trap_code"},
	{SIGCHLD, "cld_code"},
	{SIGIO, "poll_code"},
	{SIGSYS, "sys_code"},
};

const char *signame_code(int signal, int code)
{
	if (code <= 0 || code == SI_KERNEL)
		return group_word(group_find("si_code"), (uint64_t)(int64_t)code);
	for (size_t i = 0; i < sizeof(code_groups) / sizeof(*code_groups); i++)
		if (code_groups[i].signal == signal)
			return group_word(group_find(code_groups[i].group), (uint64_t)code);
	return NULL;
}

static void add_code(struct buf *out, const siginfo_t *info)
{
	const char *name = signame_code(info->si_signo, info->si_code);

	/* A plain kill(2) is what nobody needs to be told. */
	if (info->si_code == SI_USER)
		return;
	if (name)
		buf_fmt(out, info->si_code > 0 && info->si_code != SI_KERNEL ? " %s" : " code=%s",
			name);
	else
		buf_fmt(out, " code=%d", info->si_code);
}

static void add_value(struct buf *out, const siginfo_t *info)
{
	buf_str(out, " value=");
	bytes_add_address(out, (uintptr_t)info->si_value.sival_ptr);
}

static void add_child(struct buf *out, const siginfo_t *info)
{
	buf_fmt(out, " pid=%d", info->si_pid);
	if (info->si_code == CLD_EXITED) {
		buf_fmt(out, " status=0x%.4X", (unsigned)info->si_status);
		return;
	}
	buf_str(out, " status=");
	signame_add(out, info->si_status);
}

static void add_fault(struct buf *out, const siginfo_t *info)
{
	buf_str(out, " addr=");
	bytes_add_address(out, (uintptr_t)info->si_addr);
	if (info->si_signo == SIGSEGV && info->si_code == SEGV_PKUERR)
		buf_fmt(out, " pkey=%u", info->si_pkey);
	if (info->si_signo == SIGSEGV && info->si_code == SEGV_BNDERR) {
		buf_str(out, " bounds=");
		bytes_add_address(out, (uintptr_t)info->si_lower);
		buf_chr(out, '-');
		bytes_add_address(out, (uintptr_t)info->si_upper);
	}
}

/* What the kernel filled in for a code of its own. */
static void add_kernel(struct buf *out, const siginfo_t *info)
{
	switch (info->si_signo) {
	case SIGCHLD: add_child(out, info); break;
	case SIGILL:
	case SIGFPE:
	case SIGSEGV:
	case SIGBUS:
	case SIGTRAP: add_fault(out, info); break;
	case SIGIO: buf_fmt(out, " fd=%d band=0x%lx", info->si_fd, (long)info->si_band); break;
	case SIGSYS:
		buf_fmt(out, " syscall=%d arch=0x%X addr=", info->si_syscall, info->si_arch);
		bytes_add_address(out, (uintptr_t)info->si_call_addr);
		break;
	default: break;
	}
}

void signame_add_info(struct buf *out, const siginfo_t *info)
{
	signame_add(out, info->si_signo);
	add_code(out, info);
	switch (info->si_code) {
	case SI_USER:
	case SI_TKILL: buf_fmt(out, " pid=%d uid=%u", info->si_pid, info->si_uid); break;
	case SI_QUEUE:
	case SI_MESGQ:
		buf_fmt(out, " pid=%d uid=%u", info->si_pid, info->si_uid);
		add_value(out, info);
		break;
	case SI_TIMER:
		buf_fmt(out, " timer=%d overrun=%d", info->si_timerid, info->si_overrun);
		add_value(out, info);
		break;
	case SI_SIGIO: buf_fmt(out, " fd=%d band=0x%lx", info->si_fd, (long)info->si_band); break;
	case SI_KERNEL: break;
	default:
		if (info->si_code > 0)
			add_kernel(out, info);
		else
			buf_fmt(out, " pid=%d uid=%u", info->si_pid, info->si_uid);
	}
	if (info->si_errno) {
		const char *name = errname(info->si_errno);

		buf_fmt(out, " errno=%d", info->si_errno);
		if (name)
			buf_fmt(out, "(%s)", name);
	}
}

void signame_add_set(struct buf *out, uint64_t set)
{
	bool most = __builtin_popcountll(set) > 32;

	if (most)
		set = ~set;
	buf_str(out, most ? "~[" : "[");
	for (int s = 1; s <= SIGNAME_COUNT; s++) {
		if (!(set >> (s - 1) & 1))
			continue;
		buf_chr(out, ' ');
		signame_add(out, s);
	}
	buf_str(out, " ]");
}
