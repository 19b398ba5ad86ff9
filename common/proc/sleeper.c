/* SPDX-License-Identifier: MIT */
/*
 * Reading those who sleep
 *
 * What has to hold: pc, sp and stack bytes are of one instant. A thread asleep changes neither. So: count,
 * place, copy, count again. The place is given by the kernel only for a thread that is off its CPU
 * (wait_task_inactive() in fs/proc/base.c), and from there on it cannot run without being put on one, which
 * the count notices. The count may be taken before the thread falls asleep; that does no harm.
 *
 * Races that have names.
 *   - The waker: it ran between the two counts. Looked at again, some times.
 *   - The writer: another thread writes into this one's stack meanwhile. That is so at any instant; what is
 *     in frames of callers is not written by others in any sane program.
 */
#include "proc/sleeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc/threads.h"

#define LOOKS       4
#define STATUS_ROOM 8192
#define PLACE_ROOM  512

static int thread_open(const struct proc *p, pid_t tid, const char *name)
{
	char rel[64];
	int fd;

	snprintf(rel, sizeof(rel), "task/%d/%s", tid, name);
	fd = openat(proc_dirfd(p), rel, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* From its start: the kernel makes the text anew. */
static ssize_t reread(int fd, char *to, size_t room)
{
	ssize_t n = pread(fd, to, room - 1, 0);

	to[n > 0 ? n : 0] = '\0';
	return n < 0 ? -errno : n;
}

ssize_t thread_file(const struct proc *p, pid_t tid, const char *name, char *to, size_t room)
{
	int fd = thread_open(p, tid, name);
	ssize_t n;

	*to = '\0';
	if (fd < 0)
		return fd;
	n = reread(fd, to, room);
	close(fd);
	return n;
}

/* "run-time wait-time times-on-a-CPU": Documentation/scheduler/sched-stats.rst. */
static bool parse_schedstat(const char *text, uint64_t *out)
{
	const char *s = strchr(text, ' ');

	s = s ? strchr(s + 1, ' ') : NULL;
	*out = s ? strtoull(s, NULL, 10) : 0;
	return *out != 0; /* whoever exists has run; where it is not kept all three are 0 */
}

static bool parse_status(const char *text, uint64_t *out)
{
	static const char key[] = "\nvoluntary_ctxt_switches:",
			  other[] = "\nnonvoluntary_ctxt_switches:";
	const char *a = strstr(text, key), *b = strstr(text, other);

	if (!a || !b)
		return false;
	*out = strtoull(a + sizeof(key) - 1, NULL, 10) + strtoull(b + sizeof(other) - 1, NULL, 10);
	return true;
}

/* The file whose count tells whether the thread has run. */
struct counter {
	int fd;
	bool status;
};

static bool count(const struct counter *c, uint64_t *out)
{
	char text[STATUS_ROOM];

	if (reread(c->fd, text, sizeof(text)) <= 0)
		return false;
	return c->status ? parse_status(text, out) : parse_schedstat(text, out);
}

static int counter_open(const struct sleepers *s, pid_t tid, struct counter *c, uint64_t *first)
{
	c->status = false;
	c->fd = s->counters ? -ENOENT : thread_open(s->p, tid, "schedstat");
	if (c->fd >= 0 && count(c, first))
		return 0;
	if (c->fd >= 0)
		close(c->fd);
	c->status = true;
	c->fd = thread_open(s->p, tid, "status");
	if (c->fd < 0)
		return c->fd;
	return count(c, first) ? 0 : -ESRCH;
}

/* One look. `from`: the count before; becomes that afterwards. */
static enum sleeper_look look(const struct sleepers *s, const struct counter *c, int place_fd,
	uint64_t *from, size_t most, struct snap *out)
{
	struct thread_place at;
	char text[PLACE_ROOM];
	uint64_t now;
	ssize_t n = reread(place_fd, text, sizeof(text));
	size_t used;

	if (n == -EACCES || n == -EPERM)
		return SLEEPER_DENIED;
	if (n <= 0 || thread_place_parse(text, &at))
		return SLEEPER_GONE;
	if (at.running) {
		out->ran = *from;
		return SLEEPER_RUNS;
	}
	if (!at.sp)
		return SLEEPER_GONE; /* it has exited, and nobody has taken note yet */
	context_sleeper(&out->context, s->narrow, at.sp, at.pc);
	out->nr = at.nr;
	memcpy(out->arg, at.arg, sizeof(out->arg));
	used = snap_copy(out, s->maps, snap_read_live, &out->tid, snap_arena_end(s->arena),
		snap_arena_room(s->arena), most);
	if (!count(c, &now))
		return SLEEPER_GONE;
	if (now != *from) {
		*from = now;
		return SLEEPER_MOVED;
	}
	now = snap_arena_take(s->arena, used);
	for (unsigned i = 0; i < out->pieces; i++)
		out->piece[i].at += now;
	out->how = SNAP_ASLEEP;
	return SLEEPER_READ;
}

enum sleeper_look sleeper_read(const struct sleepers *s, pid_t tid, size_t most, struct snap *out)
{
	enum sleeper_look how = SLEEPER_MOVED;
	struct counter c = {.fd = -1};
	uint64_t from;
	int place, err;

	*out = (struct snap){.tid = tid, .nr = -1};
	err = counter_open(s, tid, &c, &from);
	place = err ? err : thread_open(s->p, tid, "syscall");
	if (place < 0)
		how = place == -EACCES || place == -EPERM ? SLEEPER_DENIED : SLEEPER_GONE;
	for (int i = 0; place >= 0 && i < LOOKS && how == SLEEPER_MOVED; i++)
		how = look(s, &c, place, &from, most, out);
	if (place >= 0)
		close(place);
	if (c.fd >= 0)
		close(c.fd);
	return how;
}
