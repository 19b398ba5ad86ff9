/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TESTS_STACKED_H
#define PTOOLS_TESTS_STACKED_H

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/proc.h"
#include "proc/status.h"
#include "proc/threads.h"
#include "sym/space.h"
#include "sym/symbols.h"
#include "sym/unwind.h"
#include "tap.h"

/*
 * The victim tests/targets/frames, started, and its stack, taken while it sleeps, from /proc and its memory alone: nobody is
 * stopped. The victim says what its stack must be.
 */
enum { STACKED_TRAIL = 4096 };
struct stacked {
	pid_t pid, tid; /* tid: of the thread that is looked at */
	FILE *hear;
	int say;
	struct {
		char name[64];
		uint64_t back;
	} trail[STACKED_TRAIL];
	unsigned n;
	uint64_t fp; /* of the innermost function, where it tells */
	enum regs_machine machine;

	/* After a look. */
	struct proc *proc;
	struct space *space;
	struct unwind *unwind;
	struct frames frames;
	struct unwind_result result;
	struct symbol *symbols;
	struct unwind_stack stack; /* what it was made of */
	char copy[1 << 18];
};

/* The folder of the victims, beside that of this program. */
static inline void stacked_path(char out[PATH_MAX + 64], const char *name)
{
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		exit(99);
	snprintf(out, PATH_MAX + 64, "%s/../targets/%s", dirname(self), name);
}

static inline void stacked_read_trail(struct stacked *s)
{
	char line[256];
	unsigned long back;

	s->n = 0;
	while (fgets(line, sizeof(line), s->hear) && strcmp(line, "ready\n") != 0) {
		if (sscanf(line, "(fp) %lx", &back) == 1)
			s->fp = back;
		else if (s->n < STACKED_TRAIL &&
			sscanf(line, "%63s %lx", s->trail[s->n].name, &back) == 2)
			s->trail[s->n++].back = back;
	}
}

/* NULL: ours. */
static const char *stacked_root __attribute__((unused));

/* path: of the program, in its root. Ends the test where it cannot be started. */
static inline void stacked_start(
	struct stacked *s, const char *path, const char *mode, const char *arg)
{
	int down[2], up[2];

	memset(s, 0, sizeof(*s));
	if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0)
		exit(99);
	s->pid = s->tid = fork();
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(down[0], 0);
		dup2(up[1], 1);
		if (stacked_root && (chroot(stacked_root) < 0 || chdir("/") < 0))
			_exit(97);
		execl(path, path, mode, arg, (char *)NULL);
		_exit(98);
	}
	close(down[0]);
	close(up[1]);
	s->say = down[1];
	s->hear = fdopen(up[0], "r");
	setvbuf(s->hear, NULL, _IONBF,
		0); /* what comes after the trail is read from the descriptor */
	s->machine = strstr(path, ".32") ? REGS_I386 : REGS_X86_64;
	stacked_read_trail(s);
}

/* Lets it end; its wait status. */
static inline int stacked_end(struct stacked *s)
{
	int status = -1;

	free(s->symbols);
	frames_free(&s->frames);
	unwind_close(s->unwind);
	space_close(s->space); /* its reader, a fork of us, has a copy of `say` */
	proc_close(s->proc);
	close(s->say);
	while (fgetc(s->hear) != EOF)
		;
	fclose(s->hear);
	waitpid(s->pid, &status, 0);
	return status;
}

/* Waits until the thread sleeps in a read(2). */
static inline bool stacked_asleep(struct stacked *s, struct thread_place *place)
{
	for (int tries = 0; tries < 20000; tries++) {
		if (thread_place(s->proc, s->tid, place) == 0 && !place->running &&
			place->nr == (s->machine == REGS_X86_64 ? 0 : 3))
			return true;
		usleep(tries < 100 ? 50 : 1000);
	}
	return false;
}

static inline bool stacked_open(struct stacked *s)
{
	return proc_open(s->pid, &s->proc) == 0 && space_open_proc(s->proc, NULL, &s->space) == 0 &&
		unwind_open(s->space, &s->unwind) == 0;
}

/* Takes and unwinds the stack; extra: registers that are known besides pc, sp and what the victim has told. */
static inline bool stacked_unwind(struct stacked *s, const struct regs *extra)
{
	struct thread_place place;
	struct status status;
	struct space_map map;

	if ((!s->proc && !stacked_open(s)) || !stacked_asleep(s, &place))
		return false;
	s->stack = (struct unwind_stack){.start = place.sp, .bytes = s->copy};
	regs_from_sleep(&s->stack.regs, s->machine, place.pc, place.sp);
	if (extra) {
		uint64_t pc = place.pc, sp = place.sp;

		s->stack.regs = *extra;
		s->stack.regs.v[regs_pc(s->machine)] = pc;
		s->stack.regs.v[regs_sp(s->machine)] = sp;
	}
	if (s->fp) {
		s->stack.regs.v[regs_fp(s->machine)] = s->fp;
		s->stack.regs.have |= 1u << regs_fp(s->machine);
	}
	if (!space_map_at(s->space, place.sp, &map))
		return false;
	s->stack.size = map.end - place.sp < sizeof(s->copy) ? map.end - place.sp : sizeof(s->copy);
	if (proc_read_mem(s->proc, place.sp, s->copy, s->stack.size))
		return false;
	s->stack.has_blocked = status_read(s->proc, s->tid, &status) == 0;
	s->stack.blocked = status.sig_blocked;
	s->frames.n = 0;
	return unwind_thread(s->unwind, &s->stack, 0, &s->frames, &s->result) == 0;
}

static inline bool stacked_symbolise(struct stacked *s)
{
	free(s->symbols);
	s->symbols = calloc(s->frames.n + 1, sizeof(*s->symbols));
	for (size_t i = 0; i < s->frames.n; i++)
		s->symbols[i].addr = frame_lookup(&s->frames.v[i]);
	return symbols_find(s->space, s->symbols, s->frames.n) == 0;
}

static inline bool stacked_look(struct stacked *s, const struct regs *extra)
{
	return stacked_unwind(s, extra) && stacked_symbolise(s);
}

/* A part that the compiler has moved away (of "f", "f.cold") is called by its function's name as well. */
static inline bool stacked_is(const struct symbol *s, const char *name)
{
	size_t n = strlen(name);

	return s->name && strncmp(s->name, name, n) == 0 && (!s->name[n] || s->name[n] == '.');
}

/*
 * The victim's trail is in the stack, in order: a frame with each return address, and, if `names`, the function that returns to it
 * before it. Returns the number of the trail's entries that were not found.
 */
static inline unsigned stacked_missing(const struct stacked *s, bool names)
{
	size_t at = 0;

	for (unsigned i = 0; i < s->n; i++) {
		size_t j = at;

		while (j < s->frames.n && s->frames.v[j].pc != s->trail[i].back)
			j++;
		if (j == s->frames.n || !j)
			return s->n - i;
		if (names && !stacked_is(&s->symbols[j - 1], s->trail[i].name))
			return s->n - i;
		at = j + 1;
	}
	return s->n ? 0 : 1;
}

/* As a comment, for those who want to know why a check failed. */
static inline void stacked_show(const struct stacked *s)
{
	for (size_t i = 0; i < s->frames.n && i < 60; i++)
		printf("# %#llx sp %#llx how %u %s%s\n", (unsigned long long)s->frames.v[i].pc,
			(unsigned long long)s->frames.v[i].sp, s->frames.v[i].how,
			s->symbols && s->symbols[i].name ? s->symbols[i].name : "?",
			s->frames.v[i].trampoline ? " (trampoline)" : "");
	printf("# %s %#llx needed %#x\n", unwind_end_str(s->result.end),
		(unsigned long long)s->result.where, s->result.needed);
	for (unsigned i = 0; i < s->n && i < 60; i++)
		printf("# trail %s %#llx\n", s->trail[i].name,
			(unsigned long long)s->trail[i].back);
}

/* The number of the first frame of that name, -1: none. */
static inline int stacked_find(const struct stacked *s, const char *name)
{
	for (size_t i = 0; i < s->frames.n; i++) {
		if (s->symbols[i].name && strcmp(s->symbols[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

#endif
