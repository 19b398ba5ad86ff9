/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "proc/sleeper.h"

#define STACK_MOST 16384

void kernel_take(struct picture *pic)
{
	char text[STACK_MOST];

	for (size_t i = 0; !pic->core && i < pic->n; i++) {
		struct thread *t = &pic->thread[i];
		ssize_t n = t->snap.how == SNAP_NONE
			? 0
			: thread_file(pic->p, t->snap.tid, "stack", text, sizeof(text));

		if (n > 0)
			buf_add(&t->kernel, text, (size_t)n);
		else if (n < 0)
			t->why_no_kernel = n == -EACCES || n == -EPERM ? ERR_PERM : (int)n;
	}
}

/* "[<0>] futex_wait_queue+0x64/0x90 [module]" */
void kernel_each(const struct thread *t, kernel_fn *fn, void *arg)
{
	const char *s = buf_cstr(&t->kernel);

	for (; *s; s += strcspn(s, "\n"), s += *s == '\n') {
		size_t len = strcspn(s, "\n");
		const char *name = memmem(s, len, "] ", 2);
		const char *plus;

		name = name ? name + 2 : s;
		len -= (size_t)(name - s);
		plus = memchr(name, '+', len);
		fn(name, plus ? (size_t)(plus - name) : len, plus ? strtoul(plus + 1, NULL, 16) : 0,
			arg);
	}
}
