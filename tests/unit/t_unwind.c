/* SPDX-License-Identifier: MIT */
/* Unwinding: a victim of many makes comes to places that it knows, and says how it got there. */
#include "stacked.h"
#include "sym/machine.h"

static struct stacked v;

static bool check(const char *program, const char *mode, const char *arg, bool names)
{
	char path[PATH_MAX + 64];
	bool good;

	stacked_path(path, program);
	stacked_start(&v, path, mode, arg);
	good = OK(stacked_look(&v, NULL) && stacked_missing(&v, names) == 0,
		"%s %s: the trail is in the stack", program, mode);
	if (v.result.end != UNWIND_BOTTOM)
		good = false;
	IS(v.result.end, UNWIND_BOTTOM, "%s %s: ends with the outermost frame", program, mode);
	if (!good)
		stacked_show(&v);
	return good;
}

static void end(const char *program, const char *mode)
{
	IS(stacked_end(&v), 0, "%s %s ends unharmed", program, mode);
}

static void simple(const char *program, const char *mode, const char *arg, bool names)
{
	check(program, mode, arg, names);
	end(program, mode);
}

static void test_makes(void)
{
	static const char *const programs[] = {"frames", "frames.static", "frames.static-pie",
		"frames.32", "frames.32-static", "frames.debugframe", "frames.gz", "frames.pointer",
		"frames.exceptions"};

	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		simple(programs[i], "deep", "40", true);
		simple(programs[i], "signals", NULL, true);
		simple(programs[i], "null", NULL, true);
		if (strcmp(programs[i], "frames.pointer") != 0) {
			simple(programs[i], "forced", NULL, true);
			simple(programs[i], "jit", NULL, true);
		}
	}
	simple("frames.exceptions", "cleanup", NULL, true);
	simple("frames.stripped", "deep", "40", false);
	simple("frames.stripped", "signals", NULL, false);
	simple("frames", "deep", "4000", true);
}

static unsigned trampolines(uint8_t signal)
{
	unsigned n = 0;

	for (size_t i = 0; i < v.frames.n; i++)
		n += v.frames.v[i].trampoline && v.frames.v[i].signal == signal &&
			v.frames.v[i + 1].exact;
	return n;
}

static void test_signals(void)
{
	static const char *const programs[] = {"frames", "frames.32", "frames.static"};

	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		check(programs[i], "signals", NULL, true);
		IS(trampolines(SIGUSR1), 1, "%s: called by SIGUSR1 once", programs[i]);
		IS(trampolines(SIGUSR2), 1, "%s: called by SIGUSR2 once, on its own stack",
			programs[i]);
		end(programs[i], "signals");
		check(programs[i], "null", NULL, true);
		IS(trampolines(SIGSEGV), 1, "%s: called by SIGSEGV", programs[i]);
		end(programs[i], "null");
	}
}

static void test_assembler(void)
{
	check("frames", "aligned", NULL, true);
	OK(stacked_find(&v, "by_rbx") > 0 && stacked_find(&v, "by_expression") > 0,
		"both functions by name");
	end("frames", "aligned");
	check("frames", "plain", NULL, true);
	OK(stacked_find(&v, "plain_pointer") > 0, "assembler without information is in it");
	IS(v.frames.v[stacked_find(&v, "plain_pointer") + 1].how, FRAME_POINTER,
		"left by its frame pointer");
	end("frames", "plain");
	check("frames", "bare", NULL, false);
	OK(v.frames.n > 1 && v.frames.v[1].how == FRAME_LEAF,
		"a bare system call's caller is on top of the stack");
	end("frames", "bare");
}

/* The trampoline of the unwinder's own: what is not known is asked for, and only that. */
static void test_needs(void)
{
	char path[PATH_MAX + 64];
	struct regs all = {.machine = REGS_X86_64, .have = regs_all(REGS_X86_64)};
	struct space_map map;

	stacked_path(path, "frames");
	stacked_start(&v, path, "needs", NULL);
	OK(stacked_look(&v, NULL), "asleep in assembler");
	IS(v.result.end, UNWIND_NEEDS, "its caller cannot be told by pc and sp");
	IS(v.result.needed, 1u << REGS64_RBX, "for want of rbx");
	IS(v.frames.n, 1, "one frame is there");
	/* rbx: the saved rbx is below the return address, which the victim has told. */
	space_map_at(v.space, v.stack.start, &map);
	for (size_t i = 0; i + 16 <= v.stack.size && !all.v[REGS64_RBX]; i += 8) {
		uint64_t word;

		memcpy(&word, v.copy + i, sizeof(word));
		if (word == v.trail[0].back) {
			/* needs() was called from there; what it called has returned into it. */
			for (size_t j = i; j > 8; j -= 8) {
				struct space_map code;

				memcpy(&word, v.copy + j - 8, sizeof(word));
				if (space_map_at(v.space, word, &code) && code.exec) {
					all.v[REGS64_RBX] = v.stack.start + j - 16;
					break;
				}
			}
		}
	}
	OK(stacked_look(&v, &all) && stacked_missing(&v, true) == 0, "with it the trail is found");
	IS(v.result.end, UNWIND_BOTTOM, "to the outermost frame");
	all.v[REGS64_RBX] = 8;
	OK(stacked_look(&v, &all), "with a wrong one");
	IS(v.result.end, UNWIND_UNREADABLE, "there is no stack");
	IS(v.frames.n, 1, "and no frame");
	end("frames", "needs");
}

/* The first thread has exited: a zombie. The other one's stack is whole, its files are found. */
static void test_alone(void)
{
	char path[PATH_MAX + 64];
	struct threads threads = {0};
	struct proc *p;

	stacked_path(path, "frames");
	stacked_start(&v, path, "alone", NULL);
	if (proc_open(v.pid, &p) == 0 && threads_list(p, &threads) == 0 && threads.n == 2)
		v.tid = threads.tid[1];
	OK(stacked_look(&v, NULL) && stacked_missing(&v, true) == 0,
		"of a process whose first thread is dead");
	IS(v.result.end, UNWIND_BOTTOM, "down to where the thread began");
	threads_free(&threads);
	proc_close(p);
	end("frames", "alone");
}

/* What a return address may stand behind: of exactly as many bytes, so that a look beyond them is noticed. */
static void test_calls(void)
{
	static const struct {
		const char *what;
		bool is;
		unsigned char bytes[MACHINE_CALL];
	} calls[] = {
		{"call rel32", true, {0, 0, 0xe8, 1, 2, 3, 4}},
		{"call *%rax", true, {0, 0, 0, 0, 0, 0xff, 0xd0}},
		{"call *(%rax)", true, {0, 0, 0, 0, 0, 0xff, 0x10}},
		{"call *8(%rax)", true, {0, 0, 0, 0, 0xff, 0x50, 8}},
		{"call *(%rsp)", true, {0, 0, 0, 0, 0xff, 0x14, 0x24}},
		{"call *x(%rip)", true, {0, 0xff, 0x15, 1, 2, 3, 4}},
		{"call *x(,%rax,8)", true, {0xff, 0x14, 0xc5, 1, 2, 3, 4}},
		{"half a call through memory", false, {0, 0, 0, 0, 0, 0xff, 0x14}},
		{"jmp *%rax", false, {0, 0, 0, 0, 0, 0xff, 0xe0}},
		{"nothing", false, {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90}},
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		unsigned char *bytes = malloc(MACHINE_CALL);

		memcpy(bytes, calls[i].bytes, MACHINE_CALL);
		IS(machine_after_call(REGS_X86_64, bytes), calls[i].is, "%s", calls[i].what);
		free(bytes);
	}
}

int main(void)
{
	test_calls();
	test_makes();
	test_signals();
	test_assembler();
	test_needs();
	test_alone();
	return tap_end();
}
