/* SPDX-License-Identifier: MIT */
/*
 * The reader
 *
 * A fork of the tool at the first question: so it has the mappings, the files that are open and the right to open
 * others, and nothing has to be told to it but the question. Tool and reader talk by a pair of sockets, one question at
 * a time. Memory of the target, which belongs to the moment when it was copied, is asked back from the tool.
 *
 * What keeps it within bounds: SIGPROF after READER_SECONDS of processor time for one question, RLIMIT_DATA, RLIMIT_STACK
 * (which ends a recursion without end where the stack is unlimited), and, for a file that cannot be read from its disk,
 * the tool's own deadline. It is killed when the tool ends (PR_SET_PDEATHSIG), and has no output.
 *
 * Whatever libdw may have been made to do, the tool believes an answer no more than any other foreign bytes.
 */
#include "sym/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "sym/module.h"
#include "sym/source_read.h"

#define READER_NAME "ptools-reader"
/* The first question expands all that is compressed, two gigabytes at most (debuginfo.c), some 200 megabytes a second. */
#define READER_SECONDS 15
#define WALL_MS        60000
/* Beyond what the tool had and the files themselves: libdw expands what is compressed. */
#define MEMORY_MOST ((rlim_t)3 << 30)
#define STACK_MOST  ((rlim_t)64 << 20)
#define ANSWER_MOST (16u << 20)
#define READ_MOST   4096u

struct reader {
	pid_t pid;
	int sock;
};

/* The head of all that is sent; `size` bytes follow. */
struct message {
	uint32_t kind, size;
	uint64_t addr; /* ANSWER: whether anything is known */
	uint64_t want; /* READ: so many bytes */
};
enum { ASK_SOURCE = READER_SOURCE, ASK_ARGS = READER_ARGS, ANSWER, READ, BYTES };

static bool send_all(int sock, const void *bytes, size_t n)
{
	const char *from = bytes;

	while (n) {
		ssize_t sent = send(sock, from, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		from += sent;
		n -= (size_t)sent;
	}
	return true;
}

static bool send_message(int sock, const struct message *m, const void *bytes)
{
	return send_all(sock, m, sizeof(*m)) && send_all(sock, bytes, m->size);
}

/* ---- in the reader ---- */

static bool receive_all(int sock, void *to, size_t n)
{
	ssize_t got;

	do
		got = n ? recv(sock, to, n, MSG_WAITALL) : 0;
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)n;
}

/* Bytes of memory that RLIMIT_DATA counts by now (proc_pid_statm(5)); 0: not known. */
static rlim_t data_now(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%*u %*u %*u %*u %*u %llu", &pages) != 1)
		pages = 0;
	fclose(f);
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void limit(int resource, rlim_t most)
{
	struct rlimit r;

	if (getrlimit(resource, &r) == 0 && most < r.rlim_max) {
		r.rlim_cur = most;
		(void)!setrlimit(resource, &r);
	}
}

void reader_give_up(void)
{
	_exit(1);
}

void reader_allow(size_t bytes)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_DATA, &r) == 0 && r.rlim_cur != RLIM_INFINITY)
		limit(RLIMIT_DATA, r.rlim_cur + bytes);
}

static void have_limits(void)
{
	struct sigaction plain = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++) {
		if (sig != SIGBUS) /* of a file that is cut short: image.h */
			sigaction(sig, &plain, NULL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_STACK, STACK_MOST);
#ifndef __SANITIZE_ADDRESS__
	limit(RLIMIT_DATA, data_now() + MEMORY_MOST);
#else
	(void)data_now;
#endif
}

static void have_no_output(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd < 3; fd++) {
#ifdef __SANITIZE_ADDRESS__
		if (fd == STDERR_FILENO)
			continue; /* what the sanitizer finds is to be seen */
#endif
		dup2(null, fd);
	}
}

/* Memory of the target. */
static size_t ask_back(void *ctx, uint64_t addr, void *to, size_t n)
{
	const int *sock = ctx;
	struct message m = {.kind = READ, .addr = addr, .want = n};

	if (n > READ_MOST)
		return 0;
	if (!send_message(*sock, &m, NULL) || !receive_all(*sock, &m, sizeof(m)) || m.size > n ||
		!receive_all(*sock, to, m.size))
		_exit(1);
	return m.size;
}

static uint32_t length(const char *name)
{
	return name ? (uint32_t)strnlen(name, READER_NAME_MOST) : READER_NO_NAME;
}

static int add_source(const struct source *src, void *arg)
{
	struct buf *out = arg;
	const struct reader_source head = {
		length(src->function), length(src->file), src->line, src->column, src->inlined};

	buf_add(out, &head, sizeof(head));
	if (src->function)
		buf_add(out, src->function, head.function);
	if (src->file)
		buf_add(out, src->file, head.file);
	return 0;
}

static void answer(
	struct space *s, int sock, const struct message *question, const struct regs *regs)
{
	const struct source_memory memory = {ask_back, &sock};
	struct message m = {.kind = ANSWER};
	struct buf out = {0};

	if (question->kind == ASK_ARGS)
		m.addr = source_read_args(s, question->addr, regs, &memory, &out);
	else
		m.addr = source_read_each(s, question->addr, add_source, &out) == 0;
	m.size = out.failed ? 0 : (uint32_t)out.len;
	if (m.size > ANSWER_MOST || !send_message(sock, &m, out.data))
		_exit(1);
	buf_free(&out);
}

static _Noreturn void serve(struct space *s, int sock)
{
	const struct itimerval most = {.it_value.tv_sec = READER_SECONDS}, off = {0};
	struct message m;
	struct regs regs;

	while (receive_all(sock, &m, sizeof(m)) && m.size <= sizeof(regs) &&
		receive_all(sock, &regs, m.size)) {
		setitimer(ITIMER_PROF, &most, NULL);
		answer(s, sock, &m, &regs);
		setitimer(ITIMER_PROF, &off, NULL);
	}
	_exit(0);
}

/* ---- in the tool ---- */

static int start(struct space *s)
{
	struct reader *r = calloc(1, sizeof(*r));
	pid_t tool = getpid();
	int pair[2], err;

	if (!r)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		err = -errno;
		free(r);
		return err;
	}
	r->sock = pair[0];
	r->pid = fork();
	if (r->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != tool)
			_exit(0);
		prctl(PR_SET_NAME, READER_NAME);
		close(pair[0]);
		have_limits();
		have_no_output();
		serve(s, pair[1]);
	}
	err = r->pid < 0 ? -errno : 0;
	close(pair[1]);
	if (err) {
		close(pair[0]);
		free(r);
		return err;
	}
	s->reader = r;
	return 0;
}

/* Also one that has crashed. True: its time was over (SIGXCPU: a limit that it was born with). */
static bool end(struct reader *r)
{
	int status = 0;

	close(r->sock);
	kill(r->pid, SIGKILL);
	while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
		;
	free(r);
	return WIFSIGNALED(status) && (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGXCPU);
}

void reader_end(struct reader *r)
{
	if (r)
		(void)!end(r);
}

static int64_t ms_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* 0, ERR_LOST, ERR_TIMEOUT. */
static int receive(int sock, void *to, size_t n, int64_t deadline)
{
	struct pollfd pfd = {.fd = sock, .events = POLLIN};
	char *at = to;

	while (n) {
		ssize_t got = recv(sock, at, n, MSG_DONTWAIT);
		int64_t left = deadline - ms_now();

		if (got > 0) {
			at += got;
			n -= (size_t)got;
			continue;
		}
		if (!got || (errno != EAGAIN && errno != EINTR))
			return ERR_LOST;
		if (left <= 0)
			return ERR_TIMEOUT;
		(void)!poll(&pfd, 1, (int)left);
	}
	return 0;
}

static bool give_memory(int sock, const struct source_memory *memory, const struct message *ask)
{
	unsigned char bytes[READ_MOST];
	struct message m = {.kind = BYTES};

	if (ask->want > sizeof(bytes) || ask->size)
		return false;
	if (memory)
		m.size = (uint32_t)memory->read(memory->ctx, ask->addr, bytes, (size_t)ask->want);
	return send_message(sock, &m, bytes);
}

static int take_answer(int sock, const struct message *m, int64_t deadline, struct buf *out)
{
	char *to = m->size <= ANSWER_MOST ? buf_room(out, m->size) : NULL;
	int err = to ? receive(sock, to, m->size, deadline) : ERR_LOST;

	if (!err)
		buf_grew(out, m->size);
	return err ? err : m->addr != 0;
}

static int ask(int sock, const struct reader_request *r, struct buf *out)
{
	struct message m = {.kind = r->op, .addr = r->addr, .size = sizeof(r->regs)};
	int64_t deadline = ms_now() + WALL_MS;
	int err = send_message(sock, &m, &r->regs) ? 0 : ERR_LOST;

	while (!err) {
		err = receive(sock, &m, sizeof(m), deadline);
		if (!err && m.kind == ANSWER)
			return take_answer(sock, &m, deadline, out);
		if (!err && (m.kind != READ || !give_memory(sock, r->memory, &m)))
			err = ERR_LOST;
	}
	return err;
}

int reader_ask(struct space *s, const struct reader_request *r, struct buf *out)
{
	int err = s->reader ? 0 : start(s);

	if (err)
		return err;
	err = ask(s->reader->sock, r, out);
	if (err < 0) {
		if (end(s->reader))
			err = ERR_TIMEOUT;
		s->reader = NULL;
	}
	return err;
}
