/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_WARDEN_H
#define PTOOLS_CTL_WARDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/*
 * The warden: the process that controls a target on behalf of a tool. Control by ptrace ends, and
 * the kernel lets the target go, with the process that has it; so it sits in a process of its own
 * that has no terminal and no output of the tool, that ^C does not reach, and that the kernel kills
 * when a stop outlasts its budget. When the tool dies, the warden sees the end of the socket and
 * puts everything back; when the warden dies, the tool does.
 */
struct warden;

struct warden_message {
	int op;  /* request: the job's own code */
	int err; /* answer: 0 or an error code */
	uint64_t value;
};

/*
 * Runs in the warden; `sock` is for warden_receive() and warden_answer(). Keeps no descriptor open
 * but sock and those in `keep`. Its return ends the warden.
 */
typedef void warden_job(int sock, void *arg);

/* keep: n descriptors the job needs. 0, -errno. */
int warden_start(warden_job *job, void *arg, const int *keep, size_t n, struct warden **out)
	__attribute__((warn_unused_result));

/*
 * Sends a request and waits for the answer. ERR_LOST: the warden is dead (killed by its budget or
 * by somebody). timeout_ms bounds the wait: ERR_TIMEOUT.
 */
int warden_ask(struct warden *w, struct warden_message *m, unsigned timeout_ms)
	__attribute__((warn_unused_result));
/*
 * Only sends, with n descriptors, WARDEN_FDS at most, that go along; the warden gets copies of its own. The answer is
 * for warden_await().
 */
#define WARDEN_FDS 4
int warden_tell_with(struct warden *w, const struct warden_message *m, const int *fds, size_t n)
	__attribute__((warn_unused_result));
/* Waits for the next answer: to what was told, or the first one, of a job that begins to work at once. */
int warden_await(struct warden *w, struct warden_message *m, unsigned timeout_ms)
	__attribute__((warn_unused_result));

/*
 * Whether pid is a warden of this process, not stopped yet: one that has just begun still has open what it inherits,
 * which is no fact about anybody's target. Of more than some 16 at once, some are not known. Any thread may ask.
 */
bool warden_is_ours(pid_t pid);

/* Tells the warden to finish, and does not wait: nothing more may be asked. warden_stop() has to follow. */
void warden_dismiss(struct warden *w);

/* Tells the warden to finish (end of the socket), waits until it is gone (killing it after
 * timeout_ms) and frees. True if it ended by itself, in order. Takes NULL (true). */
bool warden_stop(struct warden *w, unsigned timeout_ms);

/* For the job: next request; ERR_LOST when the tool is done or dead. */
int warden_receive(int sock, struct warden_message *m) __attribute__((warn_unused_result));
/* The same with the descriptors that go along, for the job to close: all n of them, or it is ERR_LOST. */
int warden_receive_with(int sock, struct warden_message *m, int *fds, size_t *n)
	__attribute__((warn_unused_result));
void warden_answer(int sock, int err, uint64_t value);

/*
 * For the job: budget_set() makes the kernel kill this process after `ms`, whatever it is doing by
 * then; 0 calls that off. 0, -errno.
 */
struct budget {
	timer_t timer;
};
int budget_open(struct budget *b) __attribute__((warn_unused_result));
int budget_set(struct budget *b, unsigned ms) __attribute__((warn_unused_result));

#endif
