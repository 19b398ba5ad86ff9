/* SPDX-License-Identifier: MIT */
#include "special.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
	bool known;
	unsigned dev_major, dev_minor;
	int64_t mount; /* -1: not known (before Linux 5.8) */
} special[SPECIAL_COUNT];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int open_one(enum special which)
{
	int end[2];

	switch (which) {
	case SPECIAL_PIPES:
		if (pipe2(end, O_CLOEXEC) < 0)
			return -1;
		close(end[1]);
		return end[0];
	case SPECIAL_MEMFDS: return memfd_create("pfiles", MFD_CLOEXEC);
	case SPECIAL_NAMESPACES: return open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	default: return -1;
	}
}

static void find(enum special which)
{
	struct statx s;
	int fd = open_one(which);

	if (fd < 0)
		return;
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &s) == 0) {
		special[which].dev_major = s.stx_dev_major;
		special[which].dev_minor = s.stx_dev_minor;
		special[which].mount = s.stx_mask & STATX_MNT_ID ? (int64_t)s.stx_mnt_id : -1;
		special[which].known = true;
	}
	close(fd);
}

static void find_all(void)
{
	for (int i = 0; i < SPECIAL_COUNT; i++)
		find((enum special)i);
}

bool special_is(enum special which, unsigned dev_major, unsigned dev_minor)
{
	if (dev_major)
		return false; /* they are on no disk */
	pthread_once(&once, find_all);
	return special[which].known && special[which].dev_minor == dev_minor;
}

bool special_mount(int64_t id)
{
	bool found = false;

	pthread_once(&once, find_all);
	for (int i = 0; i < SPECIAL_COUNT; i++)
		found |= special[i].known && special[i].mount == id;
	return found && id >= 0;
}
