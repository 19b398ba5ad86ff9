/* SPDX-License-Identifier: MIT */
/*
 * The system calls that may be run in a process that is not ours: those that neither block nor
 * change anything. A call is described by the shape of its arguments and, where one argument picks
 * what is done (a command, a request), by a row for each of its values that is harmless. What is not
 * here is refused; among the reasons that are easy to overlook:
 *   fcntl(F_GETLK)         asks the server on a network file system
 *   fstat, newfstatat      the same; statx with AT_STATX_DONT_SYNC does not
 *   lseek                  moves; only SEEK_CUR by 0 does not, and it may wait (call_may_wait)
 *   getsockopt             some options: option.c
 *   ioctl(SIOCGSKNS)       makes a descriptor
 *   prctl(PR_GET_SECCOMP)  kills a process in strict mode
 */
#include "ctl/call.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/option.h"

/* Newer than the headers of the oldest system this is built on; the numbers are the kernel's ABI.
 */
#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif
#define FCNTL_DUPFD_QUERY   1027 /* Linux 6.10 */
#define FCNTL_CREATED_QUERY 1028 /* Linux 6.12 */

/*
 * One permitted form of a call. shape has a letter for each argument:
 *   d  a descriptor          v  any number          0  the number 0
 *   o  bytes written by the kernel, at least `room`
 *   x  bytes read and written, at least `room`
 *   b  bytes written by the kernel, as many as the 4 bytes behind the next argument say
 *   p  the same, as many as the argument before says; n  as many as the next one says
 *   e  the empty string
 * Arguments after the end of shape are numbers.
 */
struct form {
	uint32_t value; /* of the argument that picks, where there is one */
	uint16_t room;
	char shape[7];
};

/* The forms of one call; pick is the number of the argument that chooses among them, 0 for none. */
struct rule {
	const struct form *form;
	uint8_t n, pick;
};

#define FORMS(pick_, ...)                                                                          \
	{                                                                                          \
		.form = (const struct form[]){__VA_ARGS__},                                        \
		.n = sizeof((const struct form[]){__VA_ARGS__}) / sizeof(struct form),             \
		.pick = (pick_),                                                                   \
	}
#define SIMPLE(shape_) FORMS(0, {0, 0, shape_})

static const struct rule rules[] = {
	[SYS_statx] = FORMS(0, {0, sizeof(struct statx), "devvo"}),
	[SYS_fcntl] = FORMS(1, {F_GETFD, 0, "dv"}, {F_GETFL, 0, "dv"}, {F_GETOWN, 0, "dv"},
		{F_GETOWN_EX, 8, "dvo"}, {F_GETSIG, 0, "dv"}, {F_GETLEASE, 0, "dv"},
		{F_GETPIPE_SZ, 0, "dv"}, {F_GET_SEALS, 0, "dv"}, {F_GET_RW_HINT, 8, "dvo"},
		{F_GET_FILE_RW_HINT, 8, "dvo"}, {F_GETOWNER_UIDS, 8, "dvo"},
		{FCNTL_DUPFD_QUERY, 0, "dvd"}, {FCNTL_CREATED_QUERY, 0, "dv"}),
	[SYS_getsockopt] = SIMPLE("dvvbx"),
	[SYS_getsockname] = SIMPLE("dbx"),
	[SYS_getpeername] = SIMPLE("dbx"),
	[SYS_ioctl] = FORMS(1, {FIONREAD, 4, "dvo"}, {SIOCOUTQ, 4, "dvo"}, {TIOCGPTN, 4, "dvo"},
		{TIOCGWINSZ, sizeof(struct winsize), "dvo"}, {TIOCGSID, 4, "dvo"},
		{TIOCGPGRP, 4, "dvo"}, {NS_GET_OWNER_UID, 4, "dvo"},
		{TUNGETIFF, sizeof(struct ifreq), "dvo"},
		{SIOCGIFNAME, sizeof(struct ifreq), "dvx"}),
	[SYS_mq_getsetattr] = FORMS(0, {0, 64, "d0o"}),
	[SYS_lseek] = SIMPLE("d0v"),
	[SYS_getpid] = SIMPLE(""),
	[SYS_getppid] = SIMPLE(""),
	[SYS_gettid] = SIMPLE(""),
	[SYS_getuid] = SIMPLE(""),
	[SYS_geteuid] = SIMPLE(""),
	[SYS_getgid] = SIMPLE(""),
	[SYS_getegid] = SIMPLE(""),
	[SYS_getpgrp] = SIMPLE(""),
	[SYS_getpgid] = SIMPLE("v"),
	[SYS_getsid] = SIMPLE("v"),
	[SYS_getresuid] = FORMS(0, {0, 4, "ooo"}),
	[SYS_getresgid] = FORMS(0, {0, 4, "ooo"}),
	[SYS_getrlimit] = FORMS(0, {0, 16, "vo"}),
	[SYS_prlimit64] = FORMS(0, {0, 16, "vv0o"}),
	[SYS_getrusage] = FORMS(0, {0, 144, "vo"}),
	[SYS_getpriority] = SIMPLE("vv"),
	[SYS_ioprio_get] = SIMPLE("vv"),
	[SYS_sched_getscheduler] = SIMPLE("v"),
	[SYS_sched_getparam] = FORMS(0, {0, 4, "vo"}),
	[SYS_sched_get_priority_max] = SIMPLE("v"),
	[SYS_sched_get_priority_min] = SIMPLE("v"),
	[SYS_sched_getaffinity] = SIMPLE("vvp"),
	[SYS_sched_getattr] = SIMPLE("vnvv"),
	[SYS_sched_rr_get_interval] = FORMS(0, {0, 16, "vo"}),
	[SYS_getitimer] = FORMS(0, {0, 32, "vo"}),
	[SYS_timer_gettime] = FORMS(0, {0, 32, "vo"}),
	[SYS_timer_getoverrun] = SIMPLE("v"),
	[SYS_rt_sigaction] = FORMS(0, {0, 32, "v0ov"}),
	[SYS_kcmp] = SIMPLE("vvvvv"),
	[SYS_prctl] = FORMS(0, {PR_GET_DUMPABLE, 0, "v"}, {PR_GET_PDEATHSIG, 4, "vo"},
		{PR_GET_KEEPCAPS, 0, "v"}, {PR_GET_NAME, 16, "vo"}, {PR_GET_SECUREBITS, 0, "v"},
		{PR_GET_TIMERSLACK, 0, "v"}, {PR_GET_CHILD_SUBREAPER, 4, "vo"},
		{PR_GET_NO_NEW_PRIVS, 0, "v0000"}, {PR_GET_THP_DISABLE, 0, "v0000"},
		{PR_GET_IO_FLUSHER, 0, "v0000"}, {PR_CAPBSET_READ, 0, "vv"}),
};

/* The bytes behind an argument hold as many as the length that the kernel is told, 4 bytes in
 * `len`. */
static bool fits_length(const struct call_arg *bytes, const struct call_arg *len)
{
	int32_t n;

	if (len->how != CALL_INOUT || len->len != sizeof(n))
		return false;
	memcpy(&n, len->cptr, sizeof(n));
	return bytes->how == CALL_OUT && n >= 0 && (uint32_t)n <= bytes->len;
}

static bool arg_fits(char letter, const struct form *f, const struct call_arg *a)
{
	switch (letter) {
	case 'd':
	case 'v': return a->how == CALL_VALUE;
	case '0': return a->how == CALL_VALUE && a->value == 0;
	case 'o': return a->how == CALL_OUT && a->len >= f->room;
	case 'x': return a->how == CALL_INOUT && a->len >= f->room;
	case 'b': return fits_length(a, a + 1);
	case 'p': return a->how == CALL_OUT && a->len >= a[-1].value;
	case 'n': return a->how == CALL_OUT && a->len >= a[1].value;
	case 'e': return a->how == CALL_IN && a->len == 1 && *(const char *)a->cptr == '\0';
	default: return false;
	}
}

static bool form_fits(const struct form *f, const struct call *c)
{
	uint64_t bytes = 0;
	unsigned i = 0;

	for (; i < 6 && f->shape[i]; i++) {
		if (!arg_fits(f->shape[i], f, &c->arg[i]))
			return false;
		if (c->arg[i].how != CALL_VALUE)
			bytes += c->arg[i].len;
	}
	for (; i < 6; i++) {
		if (c->arg[i].how != CALL_VALUE)
			return false;
	}
	return bytes <= CALL_BYTES_MAX;
}

static const struct rule *rule_of(const struct call *c)
{
	if (c->nr < 0 || (size_t)c->nr >= sizeof(rules) / sizeof(rules[0]) || !rules[c->nr].n)
		return NULL;
	return &rules[c->nr];
}

int call_allowed(const struct call *c)
{
	const struct rule *r = rule_of(c);
	const struct call_arg *pick;
	unsigned i;

	if (!r)
		return ERR_REFUSED;
	pick = &c->arg[r->pick];
	for (i = 0; r->n > 1 && i < r->n; i++) {
		if (pick->how == CALL_VALUE && pick->value == r->form[i].value)
			break;
	}
	if (i == r->n || !form_fits(&r->form[i], c))
		return ERR_REFUSED;
	if (c->nr == SYS_statx && !(c->arg[2].value & AT_EMPTY_PATH))
		return ERR_REFUSED;
	if (c->nr == SYS_statx && (c->arg[2].value & AT_STATX_SYNC_TYPE) != AT_STATX_DONT_SYNC)
		return ERR_REFUSED;
	if (c->nr == SYS_lseek && c->arg[2].value != SEEK_CUR)
		return ERR_REFUSED;
	if (c->nr == SYS_getsockopt && !option_allowed(c->arg[1].value, c->arg[2].value))
		return ERR_REFUSED;
	return 0;
}

bool call_may_wait(const struct call *c)
{
	return c->nr == SYS_lseek;
}

bool call_on_descriptor(const struct call *c)
{
	const struct rule *r = rule_of(c);

	return r && r->form[0].shape[0] == 'd';
}
