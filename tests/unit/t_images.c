/* SPDX-License-Identifier: MIT */
/* Which file is mapped, and where its symbols are: never those of another file. */
#include <lzma.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "stacked.h"
#include "sym/image.h"

static struct stacked v;
static char dir[64], victim[PATH_MAX + 64];

static void __attribute__((format(printf, 1, 2))) run(const char *fmt, ...)
{
	char command[4 * PATH_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	if (system(command) != 0) {
		printf("Bail out! %s\n", command);
		exit(99);
	}
}

static const char *in_dir(const char *name)
{
	static char path[8][PATH_MAX];
	static unsigned at;

	at = (at + 1) % 8;
	snprintf(path[at], PATH_MAX, "%s/%s", dir, name);
	return path[at];
}

/* Starts the program of that name in our folder. */
static void start(const char *name)
{
	stacked_start(&v, in_dir(name), "deep", "10");
}

static enum module_source source(void)
{
	struct module *m = space_module(v.space, v.trail[0].back);

	return m ? module_source(m) : MODULE_NONE;
}

static void expect(bool names, const char *what)
{
	OK(stacked_look(&v, NULL), "%s: looked at", what);
	IS(v.result.end, UNWIND_BOTTOM, "%s: whole", what);
	OK(stacked_missing(&v, false) == 0, "%s: the trail is in it", what);
	if (names)
		OK(stacked_missing(&v, true) == 0, "%s: all names", what);
	else
		OK(stacked_find(&v, "even") < 0 && stacked_find(&v, "rest") < 0 &&
				stacked_find(&v, "wrong") < 0,
			"%s: no name", what);
	if (stacked_missing(&v, names))
		stacked_show(&v);
}

static void done(const char *what)
{
	IS(stacked_end(&v), 0, "%s: ends unharmed", what);
}

static void simple(const char *name, bool names, const char *what)
{
	start(name);
	expect(names, what);
	done(what);
}

/* A stripped program, and its symbols in a file beside it, found by name and believed by build-id or checksum. */
static void test_debuglink(void)
{
	run("cd %s && objcopy --only-keep-debug %s far.debug && strip -o far %s && "
	    "objcopy --add-gnu-debuglink=far.debug far",
		dir, victim, victim);
	simple("far", true, "debuglink");
	run("cd %s && mkdir .debug && mv far.debug .debug/", dir);
	simple("far", true, "debuglink in .debug");
	run("cd %s && objcopy -R .note.gnu.build-id %s plain && objcopy --only-keep-debug plain plain.debug 2>/dev/null && "
	    "strip -o near plain && objcopy --add-gnu-debuglink=plain.debug near",
		dir, victim);
	simple("near", true, "debuglink by its checksum");
	run("cd %s && printf x >>plain.debug", dir);
	simple("near", false, "debuglink to a file that has changed");
}

/* Packs a file as .gnu_debugdata has it. */
static void pack(const char *from, const char *to)
{
	static unsigned char in[1 << 20], out[1 << 20];
	FILE *f = fopen(from, "r");
	size_t n = f ? fread(in, 1, sizeof(in), f) : 0, size = 0;

	if (f)
		fclose(f);
	f = fopen(to, "w");
	if (!n || !f ||
		lzma_easy_buffer_encode(
			6, LZMA_CHECK_CRC32, NULL, in, n, out, &size, sizeof(out)) ||
		fwrite(out, 1, size, f) != size)
		exit(99);
	fclose(f);
}

static void test_debugdata(void)
{
	run("cd %s && objcopy -S --only-keep-debug %s mini && objcopy --only-keep-debug %s mini && strip -g mini && "
	    "strip -o small %s",
		dir, victim, victim, victim);
	pack(in_dir("mini"), in_dir("mini.xz"));
	run("cd %s && objcopy --add-section .gnu_debugdata=mini.xz small", dir);
	simple("small", true, ".gnu_debugdata");
	run("cd %s && strip -o small %s && head -c 300 mini.xz >torn.xz && objcopy --add-section .gnu_debugdata=torn.xz small",
		dir, victim);
	simple("small", false, "torn .gnu_debugdata");
}

static void test_deleted(void)
{
	run("cp %s %s", victim, in_dir("gone"));
	start("gone");
	run("rm %s", in_dir("gone"));
	expect(true, "a deleted program");
	OK(source() == MODULE_MAP_FILES || source() == MODULE_EXE,
		"by its mapping, or as the executable");
	done("a deleted program");
	run("cp %s %s", victim, in_dir("old"));
	start("old");
	run("cp /bin/true %s && mv %s %s", in_dir("new"), in_dir("new"), in_dir("old"));
	expect(true, "a program that another file has taken the name of");
	done("a replaced program");
}

static int maps_of(void *ctx, map_fn *fn, void *arg)
{
	return maps_each(ctx, fn, arg);
}

static size_t read_of(void *ctx, uint64_t addr, void *to, size_t n)
{
	return proc_read_mem(ctx, addr, to, n) == 0 ? n : 0;
}

/* As a core would show it: mappings and memory, and files by their paths only. */
static void like_core(const char *folder, const char *exe)
{
	struct space_target t = {.maps = maps_of, .read = read_of, .dir = folder, .exe = exe};

	if (proc_open(v.pid, &v.proc))
		exit(99);
	t.ctx = v.proc;
	if (space_open(&t, &v.space) || unwind_open(v.space, &v.unwind))
		exit(99);
}

static void test_core(void)
{
	run("cp %s %s", victim, in_dir("mine"));
	start("mine");
	like_core(NULL, NULL);
	expect(true, "a file by its path");
	IS(source(), MODULE_PATH, "checked by its build-id");
	done("by path");
	start("mine");
	run("cp /bin/true %s && mv %s %s && mkdir %s && cp %s %s/mine", in_dir("new"),
		in_dir("new"), in_dir("mine"), in_dir("apart"), victim, in_dir("apart"));
	like_core(NULL, NULL);
	expect(false, "another file at its path");
	IS(source(), MODULE_MEMORY, "is not believed: the image in memory is taken");
	done("by memory");
	run("cp %s %s", victim, in_dir("mine"));
	start("mine");
	run("rm %s", in_dir("mine"));
	like_core(in_dir("apart"), NULL);
	expect(true, "a file of the core's folder");
	IS(source(), MODULE_PATH, "by its last name");
	done("in a folder");
	run("cp %s %s", victim, in_dir("mine"));
	start("mine");
	run("rm %s", in_dir("mine"));
	like_core(NULL, victim);
	expect(true, "an executable that is named");
	done("named");
	run("cp %s %s", victim, in_dir("mine"));
	start("mine");
	run("rm %s", in_dir("mine"));
	like_core(NULL, "/bin/true");
	expect(false, "a wrong executable that is named");
	IS(source(), MODULE_MEMORY, "is not believed");
	done("wrongly named");
}

/* Another root: what is at the same paths in ours does not count, and its debug files are found in its own. */
static void test_root(void)
{
	char id[64] = "";
	FILE *f;

	if (geteuid() != 0) {
		OK(true, "another root: not tried, it takes root");
		return;
	}
	run("mkdir -p %s/root/bin && strip -o %s/root/bin/true %s.static", dir, dir, victim);
	run("readelf -n %s.static | awk '/Build ID/ { print substr($3, 1, 2) \"/\" substr($3, 3) }' >%s",
		victim, in_dir("id"));
	f = fopen(in_dir("id"), "r");
	if (!f || !fgets(id, sizeof(id), f))
		exit(99);
	fclose(f);
	id[strcspn(id, "\n")] = '\0';
	stacked_root = in_dir("root");
	stacked_start(&v, "/bin/true", "deep", "10");
	expect(false, "a stripped program under a name that we have as well");
	done("another root");
	run("mkdir -p %s/root/usr/lib/debug/.build-id/%.2s && objcopy --only-keep-debug %s.static "
	    "%s/root/usr/lib/debug/.build-id/%s.debug",
		dir, id, victim, dir, id);
	stacked_start(&v, "/bin/true", "deep", "10");
	expect(true, "with its debug file in its own root, by build-id");
	done("another root");
	run("objcopy --only-keep-debug %s %s/root/usr/lib/debug/.build-id/%s.debug", victim, dir,
		id);
	stacked_start(&v, "/bin/true", "deep", "10");
	expect(false, "with the debug file of another program under that name");
	done("another root");
	stacked_root = NULL;
}

static void test_jit(void)
{
	char path[64];

	stacked_start(&v, victim, "jit", NULL);
	expect(true, "code made at run time");
	OK(stacked_find(&v, "made at run time") > 0, "has its name from the perf map");
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", v.pid);
	if (geteuid() == 0 && chown(path, 65534, 65534) == 0) {
		OK(stacked_look(&v, NULL) && stacked_find(&v, "made at run time") < 0,
			"but not from the file of another user");
	}
	done("jit");
}

/* A list that was read while mappings were joined. */
static int give_joined(void *ctx, map_fn *fn, void *arg)
{
	static const struct map maps[] = {{.start = 0x1000, .end = 0x3000, .name = "/first"},
		{.start = 0x5000, .end = 0x6000, .name = "/old"},
		{.start = 0x6000, .end = 0x7000, .name = "/old"},
		{.start = 0x5000, .end = 0x9000, .name = "/joined"},
		{.start = 0x8000, .end = 0xa000, .name = "/shrunk"}};
	int err = 0;

	(void)ctx;
	for (size_t i = 0; !err && i < sizeof(maps) / sizeof(*maps); i++)
		err = fn(&maps[i], arg);
	return err;
}

static size_t give_nothing(void *ctx, uint64_t addr, void *to, size_t n)
{
	(void)ctx, (void)addr, (void)to, (void)n;
	return 0;
}

static void test_joined(void)
{
	const struct space_target target = {.maps = give_joined, .read = give_nothing};
	struct space_map first, joined, shrunk;
	struct space *s;

	IS(space_open(&target, &s), 0, "a list of mappings that changed meanwhile");
	OK(space_map_at(s, 0x2000, &first) && space_map_at(s, 0x6500, &joined) &&
			space_map_at(s, 0x8500, &shrunk),
		"has a mapping at each address");
	IS_STR(first.name, "/first", "what did not change");
	IS_STR(joined.name, "/joined", "what was read later, in place of what it covers");
	IS_STR(shrunk.name, "/shrunk", "and again");
	IS(joined.end, 0x8000, "which ends where the next one begins");
	space_close(s);
}

/* A file that is cut short while it is looked at reads as zeroes. */
static void test_truncated(void)
{
	const char *path = in_dir("cut");
	struct image image;
	unsigned sum = 0;
	int fd;

	run("cp %s %s", victim, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	IS(image_map(fd, &image), 0, "a file is mapped");
	OK(memcmp(image.data, "\177ELF", 4) == 0, "and there");
	IS(truncate(path, 4096), 0, "then cut short");
	for (size_t i = 8192; i < image.size; i++)
		sum += image.data[i];
	IS(sum, 0, "what is missing reads as zeroes");
	OK(memcmp(image.data, "\177ELF", 4) == 0, "the rest is there");
	image_free(&image);
	close(fd);
}

/* Aliases: the same answer whatever the order; and versions are not part of a name for people. */
static void test_names(void)
{
	static const struct {
		const char *raw, *shown;
	} names[] = {
		{"main", "main"},
		{"_ZN3foo3barEiPKc", "foo::bar(int, char const*)"},
		{"_ZNSt6vectorIiSaIiEE9push_backEOi",
			"std::vector<int, std::allocator<int> >::push_back(int&&)"},
		{"_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"},
		{"_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"},
		{"clock_nanosleep@@GLIBC_2.17", "clock_nanosleep"},
		{"_Z", "_Z"},
		{"_ZN", "_ZN"},
		{"_", "_"},
		{"", ""},
		{"a\033[2Jb", "a\\x1b[2Jb"},
		{"_ZZZZZZ", "_ZZZZZZ"},
	};
	struct buf b = {0};
	static char longest[100000];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		buf_clear(&b);
		symbols_add_name(&b, names[i].raw, false);
		IS_STR(buf_cstr(&b), names[i].shown, "%s", names[i].raw);
	}
	buf_clear(&b);
	symbols_add_name(&b, names[1].raw, true);
	IS_STR(buf_cstr(&b), names[1].raw, "raw");
	memset(longest, 'x', sizeof(longest) - 1);
	buf_clear(&b);
	symbols_add_name(&b, longest, false);
	IS(b.len, SYMBOLS_NAME + 3, "a long name is cut");
	/* Each S_ doubles what is before it: 2^40 characters in 200. */
	strcpy(longest, "_Z1fI1AE");
	for (unsigned i = 0; i < 40; i++)
		strcat(longest, "1BIS_S_E");
	buf_clear(&b);
	symbols_add_name(&b, longest, false);
	OK(b.len <= SYMBOLS_NAME + 3, "so is one that stands for an endless one");
	buf_free(&b);
}

int main(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%.40s/images.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return 99;
	chmod(dir, 0755);
	stacked_path(victim, "frames");
	test_names();
	test_joined();
	test_truncated();
	test_debuglink();
	test_debugdata();
	test_deleted();
	test_core();
	test_root();
	test_jit();
	run("rm -r %s", dir);
	return tap_end();
}
