/* SPDX-License-Identifier: MIT */
#include "thread.h"

#include <stdlib.h>
#include <unistd.h>

#include "names.h"

#define FIRST_BUCKETS 64

static size_t place(const struct threads_table *t, pid_t tid)
{
	return ((uint32_t)tid * 2654435769u >> 7) & (t->buckets - 1);
}

struct thread *thread_find(struct threads_table *t, pid_t tid)
{
	struct thread *thr;

	if (t->recent && t->recent->tid == tid)
		return t->recent;
	if (!t->buckets)
		return NULL;
	for (thr = t->bucket[place(t, tid)]; thr && thr->tid != tid;)
		thr = thr->chain;
	if (thr)
		t->recent = thr;
	return thr;
}

static bool grow(struct threads_table *t)
{
	struct thread **old = t->bucket;
	size_t n = t->buckets;

	t->bucket = calloc(n ? n * 2 : FIRST_BUCKETS, sizeof(struct thread *));
	if (!t->bucket) {
		t->bucket = old;
		return false;
	}
	t->buckets = n ? n * 2 : FIRST_BUCKETS;
	for (size_t i = 0; i < n; i++) {
		for (struct thread *thr = old[i], *next; thr; thr = next) {
			struct thread **head = &t->bucket[place(t, thr->tid)];

			next = thr->chain;
			thr->chain = *head;
			*head = thr;
		}
	}
	free(old);
	return true;
}

static void link_in(struct threads_table *t, struct thread *thr)
{
	struct thread **head = &t->bucket[place(t, thr->tid)];

	thr->chain = *head;
	*head = thr;
	t->count++;
}

static void unlink_from(struct threads_table *t, struct thread *thr)
{
	struct thread **at = &t->bucket[place(t, thr->tid)];

	while (*at && *at != thr)
		at = &(*at)->chain;
	if (*at)
		*at = thr->chain;
	t->count--;
	if (t->recent == thr)
		t->recent = NULL;
}

struct thread *thread_add(struct threads_table *t, pid_t tid, struct process *p)
{
	struct thread *thr;

	if (t->count >= t->buckets && !grow(t))
		return NULL;
	thr = calloc(1, sizeof *thr);
	if (!thr)
		return NULL;
	thr->tid = tid;
	thr->schedstat = -1;
	mem_init(&thr->mem, tid);
	thr->memory = (struct memory){mem_read, &thr->mem};
	thr->call.mem = &thr->memory;
	link_in(t, thr);
	if (p)
		thread_join(thr, p);
	return thr;
}

void thread_join(struct thread *thr, struct process *p)
{
	thr->process = p;
	p->threads++;
	p->threaded |= p->threads > 1;
}

static void process_remove(struct threads_table *t, struct process *p)
{
	struct process **at = &t->processes;

	while (*at && *at != p)
		at = &(*at)->next;
	if (*at)
		*at = p->next;
	t->nprocesses--;
	names_free(p->names);
	free(p);
}

void thread_remove(struct threads_table *t, struct thread *thr)
{
	struct process *p = thr->process;

	unlink_from(t, thr);
	args_free(&thr->line);
	buf_free(&thr->inputs);
	buf_free(&thr->strings);
	buf_free(&thr->data);
	if (thr->schedstat >= 0)
		close(thr->schedstat);
	free(thr);
	if (p && --p->threads == 0)
		process_remove(t, p);
}

void thread_rename(struct threads_table *t, struct thread *thr, pid_t tid)
{
	unlink_from(t, thr);
	/* What is open is of the id it had, which is nobody's now. */
	if (thr->schedstat >= 0)
		close(thr->schedstat);
	thr->schedstat = -1;
	thr->tid = tid;
	mem_init(&thr->mem, tid);
	link_in(t, thr);
}

void thread_each(struct threads_table *t, void (*fn)(struct thread *thr, void *ctx), void *ctx)
{
	for (size_t i = 0; i < t->buckets; i++)
		for (struct thread *thr = t->bucket[i]; thr; thr = thr->chain)
			fn(thr, ctx);
}

void thread_free_all(struct threads_table *t)
{
	for (size_t i = 0; i < t->buckets; i++)
		while (t->bucket[i])
			thread_remove(t, t->bucket[i]);
	/* Of which no thread could be taken. */
	while (t->processes)
		process_remove(t, t->processes);
	free(t->bucket);
	*t = (struct threads_table){0};
}

struct process *process_find(struct threads_table *t, pid_t pid)
{
	struct process *p = t->processes;

	while (p && p->pid != pid)
		p = p->next;
	return p;
}

struct process *process_get(struct threads_table *t, pid_t pid)
{
	struct process *p = process_find(t, pid);

	if (p)
		return p;
	p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->pid = pid;
	p->next = t->processes;
	t->processes = p;
	t->nprocesses++;
	return p;
}
