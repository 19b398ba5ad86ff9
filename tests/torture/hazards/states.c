/* SPDX-License-Identifier: MIT */
/*
 * The blocking calls, each in a single-threaded victim that is visited while it sleeps: the result
 * and the time are those of a victim left alone, also when tool, warden or both are killed midway.
 * Where an interruption would show, the visit must have been refused. `--naive` fails.
 */
#include "../lib/clock.h"
#include "../lib/prey.h"
#include "../lib/visit.h"
#include "../../lib/tap.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <linux/io_uring.h>

#define NAP_MS   500 /* how long each call takes */
#define NAP_NS   (NAP_MS * 1000000L)
#define VISIT_MS 60  /* when the visits begin */
#define LATE_MS  900 /* later than this is wrong even on a busy machine */
#define EARLY_MS 3   /* the clock is read before the timer is set */
#define BATCH    10
#define TRIES    8 /* of a batch, on a busy machine */
#define BIG      (1 << 20)

static struct facts *me;

/* The one blocking call of a victim, timed. */
#define NAP(call)                                                                                  \
	do {                                                                                       \
		me->begun = now_us();                                                              \
		me->ready = 1;                                                                     \
		errno = 0;                                                                         \
		me->ret = (int64_t)(call);                                                         \
		me->err = errno;                                                                   \
		me->ended = now_us();                                                              \
		me->done = 1;                                                                      \
	} while (0)

/* A child that is to end the nap; true in the child, NAP_MS later. */
static bool after_nap(void)
{
	if (fork() != 0)
		return false;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sleep_us(NAP_MS * 1000);
	return true;
}

static void after_nap_write(int fd)
{
	uint64_t one = 1;

	if (after_nap()) {
		(void)!write(fd, &one, sizeof(one));
		_exit(0);
	}
}

static void after_nap_signal(void)
{
	pid_t parent = getpid();

	if (after_nap()) {
		kill(parent, SIGUSR1);
		_exit(0);
	}
}

static void make_pipe(int p[2])
{
	if (pipe(p) != 0)
		_exit(3);
}

static struct timespec from_now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += NAP_NS;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static const struct timespec nap = {0, NAP_NS};

static void handler(int sig)
{
	(void)sig;
}

static void block(int sig)
{
	sigset_t m;

	sigemptyset(&m);
	sigaddset(&m, sig);
	sigprocmask(SIG_BLOCK, &m, NULL);
}

static void catch (int flags)
{
	struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};

	sigaction(SIGUSR1, &sa, NULL);
}

static char *temp_name(const char *what)
{
	static char name[96];

	snprintf(name, sizeof(name), "/tmp/ptools-states-%s-%d", what, getpid());
	return name;
}

static void do_loop(void)
{
	uint64_t t0 = now_us();

	me->begun = t0;
	me->ready = 1;
	while (now_us() - t0 < NAP_MS * 1000u)
		;
	me->ret = 0;
	me->ended = now_us();
	me->done = 1;
}

static void do_nanosleep(void)
{
	NAP(nanosleep(&nap, NULL));
}

static void do_sleep_until(void)
{
	struct timespec t = from_now(CLOCK_MONOTONIC);

	NAP(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
}

static void do_read_pipe(void)
{
	char c[8];
	int p[2];

	make_pipe(p);
	after_nap_write(p[1]);
	NAP(read(p[0], c, 1));
}

static void do_poll(void)
{
	struct pollfd f = {.events = POLLIN};
	int p[2];

	make_pipe(p);
	f.fd = p[0];
	NAP(poll(&f, 1, NAP_MS));
}

static void do_ppoll(void)
{
	struct timespec t = nap;
	sigset_t none;

	sigemptyset(&none);
	NAP(ppoll(NULL, 0, &t, &none));
}

static void do_select(void)
{
	struct timeval t = {0, NAP_MS * 1000};

	NAP(select(0, NULL, NULL, NULL, &t));
}

static void do_futex_timed(void)
{
	uint32_t word = 0;

	NAP(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &nap, NULL, 0));
}

static void do_futex_until(void)
{
	struct timespec t = from_now(CLOCK_MONOTONIC);
	uint32_t word = 0;

	NAP(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &t, NULL, -1));
}

static void do_futex(void)
{
	uint32_t *word =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (after_nap()) {
		*word = 1;
		syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
		_exit(0);
	}
	NAP(syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL, NULL, 0));
}

static void do_epoll_timed(void)
{
	struct epoll_event e;
	int ep = epoll_create1(0);

	NAP(epoll_wait(ep, &e, 1, NAP_MS));
}

static void do_epoll(void)
{
	struct epoll_event e = {.events = EPOLLIN};
	int p[2], ep = epoll_create1(0);

	make_pipe(p);
	epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e);
	after_nap_write(p[1]);
	NAP(epoll_wait(ep, &e, 1, -1));
}

static void do_epoll_handler(void)
{
	struct epoll_event e;
	int ep = epoll_create1(0);

	catch (SA_RESTART);
	after_nap_signal();
	NAP(epoll_wait(ep, &e, 1, -1));
}

static void do_sigtimedwait(void)
{
	sigset_t m;

	block(SIGUSR2);
	sigemptyset(&m);
	sigaddset(&m, SIGUSR2);
	NAP(sigtimedwait(&m, NULL, &nap));
}

static void do_sigwait(void)
{
	sigset_t m;

	block(SIGUSR1);
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	after_nap_signal();
	NAP(sigtimedwait(&m, NULL, NULL));
}

static void do_sigsuspend(void)
{
	sigset_t none;

	catch (0);
	block(SIGUSR1);
	sigemptyset(&none);
	after_nap_signal();
	NAP(sigsuspend(&none));
}

static void do_pause(void)
{
	catch (0);
	after_nap_signal();
	NAP(pause());
}

static void do_semop(void)
{
	struct sembuf up = {0, 1, 0}, down = {0, -1, 0};
	int id = semget(IPC_PRIVATE, 1, 0600);

	if (after_nap()) {
		semop(id, &up, 1);
		_exit(0);
	}
	NAP(semop(id, &down, 1));
	semctl(id, 0, IPC_RMID);
}

static void do_msgrcv(void)
{
	struct {
		long type;
		char text[8];
	} m = {1, "hello"};
	int id = msgget(IPC_PRIVATE, 0600);

	if (after_nap()) {
		msgsnd(id, &m, 8, 0);
		_exit(0);
	}
	NAP(msgrcv(id, &m, 8, 0, 0));
	msgctl(id, IPC_RMID, NULL);
}

static void do_wait4(void)
{
	if (after_nap())
		_exit(0);
	NAP(wait4(-1, NULL, 0, NULL) > 0);
}

static void do_accept(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	listen(s, 1);
	getsockname(s, (struct sockaddr *)&a, &len);
	if (after_nap()) {
		int c = socket(AF_INET, SOCK_STREAM, 0);

		connect(c, (struct sockaddr *)&a, len);
		sleep_us(100000);
		_exit(0);
	}
	NAP(accept(s, NULL, NULL) >= 0);
}

static void receive(int type, bool timed, int flags, size_t first, size_t want)
{
	struct timeval t = {0, NAP_MS * 1000};
	char bytes[16] = "abcdefgh";
	int s[2];

	if (socketpair(AF_UNIX, type, 0, s) != 0)
		_exit(3);
	if (first)
		(void)!write(s[1], bytes, first);
	if (timed)
		setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	else
		after_nap_write(s[1]);
	NAP(recv(s[0], bytes, want, flags));
}

static void do_recv(void)
{
	receive(SOCK_STREAM, false, 0, 0, 4);
}

static void do_recv_timed(void)
{
	receive(SOCK_STREAM, true, 0, 0, 4);
}

static void do_recv_all(void)
{
	receive(SOCK_STREAM, false, MSG_WAITALL, 3, 8);
}

static void do_recvmmsg(void)
{
	struct timespec t = {2, 0};
	char bytes[16];
	struct iovec v = {bytes, sizeof(bytes)};
	struct mmsghdr m = {.msg_hdr = {.msg_iov = &v, .msg_iovlen = 1}};
	int s[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, s) != 0)
		_exit(3);
	after_nap_write(s[1]);
	NAP(recvmmsg(s[0], &m, 1, 0, &t));
}

/* A reader that begins NAP_MS from now and takes everything. */
static int slow_reader(void)
{
	static char bytes[65536];
	int p[2];

	make_pipe(p);
	if (after_nap()) {
		close(p[1]);
		while (read(p[0], bytes, sizeof(bytes)) > 0)
			;
		_exit(0);
	}
	close(p[0]);
	return p[1];
}

static void do_big_write(void)
{
	char *bytes = calloc(1, BIG);
	int fd = slow_reader();

	NAP(write(fd, bytes, BIG));
}

/* Into a pipe that is full: what it can take in one go it takes without sleeping. */
static void do_sendfile(void)
{
	int fd = slow_reader(), file = memfd_create("big", 0);
	static char bytes[65536];

	if (ftruncate(file, BIG) != 0 || write(fd, bytes, sizeof(bytes)) != sizeof(bytes))
		_exit(3);
	NAP(sendfile(fd, file, NULL, 4096));
}

static void do_splice(void)
{
	int in[2], out[2];

	make_pipe(in);
	make_pipe(out);
	after_nap_write(in[1]);
	NAP(splice(in[0], NULL, out[1], NULL, 1, 0));
}

static void do_inotify(void)
{
	char bytes[512], *name = temp_name("inotify");
	int fd = inotify_init1(0);

	mkdir(name, 0700);
	inotify_add_watch(fd, name, IN_DELETE_SELF);
	if (after_nap()) {
		rmdir(name);
		_exit(0);
	}
	NAP(read(fd, bytes, sizeof(bytes)) > 0);
}

static void do_eventfd(void)
{
	uint64_t v;
	int fd = eventfd(0, 0);

	after_nap_write(fd);
	NAP(read(fd, &v, sizeof(v)));
}

static void do_timerfd(void)
{
	struct itimerspec in = {.it_value = nap};
	uint64_t v;
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	timerfd_settime(fd, 0, &in, NULL);
	NAP(read(fd, &v, sizeof(v)));
}

static void do_signalfd(void)
{
	struct signalfd_siginfo si;
	sigset_t m;
	int fd;

	block(SIGUSR1);
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	fd = signalfd(-1, &m, 0);
	after_nap_signal();
	NAP(read(fd, &si, sizeof(si)));
}

/* A file that a child has locked in one way or the other until NAP_MS from now. */
static int locked_file(bool posix)
{
	struct flock whole = {.l_type = F_WRLCK};
	char *name = temp_name("lock");
	int fd = open(name, O_CREAT | O_RDWR, 0600);

	if (fork() == 0) {
		int own = open(name, O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		unlink(name);
		if (posix)
			fcntl(own, F_SETLKW, &whole);
		else
			flock(own, LOCK_EX);
		me->go = 1;
		sleep_us(NAP_MS * 1000);
		_exit(0);
	}
	while (!me->go)
		sleep_us(100);
	return fd;
}

static void do_flock(void)
{
	int fd = locked_file(false);

	NAP(flock(fd, LOCK_EX));
}

static void do_setlkw(void)
{
	struct flock whole = {.l_type = F_WRLCK};
	int fd = locked_file(true);

	NAP(fcntl(fd, F_SETLKW, &whole));
}

static void do_fifo(void)
{
	char *name = temp_name("fifo");

	mkfifo(name, 0600);
	if (after_nap()) {
		int fd = open(name, O_WRONLY);

		unlink(name);
		close(fd);
		_exit(0);
	}
	NAP(open(name, O_RDONLY) >= 0);
}

static void get_events(const struct timespec *timeout)
{
	aio_context_t context = 0;
	struct iocb poll_pipe = {.aio_lio_opcode = IOCB_CMD_POLL, .aio_buf = POLLIN},
		    *list = &poll_pipe;
	struct io_event e;
	int p[2];

	make_pipe(p);
	poll_pipe.aio_fildes = (uint32_t)p[0];
	syscall(SYS_io_setup, 4, &context);
	syscall(SYS_io_submit, context, 1, &list);
	if (!timeout)
		after_nap_write(p[1]);
	NAP(syscall(SYS_io_getevents, context, 1, 1, &e, timeout));
}

static void do_io_getevents_timed(void)
{
	get_events(&nap);
}

static void do_io_getevents(void)
{
	get_events(NULL);
}

static void do_io_uring(void)
{
	struct io_uring_params params = {0};
	struct io_uring_getevents_arg arg = {.ts = (uint64_t)(uintptr_t)&nap};
	int fd = (int)syscall(SYS_io_uring_setup, 4, &params);

	NAP(syscall(SYS_io_uring_enter, fd, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
		&arg, sizeof(arg)));
}

static void do_mq(void)
{
	struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 16};
	struct timespec t = from_now(CLOCK_REALTIME);
	char name[64], bytes[16];
	mqd_t q;

	snprintf(name, sizeof(name), "/ptools-states-%d", getpid());
	q = mq_open(name, O_CREAT | O_RDWR, 0600, &attr);
	mq_unlink(name);
	NAP(mq_timedreceive(q, bytes, 16, NULL, &t));
}

/* What a visit must do. MAY: the call restarts, but it is no fault to leave it alone. */
enum expected { OPENS, REFUSED, MAY };

static const struct row {
	const char *name;
	void (*fn)(void);
	long ret;
	enum expected visit;
} rows[] = {
	{"loop in user mode", do_loop, 0, OPENS},
	{"nanosleep", do_nanosleep, 0, OPENS},
	{"clock_nanosleep absolute", do_sleep_until, 0, OPENS},
	{"read pipe", do_read_pipe, 1, OPENS},
	{"poll", do_poll, 0, OPENS},
	{"ppoll with mask", do_ppoll, 0, OPENS},
	{"select", do_select, 0, OPENS},
	{"futex timed", do_futex_timed, -ETIMEDOUT, OPENS},
	{"futex bitset absolute", do_futex_until, -ETIMEDOUT, OPENS},
	{"futex", do_futex, 0, OPENS},
	{"epoll_wait timed", do_epoll_timed, 0, REFUSED},
	{"epoll_wait", do_epoll, 1, REFUSED},
	{"epoll_wait, handler", do_epoll_handler, -EINTR, REFUSED},
	{"sigtimedwait timed", do_sigtimedwait, -EAGAIN, REFUSED},
	{"sigtimedwait", do_sigwait, SIGUSR1, REFUSED},
	{"sigsuspend", do_sigsuspend, -EINTR, OPENS},
	{"pause", do_pause, -EINTR, OPENS},
	{"semop", do_semop, 0, REFUSED},
	{"msgrcv", do_msgrcv, 8, OPENS},
	{"wait4", do_wait4, 1, OPENS},
	{"accept", do_accept, 1, OPENS},
	{"recv", do_recv, 4, OPENS},
	{"recv SO_RCVTIMEO", do_recv_timed, -EAGAIN, REFUSED},
	{"recv MSG_WAITALL half done", do_recv_all, 8, REFUSED},
	{"recvmmsg timed", do_recvmmsg, 1, MAY},
	{"write 1 MiB to a pipe", do_big_write, BIG, REFUSED},
	{"sendfile to a full pipe", do_sendfile, 4096, MAY},
	{"splice", do_splice, 1, MAY},
	{"read inotify", do_inotify, 1, OPENS},
	{"read eventfd", do_eventfd, 8, OPENS},
	{"read timerfd", do_timerfd, 8, OPENS},
	{"read signalfd", do_signalfd, 128, OPENS},
	{"flock", do_flock, 0, OPENS},
	{"fcntl F_SETLKW", do_setlkw, 0, OPENS},
	{"open FIFO", do_fifo, 1, MAY},
	{"io_getevents timed", do_io_getevents_timed, 0, REFUSED},
	{"io_getevents", do_io_getevents, 1, REFUSED},
	{"io_uring_enter timed", do_io_uring, -ETIME, REFUSED},
	{"mq_timedreceive", do_mq, -ETIMEDOUT, OPENS},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* How the victims are treated, one way after the other. */
static const struct way {
	const char *name;
	bool visit;
	enum plan_kill kill;
	enum plan_who who;
	unsigned tenth; /* of the calls of an undisturbed visit */
} ways[] = {
	{"untouched", false, KILL_NONE, WHO_TOOL, 0},
	{"visited", true, KILL_NONE, WHO_TOOL, 0},
	{"tool killed", true, KILL_BEFORE, WHO_TOOL, 7},
	{"warden killed", true, KILL_BEFORE, WHO_WARDEN, 7},
	{"both killed", true, KILL_BEFORE, WHO_BOTH, 7},
	{"both killed early", true, KILL_BEFORE, WHO_BOTH, 4},
};

static struct tap tap;
static struct plan *plan;
static const struct subject *subject;
static long points[ROWS]; /* kernel calls of a visit that opened; 0: it was refused */

static void (*current)(void);

static void run_current(struct facts *f)
{
	me = f;
	prctl(PR_SET_TIMERSLACK, 1);
	current();
	sleep_us(2000);
}

/* What the visit itself must have come to; NULL or what is wrong. */
static const char *visit_fault(unsigned row, const struct way *way, enum visit_end end)
{
	static char text[128];
	enum expected want = rows[row].visit;

	if (end == VISIT_HUNG || end == VISIT_DIED)
		return end == VISIT_HUNG ? "the tool hangs" : "the tool died";
	if (way->kill != KILL_NONE)
		return NULL;
	if (plan->err == 0 && plan->wrong)
		return "wrong results";
	if (plan->err == 0)
		points[row] = plan->count;
	if ((plan->err == 0 && want != REFUSED) || (plan->err == ERR_NOVICTIM && want != OPENS))
		return NULL;
	snprintf(text, sizeof(text), "visit: %s", plan->err ? err_str(plan->err) : "not refused");
	return text;
}

/* A return that we caused comes when we look: hundreds of milliseconds early, also on a busy machine. */
static long early_ms(void)
{
	return patient(EARLY_MS) > EARLY_MS ? 20 * EARLY_MS : EARLY_MS;
}

static const char *nap_fault(unsigned row, struct prey *p)
{
	static char text[160];
	long ret, ms;

	if (!prey_done(p, NAP_MS + patient(LATE_MS) + 1000)) {
		snprintf(text, sizeof(text), "never returned: %s", p->why);
		return text;
	}
	ret = p->f->ret < 0 ? -p->f->err : (long)p->f->ret;
	ms = (long)(p->f->ended - p->f->begun) / 1000;
	if (ret == rows[row].ret && ms >= NAP_MS - early_ms() &&
		ms <= NAP_MS + (long)patient(LATE_MS))
		return NULL;
	snprintf(text, sizeof(text), "returned %ld after %ld ms, not %ld", ret, ms, rows[row].ret);
	return text;
}

static const char *visit_row(unsigned row, const struct way *way, struct prey *p)
{
	struct visit v = {.subject = subject, .plan = plan, .target = p->pid};

	plan_set(plan, way->kill, way->who, points[row] * way->tenth / 10, 0);
	return visit_fault(row, way, visit_run(&v));
}

/* A batch of rows: what is held against each, "" if nothing. */
struct batch {
	const struct way *way;
	unsigned first, last;
	bool skip[BATCH];
	char harm[BATCH][192];
};

/*
 * Some rows at once, for most of the time everybody sleeps. The user-mode loop is only ever one. False if the
 * machine was so busy that the last visit began when the victims may have woken up already: nothing is shown then.
 */
static bool try_batch(struct batch *b)
{
	const char *fault[BATCH] = {NULL};
	struct prey prey[BATCH];
	uint64_t begun = now_ms();
	unsigned n = b->last - b->first;
	bool in_time;

	for (unsigned i = 0; i < n; i++) {
		b->skip[i] = b->way->kill != KILL_NONE && points[b->first + i] == 0;
		current = rows[b->first + i].fn;
		if (!b->skip[i])
			prey_start(&prey[i], run_current);
	}
	sleep_us(VISIT_MS * 1000);
	for (unsigned i = 0; b->way->visit && i < n; i++) {
		if (!b->skip[i])
			fault[i] = visit_row(b->first + i, b->way, &prey[i]);
	}
	in_time = now_ms() - begun < NAP_MS * 4 / 5;
	for (unsigned i = 0; i < n; i++) {
		const char *harm = b->skip[i] ? NULL : nap_fault(b->first + i, &prey[i]);

		if (!harm)
			harm = fault[i];
		snprintf(b->harm[i], sizeof(b->harm[i]), "%s", harm ? harm : "");
		if (!b->skip[i])
			prey_end(&prey[i]);
	}
	visit_reap(0);
	return in_time;
}

static void run_batch(const struct way *way, unsigned first, unsigned last)
{
	struct batch b = {.way = way, .first = first, .last = last};
	char text[256];

	for (int tries = 1; !try_batch(&b) && tries < TRIES; tries++)
		;
	for (unsigned i = 0; i < last - first; i++) {
		if (b.skip[i])
			continue;
		snprintf(text, sizeof(text), "%s, %s%s%s", rows[first + i].name, way->name,
			*b.harm[i] ? ": " : "", b.harm[i]);
		ok_what(&tap, !*b.harm[i], text);
	}
}

int main(int argc, char **argv)
{
	plan = plan_new();
	subject = subject_choose(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	visit_adopt();
	for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++)
		for (unsigned first = 0; first < ROWS; first += BATCH)
			run_batch(&ways[w], first, first + BATCH < ROWS ? first + BATCH : ROWS);
	return tap_done(&tap);
}
