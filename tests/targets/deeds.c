/* SPDX-License-Identifier: MIT */
/* build: 32 static */
/*
 * deeds MODE FOLDER: the calls of one family, those that succeed and those that fail, the same each time. Two tracers
 * must tell the same of it.
 */
#include <dirent.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>

#include "victim.h"

/* A call whose result is for the tracers, not for us. */
#define DO(call) ((void)!(call))

static char text[4096];

static void files(void)
{
	struct iovec v[2] = {{text, 3}, {text + 3, 4}};
	int fd = open("a", O_RDWR | O_CREAT | O_TRUNC, 0640), other;

	must(fd >= 0);
	memset(text, 'x', sizeof text);
	DO(write(fd, "hello, world\n", 13));
	DO(writev(fd, v, 2));
	DO(pwrite(fd, "HELLO", 5, 2));
	DO(lseek(fd, 0, SEEK_SET));
	DO(lseek(fd, -1, SEEK_SET));
	DO(read(fd, text, sizeof text));
	DO(read(fd, text, sizeof text));
	DO(pread(fd, text, 5, 2));
	DO(preadv(fd, v, 2, 1));
	DO(ftruncate(fd, 7));
	DO(truncate("a", 6));
	DO(fallocate(fd, 0, 0, 4096));
	DO(fsync(fd) + fdatasync(fd));
	DO(fchmod(fd, 0600) + chmod("a", 0644));
	DO(fcntl(fd, F_GETFL) + fcntl(fd, F_SETFD, FD_CLOEXEC) + fcntl(fd, 99));
	DO(fcntl(fd, F_SETLK, &(struct flock){.l_type = F_WRLCK, .l_len = 5}));
	DO(flock(fd, LOCK_EX | LOCK_NB));
	other = dup(fd);
	DO(dup2(fd, 40) + dup3(fd, 41, O_CLOEXEC) + dup3(fd, fd, 0));
	DO(close(other) + close(40) + close(41) + close(41));
	DO(posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM));
	DO(sendfile(STDERR_FILENO, fd, NULL, 0) + copy_file_range(fd, NULL, fd, NULL, 0, 0));
	DO(ioctl(fd, FIONREAD, &other) + ioctl(fd, TIOCGWINSZ, text));
	DO(close(fd));
	DO(read(-1, text, 1) + read(0x7fff, text, 1) + write(1000, NULL, 0));
	DO(open("absent", O_RDONLY) + open("a", O_RDONLY | O_DIRECTORY) + open("", 0));
	DO(open("a", O_CREAT | O_EXCL | O_WRONLY, 0600));
	DO(creat("b", 0600));
	DO(unlink("a") + unlink("a") + unlink("b"));
}

static void folders(void)
{
	struct stat s;
	struct statfs fs;
	DIR *d;

	DO(mkdir("d", 0755) + mkdir("d", 0755));
	DO(symlink("nowhere", "d/link") + readlink("d/link", text, sizeof text) +
		readlink("d", text, 9));
	DO(mknod("d/pipe", S_IFIFO | 0600, 0));
	DO(link("d/pipe", "d/second") + rename("d/second", "d/third") + rename("none", "d/none"));
	DO(stat("d", &s) + lstat("d/link", &s) + stat("d/link", &s) + stat("d/absent", &s));
	DO(fstatat(AT_FDCWD, "d/pipe", &s, AT_SYMLINK_NOFOLLOW));
	DO(access("d", R_OK) + access("d/absent", F_OK) + faccessat(AT_FDCWD, "d", W_OK, 0));
	DO(statfs(".", &fs) + statfs("absent", &fs));
	DO(chown("d", getuid(), getgid()) + lchown("d/link", getuid(), getgid()));
	DO(utimensat(AT_FDCWD, "d", (struct timespec[2]){{1, 2}, {3, 4}}, 0));
	DO(setxattr("d", "user.name", "value", 5, 0) + getxattr("d", "user.none", text, 99) +
		listxattr("d", NULL, 0));
	DO(removexattr("d", "user.name"));
	d = opendir("d");
	must(d);
	while (readdir(d))
		;
	closedir(d);
	DO(chdir("d") + chdir("none"));
	must(getcwd(text, sizeof text));
	DO(chdir(".."));
	DO(unlink("d/link") + unlink("d/pipe") + unlink("d/third") + rmdir("d") + rmdir("d"));
	DO(umask(027) + umask(022));
	DO(syscall(SYS_statx, AT_FDCWD, ".", 0, 0x7ff, text) +
		syscall(SYS_statx, -1, "x", 0, 0, text));
	DO(syscall(SYS_openat2, AT_FDCWD, "absent", (uint64_t[3]){O_RDONLY, 0, 0}, 24));
}

static void sockets(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX, .sun_path = "sock"};
	socklen_t len = sizeof sun;
	struct iovec v = {text, 4};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	int pair[2], fd, on = 1, c;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	DO(send(pair[0], "abcdefgh", 8, 0) + recv(pair[1], text, 3, 0));
	DO(sendmsg(pair[0], &m, 0) + recvmsg(pair[1], &m, MSG_DONTWAIT));
	DO(recv(pair[1], text, 99, MSG_DONTWAIT) + recv(pair[1], text, 99, MSG_DONTWAIT));
	DO(shutdown(pair[0], SHUT_WR) + recv(pair[1], text, 9, 0));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	DO(bind(fd, (void *)&sun, sizeof sun) + bind(fd, (void *)&sun, sizeof sun) + listen(fd, 3));
	c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	DO(connect(c, (void *)&sun, sizeof sun) + connect(c, (void *)&sun, sizeof sun));
	DO(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
	DO(getsockname(fd, (void *)&sun, &len) + getpeername(fd, (void *)&sun, &len));
	DO(setsockopt(c, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
	len = sizeof on;
	DO(getsockopt(c, SOL_SOCKET, SO_TYPE, &on, &len) +
		getsockopt(c, SOL_SOCKET, 9999, &on, &len));
	DO(accept(c, NULL, NULL) + socket(AF_UNIX, 77, 0) + socket(12345, SOCK_STREAM, 0));
	DO(sendto(c, "x", 1, MSG_NOSIGNAL, (void *)&sun, sizeof sun));
	DO(unlink("sock"));
}

static void memory(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char resident[4];

	must(p != MAP_FAILED);
	DO(mprotect(p, page, PROT_READ) + madvise(p, page, MADV_DONTNEED) + mlock(p, page) +
		munlock(p, page));
	DO(mincore(p, 4 * page, resident) + msync(p, page, MS_SYNC) +
		mprotect(p + 1, page, PROT_READ));
	p = mremap(p, 4 * page, 8 * page, MREMAP_MAYMOVE);
	DO(munmap(p, 8 * page) + munmap(p + 1, page));
	DO(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == p);
	DO(mmap(NULL, page, PROT_READ, MAP_SHARED, -1, 0) == p);
	DO(close((int)syscall(SYS_memfd_create, "name", 1u)) +
		(int)syscall(SYS_memfd_create, "name", 0xf000u));
}

static void ids(void)
{
	struct rlimit l;
	struct rusage u;
	struct utsname n;
	struct sysinfo i;
	gid_t groups[128];

	DO(getuid() + geteuid() + getgid() + getegid());
	DO(getgroups(128, groups) + setuid(getuid()) + setgid(getgid()));
	DO(setresuid((uid_t)-1, (uid_t)-1, (uid_t)-1) + setpriority(PRIO_PROCESS, 0, 1) +
		getpriority(PRIO_PROCESS, 0));
	DO(getrlimit(RLIMIT_NOFILE, &l) + setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) +
		getrlimit(99, &l));
	DO(getrusage(RUSAGE_SELF, &u) + uname(&n) + sysinfo(&i) + prctl(PR_SET_NAME, "deeds") +
		prctl(9999));
	DO(sched_yield() + sched_getscheduler(0) + sched_get_priority_max(SCHED_RR) +
		sched_getscheduler(-1));
	DO(getpgid(-5) + getsid(0x7ffffff) + kill(0x7ffffff, 0) + kill(getpid(), 0) +
		kill(getpid(), 99));
}

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught += sig;
}

static void signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};
	sigset_t set, old;

	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR1, NULL, &sa);
	DO(sigaction(SIGKILL, &sa, NULL) + raise(SIGUSR1));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	DO(raise(SIGUSR1) + sigpending(&old) + sigwaitinfo(&set, NULL));
	DO(sigtimedwait(&set, NULL, &(struct timespec){0, 1000}));
	DO(raise(SIGUSR1));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	DO(sigaltstack(&(stack_t){.ss_sp = text, .ss_size = 1}, NULL) +
		sigaltstack(NULL, &(stack_t){0}));
	must(caught == 2 * SIGUSR1);
}

static void times(void)
{
	struct timespec t = {0, 1000};
	struct timeval v = {0, 1000};
	struct itimerval i = {{0, 0}, {0, 0}};
	timer_t timer;

	DO(nanosleep(&t, NULL) + nanosleep(&(struct timespec){0, -1}, NULL));
	DO(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL) + clock_nanosleep(999, 0, &t, NULL));
	DO(clock_getres(CLOCK_REALTIME, &t) + setitimer(ITIMER_REAL, &i, NULL) +
		getitimer(ITIMER_VIRTUAL, &i));
	DO(select(0, NULL, NULL, NULL, &v) +
		timer_create(
			CLOCK_MONOTONIC, &(struct sigevent){.sigev_notify = SIGEV_NONE}, &timer));
	DO(timer_getoverrun(timer) + timer_delete(timer) + (int)alarm(0));
	DO(syscall(SYS_clock_gettime, 99, text) +
		syscall(SYS_clock_gettime, CLOCK_MONOTONIC, text));
}

static void waiting(void)
{
	struct epoll_event e = {.events = EPOLLIN};
	int p[2], ep = epoll_create1(EPOLL_CLOEXEC), ev = eventfd(3, EFD_NONBLOCK), fd;
	struct pollfd pf = {.events = POLLIN};
	struct timeval none = {0, 0};
	sigset_t set;
	fd_set in;

	must(pipe2(p, O_CLOEXEC) == 0);
	DO(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e) + epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e) +
		epoll_wait(ep, &e, 1, 0));
	DO(write(p[1], "x", 1));
	DO(epoll_wait(ep, &e, 1, -1) + epoll_wait(ep, &e, 0, 0) +
		epoll_ctl(ep, EPOLL_CTL_DEL, ev, NULL));
	pf.fd = p[0];
	DO(poll(&pf, 1, 0) + poll(NULL, 0, 1) + ppoll(&pf, 1, &(struct timespec){0, 0}, NULL));
	FD_ZERO(&in);
	FD_SET(p[0], &in);
	DO(select(p[0] + 1, &in, NULL, NULL, &none));
	DO(read(ev, text, 8));
	DO(read(ev, text, 8));
	DO(read(ev, text, 3));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	DO(read(fd, text, 128));
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	DO(timerfd_settime(fd, 0, &(struct itimerspec){{0, 0}, {100, 0}}, NULL));
	DO(read(fd, text, 8));
	fd = inotify_init1(IN_NONBLOCK);
	DO(inotify_add_watch(fd, ".", IN_CREATE) + inotify_add_watch(fd, "absent", IN_CREATE) +
		inotify_rm_watch(fd, 99));
	DO(read(fd, text, sizeof text));
}

static void ipc(void)
{
	int q = msgget(IPC_PRIVATE, 0600), s = semget(IPC_PRIVATE, 2, 0600),
	    m = shmget(IPC_PRIVATE, 4096, 0600);
	struct sembuf up = {0, 1, 0}, down = {1, -1, IPC_NOWAIT};
	struct {
		long type;
		char bytes[16];
	} msg = {7, "some message"};
	struct msqid_ds ds;
	void *at;

	DO(msgsnd(q, &msg, 12, 0) + msgrcv(q, &msg, 16, 0, 0) + msgrcv(q, &msg, 16, 0, IPC_NOWAIT) +
		msgctl(q, IPC_STAT, &ds));
	DO(semop(s, &up, 1) + semop(s, &down, 1) + semctl(s, 0, GETVAL) + semctl(s, 9, GETVAL));
	DO(semtimedop(s, &up, 1, &(struct timespec){1, 500000000}));
	at = shmat(m, NULL, 0);
	DO(shmdt(at) + shmdt(at));
	DO(msgctl(q, IPC_RMID, NULL) + semctl(s, 0, IPC_RMID) + shmctl(m, IPC_RMID, NULL) +
		shmctl(m, IPC_RMID, NULL));
}

/* Children by each way there is, and how they end. */
static void processes(void)
{
	int status;
	siginfo_t si;
	pid_t pid = fork();

	if (!pid)
		_exit(3);
	DO(waitpid(pid, &status, 0) + waitpid(pid, &status, 0));
	pid = vfork();
	if (!pid)
		_exit(4);
	DO(waitid(P_PID, (id_t)pid, &si, WEXITED));
	pid = fork();
	if (!pid) {
		execl("/nonexistent", "x", NULL);
		execl("/bin/true", "true", NULL);
		_exit(5);
	}
	DO(wait4(pid, &status, 0, NULL));
	pid = fork();
	if (!pid) {
		raise(SIGKILL);
		_exit(6);
	}
	DO(waitpid(pid, &status, 0));
	DO(wait(NULL));
	DO(setsid() + setpgid(0, 0) + getpgid(0) * 0);
}

static void *asks(void *arg)
{
	for (int i = 0; i < 50; i++)
		DO(syscall(SYS_getppid) + access(arg, F_OK));
	return NULL;
}

static void threads(void)
{
	static char *const names[] = {"one", "two", "three", "four"};
	pthread_t t[4];

	/* One after the other: no lock is ever waited for. */
	for (int i = 0; i < 4; i++) {
		must(pthread_create(&t[i], NULL, asks, names[i]) == 0);
		usleep(20000);
	}
	for (int i = 0; i < 4; i++)
		must(pthread_join(t[i], NULL) == 0);
}

/* Its own filter: one call is refused, one is a signal, the others are as always. */
static void filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_getpgid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof code[0], code};

	signal(SIGSYS, on_signal);
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	must(syscall(SYS_getppid) == -1 && errno == EXDEV);
	DO(syscall(SYS_getpgid, 0));
	must(caught == SIGSYS);
	must(getpid() > 0);
}

/* A ring: one request that does nothing, and its completion. */
static void uring(void)
{
	struct io_uring_params p = {0};
	int fd = (int)syscall(__NR_io_uring_setup, 4, &p);
	unsigned char *sq, *cq;
	struct io_uring_sqe *e;

	if (fd < 0)
		return; /* switched off here */
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_CQ_RING);
	e = mmap(NULL, p.sq_entries * sizeof *e, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		fd, IORING_OFF_SQES);
	must(sq != MAP_FAILED && cq != MAP_FAILED && e != MAP_FAILED);
	*e = (struct io_uring_sqe){.opcode = IORING_OP_NOP, .user_data = 77};
	*(unsigned *)(sq + p.sq_off.array) = 0;
	__atomic_store_n((unsigned *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	must(syscall(__NR_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1);
	must(((struct io_uring_cqe *)(cq + p.cq_off.cqes))->user_data == 77);
	DO(syscall(__NR_io_uring_enter, fd, 0, 0, 0, NULL, 0) +
		syscall(__NR_io_uring_register, fd, 999, NULL, 0));
	DO(close(fd));
}

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {{"files", files}, {"folders", folders}, {"sockets", sockets}, {"memory", memory},
	{"ids", ids}, {"signals", signals}, {"times", times}, {"waiting", waiting}, {"ipc", ipc},
	{"processes", processes}, {"threads", threads}, {"filter", filter}, {"uring", uring}};

int main(int argc, char **argv)
{
	/* Without a mode: their names. */
	for (size_t i = 0; argc < 3 && i < sizeof modes / sizeof modes[0]; i++)
		puts(modes[i].name);
	if (argc < 3)
		return 0;
	must(chdir(argv[2]) == 0);
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		if (!strcmp(argv[1], modes[i].name)) {
			modes[i].run();
			return 0;
		}
	return 2;
}
