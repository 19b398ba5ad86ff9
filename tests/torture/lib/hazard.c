/* SPDX-License-Identifier: MIT */
#include "hazard.h"

#include "base/err.h"
#include "clock.h"

#include <stdbool.h>
#include <unistd.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* No visit may take longer, whatever state the target is in. */
#define SLOW_MS 4000

void hazard_init(struct hazard *h, int argc, char **argv)
{
	memset(h, 0, sizeof(*h));
	h->plan = plan_new();
	h->subject = subject_choose(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	visit_adopt();
}

int hazard_visit(struct hazard *h, struct prey *p, unsigned agent_flags)
{
	struct visit v = {
		.subject = h->subject, .plan = h->plan, .target = p->pid, .flags = agent_flags};
	uint64_t start = now_ms();
	int err = visit_plain(&v);

	if (err == 0 && h->plan->wrong)
		err = ERR_FORMAT;
	return now_ms() - start > patient(SLOW_MS) ? ERR_TIMEOUT : err;
}

enum visit_end hazard_kill(
	struct hazard *h, struct prey *p, unsigned agent_flags, enum plan_who who, long k)
{
	struct visit v = {
		.subject = h->subject, .plan = h->plan, .target = p->pid, .flags = agent_flags};

	plan_set(h->plan, KILL_BEFORE, who, k, k % 2 ? 300 : 0);
	return visit_run(&v);
}

bool hazard_inert(struct prey *p)
{
	size_t len = p->vdso_len;
	bool fine;

	p->vdso_len = 0;
	fine = prey_unharmed(p, HAZARD_SETTLE_MS, false);
	p->vdso_len = len;
	return fine;
}

static int visit_until_done(struct hazard *h, struct prey *p, unsigned agent_flags)
{
	int err = 0;

	for (unsigned i = 0; i < 30; i++) {
		err = hazard_visit(h, p, agent_flags);
		if (err != ERR_BUSY && err != ERR_NOVICTIM)
			break;
		sleep_us(20000);
	}
	return err;
}

void hazard_kills(
	struct hazard *h, struct prey *p, unsigned agent_flags, unsigned n, const char *what)
{
	int err = visit_until_done(h, p, agent_flags);
	long points = h->plan->count;
	char how[128];

	hazard_ok(h, err == 0, "%s: visit: %s", what, err ? err_str(err) : "ok");
	for (unsigned i = 0; i < n * WHOS; i++) {
		long k = points * (i / WHOS) / n;
		enum plan_who who = i % WHOS;
		enum visit_end end = hazard_kill(h, p, agent_flags, who, k);

		snprintf(how, sizeof(how), "%s killed before call %ld %s", plan_who_names[who], k,
			plan_point(h->plan, k));
		visit_reap(p->pid);
		if (end == VISIT_HUNG || end == VISIT_DIED) {
			hazard_ok(h, false, "%s: tool lost, %s", what, how);
			return;
		}
		if (!hazard_inert(p) || !prey_moves(p, 3000)) {
			hazard_ok(h, false, "%s: %s, %s", what, p->why, how);
			return;
		}
	}
	err = visit_until_done(h, p, agent_flags);
	hazard_ok(h, err == 0 && prey_unharmed(p, HAZARD_SETTLE_MS, false),
		"%s: %u kills at %ld calls: %s %s", what, n * WHOS, points, err ? err_str(err) : "",
		p->why);
}

void hazard_unharmed(struct hazard *h, struct prey *p, const char *what)
{
	bool held = prey_unharmed(p, HAZARD_SETTLE_MS, false);

	if (held && !prey_moves(p, 3000)) {
		snprintf(p->why, sizeof(p->why), "no progress, state %c", prey_state(p));
		held = false;
	}
	hazard_ok(h, held, "%s: unharmed%s%s", what, held ? "" : ": ", held ? "" : p->why);
}

void hazard_ok(struct hazard *h, bool held, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ok_what(&h->tap, held, text);
}

void hazard_err(struct hazard *h, int err, const char *what, ...)
{
	bool held = false;
	va_list ap;
	int e;

	va_start(ap, what);
	while ((e = va_arg(ap, int)) != LIST_END)
		held |= e == err;
	va_end(ap);
	hazard_ok(h, held, "%s: %s", what, err ? err_str(err) : "visited");
}

bool hazard_put(const char *dir, const char *name, const char *text)
{
	char path[256];
	int fd;
	bool good;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY);
	good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return good;
}
