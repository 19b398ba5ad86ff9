/* SPDX-License-Identifier: MIT */
/*
 * Targets that can have no more memory, threads or executable pages: a visit works all the same or ends
 * with an error, and nothing is left. `--naive` fails (killed).
 */
#include "../lib/clock.h"
#include "../lib/hazard.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

static struct hazard h;

static void *turn_here(void *arg)
{
	facts_turn_forever(arg);
}

static void two_threads(struct facts *f)
{
	pthread_t t;

	pthread_create(&t, NULL, turn_here, f);
}

static void limit(int what, rlim_t value)
{
	struct rlimit r = {value, value};

	setrlimit(what, &r);
}

static void no_address_space(struct facts *f)
{
	two_threads(f);
	limit(RLIMIT_AS, 1 << 20);
	f->ready = 1;
	facts_turn_forever(f);
}

/* RLIMIT_NPROC does not bind root: as nobody. */
static void no_processes(struct facts *f)
{
	two_threads(f);
	limit(RLIMIT_NPROC, 1);
	if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
		_exit(3);
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	f->ready = 1;
	facts_turn_forever(f);
}

static void locked_memory(struct facts *f)
{
	two_threads(f);
	limit(RLIMIT_MEMLOCK, 64 << 20);
	if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
		_exit(3);
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mlockall(MCL_CURRENT | MCL_FUTURE) == 0)
		limit(RLIMIT_MEMLOCK, 0);
	f->ready = 1;
	facts_turn_forever(f);
}

static void no_new_code(struct facts *f)
{
	two_threads(f);
	f->v[0] = prctl(PR_SET_MDWE, 1, 0, 0, 0);
	f->ready = 1;
	facts_turn_forever(f);
}

static void turning(struct facts *f)
{
	f->ready = 1;
	facts_turn_forever(f);
}

static void turning_threads(struct facts *f)
{
	two_threads(f);
	turning(f);
}

static void limited(const char *what, void (*fn)(struct facts *f))
{
	struct prey p;

	prey_start(&p, fn);
	sleep_us(3000);
	prey_picture(&p);
	hazard_err(&h, hazard_visit(&h, &p, 0), what, 0, -ENOMEM, -EAGAIN, ERR_NOVICTIM, LIST_END);
	hazard_unharmed(&h, &p, what);
	for (long k = 4; k < 24; k += 3) {
		hazard_kill(&h, &p, 0, (unsigned)k % WHOS, k);
		visit_reap(p.pid);
		sleep_us(20000);
	}
	sleep_us(700000);
	(void)hazard_visit(&h, &p, 0);
	hazard_unharmed(&h, &p, what);
	prey_end(&p);
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY);
	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		close(fd);
	}
}

/* The control group allows what is there and no more. */
static void test_pids_max(void)
{
	char dir[96], pid[16];
	struct prey p;

	snprintf(dir, sizeof(dir), "/sys/fs/cgroup/pids/ptools-%d", getpid());
	if (mkdir(dir, 0755) != 0) {
		hazard_ok(&h, true, "pids.max # SKIP no such control groups here");
		return;
	}
	prey_start(&p, turning_threads);
	snprintf(pid, sizeof(pid), "%d", p.pid);
	put(dir, "cgroup.procs", pid);
	put(dir, "pids.max", "2");
	sleep_us(3000);
	hazard_err(&h, hazard_visit(&h, &p, 0), "pids.max", 0, -EAGAIN, LIST_END);
	hazard_unharmed(&h, &p, "pids.max");
	prey_end(&p);
	sleep_us(20000);
	rmdir(dir);
}

int main(int argc, char **argv)
{
	hazard_init(&h, argc, argv);
	limited("RLIMIT_AS", no_address_space);
	limited("RLIMIT_NPROC", no_processes);
	limited("MCL_FUTURE and RLIMIT_MEMLOCK", locked_memory);
	limited("memory-deny-write-execute", no_new_code);
	test_pids_max();
	return tap_done(&h.tap);
}
