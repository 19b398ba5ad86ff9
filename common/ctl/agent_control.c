/* SPDX-License-Identifier: MIT */
#include "ctl/agent_control.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ctl/touch.h"

void *agent_map_scratch(const struct proc *p, const struct agent_control *c)
{
	char path[96];
	void *m;
	int fd;

	/* By the diverted thread: a leader that has died shows no mappings. */
	snprintf(path, sizeof path, "../%d/map_files/%lx-%lx", (int)c->victim,
		(unsigned long)c->scratch, (unsigned long)c->scratch + SCRATCH_SIZE);
	touch_point("map_files");
	fd = openat(proc_dirfd(p), path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	m = mmap(NULL, SCRATCH_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return m == MAP_FAILED ? NULL : m;
}

void agent_post(uint32_t *state, uint32_t value)
{
	__atomic_store_n(state, value, __ATOMIC_SEQ_CST);
	touch_point("wake");
	syscall(SYS_futex, state, FUTEX_WAKE, 1, NULL, NULL, 0);
}

int agent_open_mem(const struct proc *p, const struct agent_control *c, int *mem)
{
	/* A dead leader has no memory to show; the diverted thread may be dead as well. */
	int err = cave_open_mem(p, c->victim, mem);

	return err ? cave_open_mem(p, proc_pid(p), mem) : 0;
}
