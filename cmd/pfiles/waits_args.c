/* SPDX-License-Identifier: MIT */
#include "waits_args.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/err.h"

#define MOST  (1u << 20) /* descriptors: fs.nr_open as it comes */
#define CHUNK 512        /* struct pollfd at a time */
#define BYTES 4096       /* of each set at a time */

struct args {
	const struct proc *p;
	pid_t tid;
	const char *call;
	struct facts *f;
	uint64_t arg[6];
};

static struct wait *add(struct args *a, int fd, enum wait_has has)
{
	struct wait *w = facts_add_wait(a->f);

	if (w)
		*w = (struct wait){.fd = fd, .tid = a->tid, .call = a->call, .has = (uint8_t)has};
	return w;
}

static int add_plain(struct args *a, unsigned fds)
{
	for (int i = 0; i < 6; i++) {
		if (fds >> i & 1 && !add(a, (int)a->arg[i], WAIT_HAS_NONE))
			return -ENOMEM;
	}
	return 0;
}

static int add_lock(struct args *a, enum wait_table table)
{
	struct wait *w;

	if (!waits_fcntl(table, (uint32_t)a->arg[1]))
		return 0;
	w = add(a, (int)a->arg[0], WAIT_HAS_COMMAND);
	if (w)
		w->command = (int)a->arg[1];
	return w ? 0 : -ENOMEM;
}

/* struct pollfd is the same in all tables. */
static int add_poll(struct args *a)
{
	uint64_t at = a->arg[0];
	uint32_t left = (uint32_t)a->arg[1];
	struct pollfd list[CHUNK];

	if (left > MOST)
		return ERR_TOOBIG;
	while (left) {
		uint32_t n = left < CHUNK ? left : CHUNK;
		int err = proc_read_mem(a->p, at, list, n * sizeof(list[0]));

		for (uint32_t i = 0; i < n && !err; i++) {
			struct wait *w =
				list[i].fd < 0 ? NULL : add(a, list[i].fd, WAIT_HAS_EVENTS);

			if (w)
				w->events = (uint16_t)list[i].events;
			else if (list[i].fd >= 0)
				err = -ENOMEM;
		}
		if (err)
			return err;
		at += n * sizeof(list[0]);
		left -= n;
	}
	return 0;
}

static int add_bits(struct args *a, unsigned char bytes[3][BYTES], uint32_t from, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		unsigned sets = 0;
		struct wait *w;

		for (unsigned s = 0; s < 3; s++)
			sets |= (bytes[s][i / 8] >> i % 8 & 1u) << s;
		if (!sets)
			continue;
		w = add(a, (int)(from + i), WAIT_HAS_SETS);
		if (!w)
			return -ENOMEM;
		w->sets = (uint8_t)sets;
	}
	return 0;
}

/* On a little-endian machine a bit of a set is in the same byte, however wide its words are. */
static int add_select(struct args *a)
{
	uint32_t most = (uint32_t)a->arg[0];
	unsigned char bytes[3][BYTES];

	if (most > MOST)
		return ERR_TOOBIG;
	for (uint32_t from = 0; from < most; from += 8 * BYTES) {
		uint32_t n = most - from < 8 * BYTES ? most - from : 8 * BYTES;
		int err = 0;

		memset(bytes, 0, sizeof(bytes));
		for (unsigned s = 0; s < 3 && !err; s++) {
			if (a->arg[1 + s])
				err = proc_read_mem(
					a->p, a->arg[1 + s] + from / 8, bytes[s], (n + 7) / 8);
		}
		if (!err)
			err = add_bits(a, bytes, from, n);
		if (err)
			return err;
	}
	return 0;
}

/* What a 32-bit program has put into memory instead. */
static int read_words(struct args *a, uint64_t at, unsigned n)
{
	uint32_t word[6] = {0};
	int err = proc_read_mem(a->p, at, word, n * sizeof(word[0]));

	for (unsigned i = 0; i < n; i++)
		a->arg[i] = word[i];
	return err;
}

static int add_old_select(struct args *a)
{
	int err = read_words(a, a->arg[0], 5);

	return err ? err : add_select(a);
}

static int add_socketcall(struct args *a)
{
	const char *name = waits_socketcall((uint32_t)a->arg[0]);
	int err;

	if (!name)
		return 0;
	a->call = name;
	err = read_words(a, a->arg[1], 1);
	return err ? err : add_plain(a, 1);
}

int waits_args(const struct proc *p, pid_t tid, enum wait_table table, const struct wait_call *c,
	const struct thread_place *place, struct facts *f)
{
	struct args a = {.p = p, .tid = tid, .call = c->name, .f = f};

	for (int i = 0; i < 6; i++)
		a.arg[i] = table == WAIT_TABLE_32 ? (uint32_t)place->arg[i] : place->arg[i];
	switch (c->form) {
	case WAIT_FDS: return add_plain(&a, c->fds);
	case WAIT_LOCK: return add_lock(&a, table);
	case WAIT_POLL: return add_poll(&a);
	case WAIT_SELECT: return add_select(&a);
	case WAIT_OLD_SELECT: return add_old_select(&a);
	case WAIT_SOCKETCALL: return add_socketcall(&a);
	case WAIT_RESTART: break;
	}
	return 0;
}
