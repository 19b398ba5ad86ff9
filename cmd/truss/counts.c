/* SPDX-License-Identifier: MIT */
/*
 * The seconds of a call are its thread's processor time between entry and exit, all of it in the kernel. Of a
 * thread that is alone in its process it comes with the stop itself; it includes there what children used that were waited
 * for, so the calls that wait ask the process's clock; a thread among others has only /proc/TID/schedstat. All of them
 * count nanoseconds, where the accounting of system time counts ticks.
 */
#include "counts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/tracee.h"
#include "sys/signame.h"

struct row {
	uint64_t calls, errors, ns;
};

struct counts {
	unsigned rows; /* ids, and one for unknown calls */
	struct row *row;
	uint64_t faults[FAULT_COUNT], signals[SIGNAME_COUNT + 1];
	uint64_t user_ns;
};

struct counts *counts_new(void)
{
	struct counts *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->rows = sysent_ids() + 1;
	c->row = calloc(c->rows, sizeof *c->row);
	if (!c->row) {
		free(c);
		return NULL;
	}
	return c;
}

void counts_free(struct counts *c)
{
	if (c)
		free(c->row);
	free(c);
}

/* ---- time ---- */

/* The clock of all threads of a process: clock_getcpuclockid(3), without its look-ups. */
static uint64_t process_clock(pid_t pid)
{
	struct timespec now;

	if (clock_gettime((clockid_t)((~(unsigned)pid << 3) | 2), &now) < 0)
		return 0;
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The first number of /proc/TID/schedstat: nanoseconds on a processor. */
static uint64_t thread_clock(struct thread *thr)
{
	char text[96];
	ssize_t n;

	if (thr->schedstat < 0) {
		snprintf(text, sizeof text, "/proc/%d/schedstat", (int)thr->tid);
		thr->schedstat = open(text, O_RDONLY | O_CLOEXEC);
	}
	n = pread(thr->schedstat, text, sizeof text - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtoull(text, NULL, 10);
}

static uint64_t used(struct truss *t, struct thread *thr)
{
	switch (thr->cpu_from) {
	case CPU_OF_STOP: return t->used;
	case CPU_OF_PROCESS: return process_clock(thr->process->pid);
	default: return thread_clock(thr);
	}
}

void counts_enter(struct truss *t, struct thread *thr)
{
	const struct sysent *e = thr->call.ent;

	if (!thr->shown || !t->counts)
		return;
	if (thr->process->threads > 1 || thr->tid != thr->process->pid)
		thr->cpu_from = CPU_OF_THREAD;
	else
		thr->cpu_from = t->used && e && strncmp(e->name, "wait", 4) != 0 ? CPU_OF_STOP
										 : CPU_OF_PROCESS;
	thr->cpu = used(t, thr);
}

void counts_leave(struct truss *t, struct thread *thr)
{
	struct row *r;
	uint64_t now;

	if (!thr->shown || !t->counts)
		return;
	r = &t->counts->row[options_call_bit(thr->call.ent)];
	r->calls++;
	r->errors += thr->call.done && thr->call.error;
	if (!thr->call.done)
		return;
	now = used(t, thr);
	if (now > thr->cpu && thr->cpu)
		r->ns += now - thr->cpu;
}

/* User time of a process so far, in ns: field 14 of /proc/PID/stat, in clock ticks. */
static uint64_t user_time(pid_t pid)
{
	char path[32], text[1024], *at;
	unsigned long long ticks = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu", &ticks) != 1)
		return 0;
	return ticks * 1000000000ull / (unsigned long long)sysconf(_SC_CLK_TCK);
}

void counts_begun(struct truss *t, struct process *p)
{
	if (t->counts)
		p->user_before = user_time(p->pid);
}

static void add_user_time(struct counts *c, const struct process *p)
{
	uint64_t now = user_time(p->pid);

	if (now > p->user_before)
		c->user_ns += now - p->user_before;
}

void counts_dead(struct truss *t, struct thread *thr)
{
	if (thr->tid == thr->process->pid)
		add_user_time(t->counts, thr->process);
}

void counts_fault(struct counts *c, enum fault f)
{
	c->faults[f]++;
}

void counts_signal(struct counts *c, int signal)
{
	if (signal > 0 && signal <= SIGNAME_COUNT)
		c->signals[signal]++;
}

/* ---- the report ---- */

/* Seconds with three digits, nothing before the point where they are less than one. */
static void add_seconds(struct buf *b, uint64_t ns)
{
	unsigned long long ms = (ns + 500000) / 1000000;

	if (ms >= 1000)
		buf_fmt(b, "%6llu.%03u", ms / 1000, (unsigned)(ms % 1000));
	else
		buf_fmt(b, "%6s.%03u", "", (unsigned)ms);
}

static void add_count(struct buf *b, const char *name, uint64_t n)
{
	buf_fmt(b, "%s%s\t%4llu\n", name, strlen(name) < 8 ? "\t" : "", (unsigned long long)n);
}

static void add_faults(struct buf *b, const struct counts *c)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < FAULT_COUNT; i++) {
		if (!c->faults[i])
			continue;
		if (!total)
			buf_str(b, "faults -------------\n");
		add_count(b, fault_name((int)i), c->faults[i]);
		total += c->faults[i];
	}
	if (total) {
		add_count(b, "total:", total);
		buf_chr(b, '\n');
	}
}

static void add_signals(struct buf *b, const struct counts *c)
{
	struct buf name = {0};
	uint64_t total = 0;

	for (int i = 1; i <= SIGNAME_COUNT; i++) {
		if (!c->signals[i])
			continue;
		if (!total)
			buf_str(b, "signals ------------\n");
		buf_clear(&name);
		signame_add(&name, i);
		add_count(b, buf_cstr(&name), c->signals[i]);
		total += c->signals[i];
	}
	if (total) {
		add_count(b, "total:", total);
		buf_chr(b, '\n');
	}
	buf_free(&name);
}

static void add_row(struct buf *b, const char *name, struct row *r, struct row *all)
{
	if (!r->calls)
		return;
	buf_fmt(b, "%-19.19s", name);
	add_seconds(b, r->ns);
	buf_fmt(b, "%8llu", (unsigned long long)r->calls);
	if (r->errors)
		buf_fmt(b, "%8llu", (unsigned long long)r->errors);
	buf_chr(b, '\n');
	all->calls += r->calls;
	all->errors += r->errors;
	all->ns += r->ns;
	*r = (struct row){0};
}

/* By number, then those that only other tables have; the rows are used up. */
static void add_calls(struct buf *b, struct counts *c)
{
	struct row all = {0};
	unsigned n = 0;
	const struct sysent *e = sysent_table(ABI_X86_64, &n);

	buf_str(b, "\nsyscall               seconds   calls  errors\n");
	for (unsigned i = 0; i < n; i++)
		if (e[i].name)
			add_row(b, e[i].name, &c->row[e[i].id], &all);
	for (unsigned i = 0; i + 1 < c->rows; i++)
		add_row(b, sysent_name(i), &c->row[i], &all);
	add_row(b, "unknown", &c->row[c->rows - 1], &all);
	buf_str(b, "                     --------  ------   ----\n");
	buf_fmt(b, "%-19s", "sys totals:");
	add_seconds(b, all.ns);
	buf_fmt(b, "%8llu%7llu\n", (unsigned long long)all.calls, (unsigned long long)all.errors);
}

void counts_report(struct truss *t)
{
	struct counts *c = t->counts;
	struct buf *b = &t->line;

	for (const struct process *p = t->table.processes; p; p = p->next)
		add_user_time(c, p);
	add_faults(b, c);
	add_signals(b, c);
	add_calls(b, c);
	buf_fmt(b, "%-19s", "usr time:");
	add_seconds(b, c->user_ns);
	buf_fmt(b, "\n%-19s", "elapsed:");
	add_seconds(b, tracee_clock() - t->started);
	buf_chr(b, '\n');
	out_add(&t->out, b);
}
