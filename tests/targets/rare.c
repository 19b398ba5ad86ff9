/* SPDX-License-Identifier: MIT */
/*
 * rare DIR: descriptors that few programs have, each where the kernel and its user's rights allow it. Prints
 * "NAME.FACT=VALUE" of each, as it set it up or as the kernel told it alone; NAME.fd is the number.
 */
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "victim.h"

enum { RING = 10, MAP, PROG, LINK, PERF, FAULTS, LANDLOCK, FANOTIFY, NOTIFIER, KVM };

static const char *dir;
static uint64_t map_value = 42;
static const uint32_t map_key = 3;

/* False, and a line that says so, where the kernel does not give it to us. */
static bool placed(const char *name, long fd, int want)
{
	if (fd < 0) {
		printf("%s.without=%s\n", name, strerror(errno));
		return false;
	}
	put_at((int)fd, want);
	printf("%s.fd=%d\n", name, want);
	return true;
}

/* Two files and a buffer registered, nothing submitted. */
static void ring(void)
{
	struct io_uring_params p = {0};
	static char bytes[4096];
	struct iovec buffer = {bytes, sizeof(bytes)};
	int files[] = {eventfd(0, 0), eventfd(0, 0)};

	if (!placed("io_uring", syscall(SYS_io_uring_setup, 8, &p), RING))
		return;
	must(syscall(SYS_io_uring_register, RING, IORING_REGISTER_FILES, files, 2) == 0);
	must(syscall(SYS_io_uring_register, RING, IORING_REGISTER_BUFFERS, &buffer, 1) == 0);
	close(files[0]);
	close(files[1]);
	printf("io_uring.sq_mask=0x%x\nio_uring.cq_mask=0x%x\n", p.sq_entries - 1,
		p.cq_entries - 1);
	puts("io_uring.registered_files=2\nio_uring.registered_buffers=1");
	puts("io_uring.file=0: anon_inode:[eventfd]|1: anon_inode:[eventfd]");
	printf("io_uring.buffer=0: %p/4096\n", (void *)bytes);
}

static long bpf(int cmd, union bpf_attr *a)
{
	return syscall(SYS_bpf, cmd, a, sizeof(*a));
}

static void map(void)
{
	union bpf_attr a = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 5};

	if (!placed("bpf_map", bpf(BPF_MAP_CREATE, &a), MAP))
		return;
	a = (union bpf_attr){
		.map_fd = MAP, .key = (uintptr_t)&map_key, .value = (uintptr_t)&map_value};
	must(bpf(BPF_MAP_UPDATE_ELEM, &a) == 0);
	puts("bpf_map.type=BPF_MAP_TYPE_ARRAY\nbpf_map.key_size=4\nbpf_map.value_size=8\nbpf_map.max_entries=5");
	printf("bpf_map.id=%ld\n", victim_fdinfo(MAP, "map_id:"));
}

/* r0 = 0; exit */
static void program(void)
{
	static const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};
	union bpf_attr a = {.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insns = (uintptr_t)code,
		.insn_cnt = 2,
		.license = (uintptr_t) "GPL",
		.prog_name = "rare"};

	if (!placed("bpf_prog", bpf(BPF_PROG_LOAD, &a), PROG))
		return;
	printf("bpf_prog.type=BPF_PROG_TYPE_RAW_TRACEPOINT\nbpf_prog.name=rare\nbpf_prog.id=%ld\n",
		victim_fdinfo(PROG, "prog_id:"));
	a = (union bpf_attr){
		.raw_tracepoint = {.name = (uintptr_t) "sched_process_exit", .prog_fd = PROG}};
	if (placed("bpf_link", bpf(BPF_RAW_TRACEPOINT_OPEN, &a), LINK))
		printf("bpf_link.tracepoint=sched_process_exit\nbpf_link.prog_id=%ld\nbpf_link.id=%ld\n",
			victim_fdinfo(PROG, "prog_id:"), victim_fdinfo(LINK, "link_id:"));
}

static void counter(void)
{
	struct perf_event_attr a = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(a), .config = PERF_COUNT_SW_TASK_CLOCK};

	(void)placed("perf_event", syscall(SYS_perf_event_open, &a, 0, -1, -1, 0), PERF);
}

/* Of memory that nobody has touched. */
static void faults(void)
{
	struct uffdio_api api = {.api = UFFD_API};

	if (!placed("userfaultfd", syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY),
		    FAULTS))
		return;
	must(ioctl(FAULTS, UFFDIO_API, &api) == 0);
	puts("userfaultfd.pending=0\nuserfaultfd.total=0");
}

static void rules(void)
{
	struct landlock_ruleset_attr a = {.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE};

	(void)placed("landlock", syscall(SYS_landlock_create_ruleset, &a, sizeof(a), 0), LANDLOCK);
}

static void marks(void)
{
	struct stat s;

	if (!placed("fanotify", fanotify_init(FAN_CLASS_NOTIF, O_RDONLY), FANOTIFY))
		return;
	must(fanotify_mark(FANOTIFY, FAN_MARK_ADD, FAN_CLOSE_WRITE, AT_FDCWD, dir) == 0);
	must(stat(dir, &s) == 0);
	printf("fanotify.path=%s\nfanotify.ino=%llu\n", dir, (unsigned long long)s.st_ino);
}

/* In a thread, so that the process is not confined; the descriptor is everybody's, the filter ends with the thread. */
static void *confine(void *arg)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog f = {1, &allow};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		*(long *)arg = syscall(
			SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &f);
	return NULL;
}

static void notifier(void)
{
	pthread_t t;
	long fd = -1;

	must(pthread_create(&t, NULL, confine, &fd) == 0 && pthread_join(t, NULL) == 0);
	(void)placed("seccomp", fd, NOTIFIER);
}

static void machine(void)
{
	(void)placed("kvm", open("/dev/kvm", O_RDWR | O_CLOEXEC), KVM);
}

static void check_map(void)
{
	uint64_t found = 0;
	union bpf_attr a = {.map_fd = MAP, .key = (uintptr_t)&map_key, .value = (uintptr_t)&found};

	if (fcntl(MAP, F_GETFD) >= 0)
		must(bpf(BPF_MAP_LOOKUP_ELEM, &a) == 0 && found == map_value);
}

int main(int argc, char **argv)
{
	must(argc == 2);
	dir = argv[1];
	ring();
	map();
	program();
	counter();
	faults();
	rules();
	marks();
	notifier();
	machine();
	victim_wait();
	check_map();
	return 0;
}
