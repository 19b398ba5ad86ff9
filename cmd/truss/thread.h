/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_THREAD_H
#define PTOOLS_TRUSS_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "mem.h"
#include "proc/operand.h"
#include "sys/args.h"

struct names;

/* A process of which at least one thread is traced. */
struct process {
	pid_t pid;
	unsigned threads; /* traced ones */
	bool threaded;    /* has, or had, more than one: lines carry the thread id */
	bool command;     /* truss started it */
	bool begun;       /* ... and it has become the program it was to be */
	bool job_stopped; /* by job control: SIGCONT continues it */
	bool quiet;       /* traced only because it must be: nothing of it is shown */
	bool set_id;      /* begins a program with other rights than: */
	uid_t uid[3];     /* real, effective, saved */
	gid_t gid[3];
	const struct tid_ranges *tids; /* -p pid/tids: only these; NULL: all */
	bool born_here;                /* since its first instruction each of its calls was seen */
	bool dispositions;             /* ... and since nothing changed what signals do to it: */
	uint64_t sig_caught, sig_ignored; /* sets: bit n - 1 is signal n */
	const char *made_by;  /* the call that made its last child or thread, NULL: none was seen */
	struct names *names;  /* -y: what its descriptors are; NULL: nothing known yet */
	uint64_t user_before; /* -c: its user time when it was taken, ns */
	struct process *next;
};

/* Where a thread is. */
enum thread_state {
	THREAD_ASKED,   /* seized and asked to stop: not yet seen */
	THREAD_GOES,    /* runs, or sleeps, between events */
	THREAD_STANDS,  /* in a stop that is being dealt with, or waits for its turn */
	THREAD_LISTENS, /* stopped by job control */
};

/* A thread that is seized, but is not asked to stop yet (gentle.h). */
struct postponed {
	const struct proc *proc; /* its process; NULL: it is no such thread */
	uint64_t since, moved;   /* when it was seized, and last seen to have run meanwhile, ns */
	uint64_t turns, ran;     /* how often, and for how long, it had run at the last look */
	uint64_t ran_first;      /* ... and at the first one of its present turn */
	bool running;            /* ... and whether it did then */
	bool unfit;              /* it was seen in a call that must not be interrupted */
};

/*
 * A traced thread, and the line of the call it is in: a value that is filled at entry and finished at
 * exit, so that whatever others do meanwhile never tears a line.
 */
struct thread {
	pid_t tid;
	enum thread_state state;
	struct process *process; /* NULL: a newborn nobody has told us of */
	struct thread *chain;    /* of the hash */

	bool asked;  /* taken while it was running, its stop asked for (attach.h) */
	bool late;   /* ... moments after its call began: all of it may be started again */
	bool narrow; /* of a 32-bit program, where it was taken */
	struct postponed postponed;
	bool in_call;     /* `call` is the one it is in */
	bool shown;       /* that call is wanted (-t, -r, -w): its line is being made */
	bool stops;       /* it leaves the process stopped (-T) */
	bool dumped;      /* -r or -w: the data follows the line */
	bool interrupted; /* it has returned to be restarted; printed after the signal that did it */
	bool slept;       /* its sleep was reported */
	bool executed;    /* in an exec that has succeeded */
	bool met;         /* an event of it was dealt with */
	/* What it stood at when it was found stopped (stop.h): signals, and a call that is yet to be made; 0: none. */
	uint64_t stood_signals, stood_pc, stood_sp;
	unsigned options; /* ARGS_* of the line */
	struct args_call call;
	struct args_line line;
	struct buf inputs;  /* -v: structures that the call reads, at entry */
	struct buf strings; /* -x: what it reads behind the numbers, at entry */
	struct buf data;    /* -r, -w: the bytes */
	uint64_t exec_sp;   /* after an exec: its stack, and how wide it is */
	enum abi exec_abi;
	uint64_t entered; /* when, ns */
	uint64_t cpu;     /* -c: its processor time then, ns */
	enum {
		CPU_OF_STOP,
		CPU_OF_PROCESS,
		CPU_OF_THREAD
	} cpu_from;    /* ... and where that came from */
	int schedstat; /* -c: open /proc/TID/schedstat, -1: not */
	uint64_t last; /* -D: its last line, 0: none yet */
	struct mem mem;
	struct memory memory;
};

/* All of them, by thread id: a look-up costs the same whatever their number. */
struct threads_table {
	struct thread **bucket;
	size_t buckets, count;
	struct thread *recent; /* the last one found */
	struct process *processes;
	size_t nprocesses;
};

struct thread *thread_find(struct threads_table *t, pid_t tid);
/* A new one, state THREAD_ASKED; process may be NULL. NULL: out of memory. */
struct thread *thread_add(struct threads_table *t, pid_t tid, struct process *p);
/* Tells a newborn whose it is. */
void thread_join(struct thread *thr, struct process *p);
/* Forgets it, and its process with the last thread. */
void thread_remove(struct threads_table *t, struct thread *thr);
/* Gives it another id (an exec makes the thread that does it the first one). */
void thread_rename(struct threads_table *t, struct thread *thr, pid_t tid);
/* One after the other in no order; fn must not add or remove. */
void thread_each(struct threads_table *t, void (*fn)(struct thread *thr, void *ctx), void *ctx);
void thread_free_all(struct threads_table *t);

struct process *process_find(struct threads_table *t, pid_t pid);
/* Found, or made. NULL: out of memory. */
struct process *process_get(struct threads_table *t, pid_t pid);

#endif
