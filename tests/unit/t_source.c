/* SPDX-License-Identifier: MIT */
/* Source lines, inlined functions and arguments, out of the victim's debugging information. */
#include "stacked.h"
#include "sym/source.h"

static struct stacked v;
static char path[PATH_MAX + 64];

struct seen {
	unsigned n;
	struct source v[SOURCE_DEPTH];
};

static int take(const struct source *s, void *arg)
{
	struct seen *seen = arg;

	seen->v[seen->n++] = *s;
	return 0;
}

static bool ends_with(const char *s, const char *end)
{
	size_t a = s ? strlen(s) : 0, b = strlen(end);

	return a >= b && strcmp(s + a - b, end) == 0;
}

static void start(const char *program, const char *mode, const char *arg)
{
	stacked_path(path, program);
	stacked_start(&v, path, mode, arg);
	OK(stacked_look(&v, NULL) && stacked_missing(&v, true) == 0, "%s %s", program, mode);
}

/* Without it there is nothing to be tested. */
static int must_find(const char *name)
{
	int at = stacked_find(&v, name);

	if (at < 0) {
		stacked_show(&v);
		printf("Bail out! %s is not in the stack\n", name);
		exit(99);
	}
	return at;
}

static void test_lines(const char *program)
{
	struct seen seen = {0};
	int at;

	start(program, "deep", "2");
	at = must_find("even");
	IS(source_each(v.space, v.symbols[at].addr, take, &seen), 0, "%s: even()", program);
	IS(seen.n, 2, "%s: two functions at one address", program);
	IS_STR(seen.v[0].function, "through_inlined", "%s: the inner one", program);
	OK(seen.v[0].inlined && !seen.v[1].inlined, "%s: is inlined, the outer one is not",
		program);
	IS_STR(seen.v[1].function, "even", "%s: into the outer one", program);
	OK(ends_with(seen.v[0].file, "tests/targets/frames.c") &&
			ends_with(seen.v[1].file, "tests/targets/frames.c"),
		"%s: the file", program);
	OK(seen.v[1].line > seen.v[0].line && seen.v[0].line > 0 &&
			seen.v[1].line < seen.v[0].line + 40,
		"%s: lines %u and, of the call, %u", program, seen.v[0].line, seen.v[1].line);
	seen.n = 0;
	IS(source_each(v.space, v.symbols[at + 1].addr, take, &seen), 0, "%s: its caller", program);
	OK(seen.n == 1 && strcmp(seen.v[0].function, "odd") == 0, "%s: is odd()", program);
	IS(source_each(v.space, 1, take, &seen), 0, "%s: an address in no file", program);
	IS(seen.n, 1, "%s: has no line", program);
	IS(stacked_end(&v), 0, "%s ends unharmed", program);
}

/* The reader's pid: our only child beside the victim; 0: none. */
static pid_t reader(void)
{
	char name[64];
	int pid, found = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/self/task/%d/children", getpid());
	f = fopen(name, "re");
	while (f && fscanf(f, "%d", &pid) == 1)
		found = pid == v.pid ? found : pid;
	if (f)
		fclose(f);
	return found;
}

static void note_unread(const char *file, int err, void *arg)
{
	unsigned *n = arg;

	*n += err == ERR_LOST && ends_with(path, strrchr(file, '/'));
}

/* The reader dies, as by a crash: what is known stays known, of that file nothing more is asked, and it is said. */
static void test_crash(void)
{
	struct seen seen = {0};
	unsigned unread = 0;
	int at;

	start("frames", "deep", "2");
	at = must_find("even");
	IS(source_each(v.space, v.symbols[at].addr, take, &seen), 0, "before the crash");
	IS(seen.n, 2, "two functions");
	if (!reader()) {
		tap_skip("a crash of the reader", "this kernel does not list children");
		stacked_end(&v);
		return;
	}
	source_unread(v.space, note_unread, &unread);
	IS(unread, 0, "nothing is unread");
	kill(reader(), SIGSEGV);
	seen.n = 0;
	IS(source_each(v.space, v.symbols[at + 1].addr, take, &seen), 0, "after the crash");
	IS(seen.n, 0, "nothing is known of another address");
	source_unread(v.space, note_unread, &unread);
	IS(unread, 1, "and the file is named");
	IS(source_each(v.space, v.symbols[at].addr, take, &seen), 0, "the first once more");
	IS(seen.n, 2, "is known still");
	IS(reader(), 0, "no reader is left");
	IS(stacked_end(&v), 0, "the victim ends unharmed");
}

static size_t read_target(void *ctx, uint64_t addr, void *to, size_t n)
{
	return space_read(ctx, addr, to, n) == 0 ? n : 0;
}

static bool has(const struct buf *b, const char *text)
{
	return strstr(buf_cstr(b), text);
}

static void test_arguments(const char *program)
{
	struct source_memory memory = {.read = read_target};
	struct buf b = {0};
	int at;

	stacked_path(path, program);
	stacked_start(&v, path, "arguments", NULL);
	v.frames.keep_regs = true;
	OK(stacked_look(&v, NULL) && stacked_missing(&v, true) == 0, "%s arguments", program);
	memory.ctx = v.space;
	at = must_find("told");
	OK(source_add_args(v.space, v.symbols[at].addr, &v.frames.regs[at], &memory, &b),
		"%s: the function's parameters are known", program);
	OK(has(&b, "number=-42, letter=120 'x', text=0x") &&
			has(&b, "colour=GREEN, real=2.5, thing={...}, to=0x0, big=1099511627776"),
		"%s: %s", program, buf_cstr(&b));
	OK(has(&b, "\"a\\x1b[2J text\"") || has(&b, "\"a\\x1B[2J text\""), "%s: a string, escaped",
		program);
	buf_clear(&b);
	at = must_find("main");
	OK(source_add_args(v.space, v.symbols[at].addr, &v.frames.regs[at], &memory, &b),
		"%s: main's as well: %s", program, buf_cstr(&b));
	OK(has(&b, "argc=") && has(&b, "argv="), "%s: both, known or not", program);
	buf_clear(&b);
	OK(!source_add_args(v.space, 1, &v.frames.regs[0], &memory, &b) && !b.len,
		"%s: nowhere there are none", program);
	buf_free(&b);
	IS(stacked_end(&v), 0, "%s ends unharmed", program);
}

int main(void)
{
	test_lines("frames");
	test_lines("frames.static-pie");
	test_lines("frames.32");
	test_lines("frames.gz");
	test_crash();
	test_arguments("frames");
	test_arguments("frames.static");
	test_arguments("frames.32");
	return tap_end();
}
