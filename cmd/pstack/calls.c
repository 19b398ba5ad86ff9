/* SPDX-License-Identifier: MIT */
#include "calls.h"

#include <stdio.h>
#include <string.h>

#include "sys/sysent.h"

#define X32_BIT 0x40000000

/* ABI_COUNT: not behind an instruction that makes a call (a handler is being entered, or it runs). */
static enum abi abi_behind(struct picture *pic, uint64_t pc, long nr)
{
	static const unsigned char wide[] = {0x0f, 0x05}, narrow[] = {0xcd, 0x80};

	if (!pic->insn_known || pic->insn_pc != pc) {
		if (space_read(pic->space, pc - 2, pic->insn, sizeof(pic->insn)))
			return ABI_COUNT;
		pic->insn_pc = pc;
		pic->insn_known = true;
	}
	if (!memcmp(pic->insn, narrow, sizeof(narrow)))
		return ABI_I386;
	if (memcmp(pic->insn, wide, sizeof(wide)) != 0)
		return ABI_COUNT;
	return nr & X32_BIT ? ABI_X32 : ABI_X86_64;
}

/* The C library's own functions around calls of other names: nothing is lost if they are not shown. */
static const char *const wrappers[] = {
	"__futex_abstimed_wait_common",
	"__futex_abstimed_wait_common64",
	"__futex_abstimed_wait_common32",
	"__lll_lock_wait",
	"__lll_lock_wait_private",
	"__syscall_cancel_arch",
	"__internal_syscall_cancel",
	"__kernel_vsyscall",
	"syscall",
	"__clone_internal",
	"__clone",
	"__vfork",
	"__libc_vfork",
	"_dl_sysinfo_int80",
};

/* "__GI___libc_read", "__read_nocancel", "pread64", "__select_time64" all are read, pread, select. */
static void core_of_name(const char *s, char *out, size_t room)
{
	static const char *const heads[] = {"__GI_", "__libc_", "__new_", "__"},
				 *const tails[] = {"_nocancel", "_time64", "64", "_2"};
	size_t n;

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		if (!strncmp(s, heads[i], strlen(heads[i])))
			s += strlen(heads[i]);
	}
	s += strspn(s, "_");
	snprintf(out, room, "%s", s);
	out[strcspn(out, "@")] = '\0';
	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
		n = strlen(out);
		if (n > strlen(tails[i]) && !strcmp(out + n - strlen(tails[i]), tails[i]))
			out[n - strlen(tails[i])] = '\0';
	}
}

/* Calls that the C library has under the name of an older one. */
static const struct {
	const char *call, *function;
} synonyms[] = {
	{"clock_nanosleep", "nanosleep"},
	{"rt_sigsuspend", "sigsuspend"},
	{"ppoll", "poll"},
	{"pselect6", "select"},
	{"pselect6", "pselect"},
	{"wait4", "waitpid"},
	{"wait4", "wait"},
	{"rt_sigtimedwait", "sigtimedwait"},
	{"rt_sigtimedwait", "sigwaitinfo"},
	{"rt_sigtimedwait", "sigwait"},
	{"recvfrom", "recv"},
	{"sendto", "send"},
	{"restart_syscall", "nanosleep"},
	{"restart_syscall", "clock_nanosleep"},
	{"restart_syscall", "poll"},
	{"epoll_pwait", "epoll_wait"},
	{"accept", "accept4"},
	{"exit_group", "exit"},
	{"ipc", "semop"},
	{"ipc", "msgrcv"},
	{"ipc", "msgsnd"},
	{"socketcall", "accept"},
	{"socketcall", "recv"},
	{"socketcall", "recvfrom"},
	{"socketcall", "recvmsg"},
	{"socketcall", "send"},
	{"socketcall", "sendto"},
	{"socketcall", "sendmsg"},
	{"socketcall", "connect"},
	{"ugetrlimit", "getrlimit"},
	{"_newselect", "select"},
	{"fcntl", "fcntl"},
	{"newfstatat", "fstatat"},
};

static bool same_function(const char *function, const char *call)
{
	char f[64], c[64];

	core_of_name(function, f, sizeof(f));
	core_of_name(call, c, sizeof(c));
	if (!strcmp(f, c))
		return true;
	for (size_t i = 0; i < sizeof(synonyms) / sizeof(*synonyms); i++) {
		char with[64];

		core_of_name(synonyms[i].call, with, sizeof(with));
		if (!strcmp(with, c) && !strcmp(synonyms[i].function, f))
			return true;
	}
	for (size_t i = 0; i < sizeof(wrappers) / sizeof(*wrappers); i++) {
		if (!strcmp(function, wrappers[i]))
			return true;
	}
	return false;
}

struct call call_of(struct picture *pic, const struct thread *t)
{
	struct call call = {.arg = t->snap.arg};
	const struct frame *f = picture_frames(pic, t);
	const struct sysent *ent;
	const char *function;
	enum abi abi;

	if (t->snap.how == SNAP_NONE || t->snap.nr < 0)
		return call;
	abi = abi_behind(pic, t->snap.context.pc, t->snap.nr);
	if (abi == ABI_COUNT)
		return call;
	ent = sysent_find(abi, (uint64_t)t->snap.nr);
	if (ent)
		snprintf(call.name, sizeof(call.name), "%s", ent->name);
	else
		snprintf(call.name, sizeof(call.name), "sys#%ld", t->snap.nr);
	call.nargs = ent && ent->nargs != SYSENT_NONE ? ent->nargs : SYSENT_ARGS;
	function = t->frames ? names_symbol(&pic->names, frame_lookup(f))->name : NULL;
	call.in_stub = t->frames && (!function || same_function(function, call.name));
	/* The C library's function enters the kernel by one of the vDSO's. */
	if (function && t->frames > 1 && !strcmp(function, "__kernel_vsyscall")) {
		function = names_symbol(&pic->names, frame_lookup(&f[1]))->name;
		call.in_stub += function && same_function(function, call.name);
	}
	return call;
}
