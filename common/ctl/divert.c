/* SPDX-License-Identifier: MIT */
#include "ctl/divert.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/tracee.h"
#include "ctl/urgent.h"

#define STOP_TIMEOUT   20000000u /* ns, within the warden's budget */
#define CALM           1000000u  /* ns of rest that make a thread likely to rest on */
#define CALM_PREEMPTED 4000000u  /* where others may take the processor from us meanwhile */
#define LOOK_MOST      8000u     /* ns */
#define LOOKS          50
#define CODE_MAX       2048

/* include/uapi/linux/rseq.h: a critical section; offset of rseq_cs in struct rseq. */
#define RSEQ_CS_OFFSET 8
struct critical_section {
	uint32_t version, flags;
	uint64_t start, length, abort;
};

struct user_regs_struct *divert_locked_page(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	/* Without the right to lock it stays resident all the same: it is written right before use.
	 */
	(void)!mlock(page, 4096);
	return page;
}

/* SETREGS out of the resident page, never out of the stack. */
static int set_regs(struct diversion *d, const struct user_regs_struct *r)
{
	*d->locked = *r;
	return tracee_set_regs(d->victim.tid, d->locked);
}

/*
 * A thread inside a restartable sequence has to begin it anew, as after any preemption: what the
 * kernel would do if it returned to user mode elsewhere.
 */
static int settle_rseq(struct diversion *d)
{
	struct critical_section cs;
	uint64_t area = 0, descriptor = 0;
	int err = tracee_rseq(d->victim.tid, &area);

	if (err || !area)
		return err;
	if (cave_read(d->mem, area + RSEQ_CS_OFFSET, &descriptor, sizeof descriptor) || !descriptor)
		return 0;
	if (cave_read(d->mem, descriptor, &cs, sizeof cs))
		return 0;
	if (d->saved.regs.rip - cs.start < cs.length)
		d->saved.regs.rip = cs.abort;
	return 0;
}

static int settle_call(struct diversion *d)
{
	unsigned char insn[2];
	uint64_t at;

	if (!machine_in_call(&d->saved, &at))
		return 0;
	if (cave_read(d->mem, at, insn, sizeof insn))
		return ERR_ABI;
	return machine_settle_insn(&d->saved, insn);
}

/* Everything that could still speak against it once the thread stands still. */
static int examine(struct diversion *d)
{
	pid_t tid = d->victim.tid;
	bool dispatch = false;
	int err = machine_settle_mode(&d->saved);

	if (!err)
		err = tracee_user_dispatch(tid, &dispatch);
	if (!err && dispatch)
		err = ERR_SUD;
	if (!err)
		err = tracee_get_mask(tid, &d->saved.mask);
	return err;
}

int divert_settle(struct diversion *d)
{
	int err = examine(d);

	if (!err)
		err = settle_call(d);
	return err ? err : settle_rseq(d);
}

static int commit(struct diversion *d)
{
	unsigned char image[CODE_MAX];
	struct user_regs_struct in;
	int err = settle_rseq(d);

	if (err)
		return err;
	d->params.stamp = cave_clock();
	machine_code_image(image, &d->saved, &d->params);
	err = cave_write(d->mem, d->cave.addr, image, machine_code_size());
	if (err)
		return ERR_NOCAVE;
	machine_enter(&in, &d->saved, d->cave.addr);
	/* Registers first: a mask without them would stay for ever if we died in between. */
	err = set_regs(d, &in);
	d->committed = !err;
	if (!err)
		err = tracee_set_mask(d->victim.tid, ~(uint64_t)0);
	if (!err)
		err = tracee_cont(d->victim.tid);
	d->away = !err;
	return err;
}

/*
 * The late sleeper's call is made to start again before anything else is looked at: as long as that is
 * not done, our death would show the thread an EINTR.
 */
static int settle_late_sleeper(struct diversion *d)
{
	int err = settle_call(d);

	if (err || d->victim.stopped || !machine_settle_eintr(&d->saved, true))
		return err;
	return set_regs(d, &d->saved.regs);
}

uint64_t divert_calm(void)
{
	if (!urgent_begin())
		return CALM_PREEMPTED;
	urgent_end();
	return CALM;
}

/* A look that took longer was interrupted, and may be old. */
int divert_last_look(const struct victim *v, int place, uint64_t *begun)
{
	int err, looks = 0;

	do {
		*begun = tracee_clock();
		err = victim_rests(v, place);
	} while (!err && tracee_clock() - *begun > LOOK_MOST && ++looks < LOOKS);
	return err;
}

/* What happens between the look and the stop is the window of the late sleeper: some 5 us. */
static int look_and_interrupt(struct diversion *d, int place)
{
	int err = divert_last_look(&d->victim, place, &d->begun);

	return err ? err : tracee_interrupt(d->victim.tid);
}

static int stop_where_it_rests(struct diversion *d, int place)
{
	pid_t tid = d->victim.tid;
	int err = tracee_seize(tid);

	if (!err)
		err = look_and_interrupt(d, place);
	return err ? err : tracee_await_stop(tid, d->begun + STOP_TIMEOUT, NULL, NULL);
}

static int stop_and_settle(struct diversion *d)
{
	pid_t tid = d->victim.tid;
	int place = thread_place_open(d->p, tid);
	int err = place < 0 ? place : stop_where_it_rests(d, place);

	if (place >= 0)
		close(place);
	else if (err == ERR_NOTHREAD)
		err = ERR_GONE;
	d->seen = !err;
	d->saved.tid = tid;
	if (!err)
		err = tracee_get_regs(tid, &d->saved.regs);
	return err ? err : settle_late_sleeper(d);
}

static int step_back(struct diversion *d, int err)
{
	if (d->seen && err != ERR_GONE)
		(void)!tracee_detach(d->victim.tid);
	d->held_ns = d->seen ? tracee_clock() - d->begun : 0;
	return err;
}

int divert_begin(struct diversion *d)
{
	struct user_regs_struct found;
	int err;

	d->seen = d->committed = false;
	err = stop_and_settle(d);
	found = d->saved.regs;
	if (!err)
		err = examine(d);
	if (!err)
		err = commit(d);
	if (!err)
		return 0;
	/* As divert_restore() does: the mask before the registers. */
	if (d->committed && err != ERR_GONE && !tracee_set_mask(d->victim.tid, d->saved.mask))
		(void)!set_regs(d, &found);
	return step_back(d, err);
}

int divert_stop(struct diversion *d, int *map_error)
{
	pid_t tid = d->victim.tid;
	struct user_regs_struct now;
	int err = tracee_interrupt(tid);

	*map_error = 0;
	if (!err)
		err = tracee_await_stop(tid, tracee_clock() + STOP_TIMEOUT, NULL, NULL);
	if (!err)
		err = tracee_get_regs(tid, &now);
	if (err)
		return err;
	d->away = machine_is_away(&now, d->cave.addr);
	d->entering = d->away && machine_is_entering(&now, d->cave.addr);
	if (d->away)
		*map_error = machine_map_error(&now);
	return 0;
}

int divert_resume(struct diversion *d, bool unmap)
{
	struct user_regs_struct in;
	int err = 0;

	if (unmap) {
		machine_enter_unmap(&in, &d->saved, d->cave.addr, d->params.scratch);
		err = set_regs(d, &in);
	}
	return err ? err : tracee_cont(d->victim.tid);
}

/*
 * The mask before the registers, the mirror image of commit(). The kernel then does what it would
 * have done: restarts the call, or delivers what became pending.
 */
int divert_restore(struct diversion *d)
{
	int err = tracee_set_mask(d->victim.tid, d->saved.mask);

	if (!err)
		err = set_regs(d, &d->saved.regs);
	if (!err)
		err = tracee_detach(d->victim.tid);
	d->held_ns = tracee_clock() - d->begun;
	d->away = false;
	return err;
}

void divert_let_go(struct diversion *d)
{
	(void)!tracee_detach(d->victim.tid);
	d->held_ns = tracee_clock() - d->begun;
}
