#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# How the tables of common/sys are made: from whatever headers there are, the same each time, and not at all from
# data that contradicts itself.
# shellcheck disable=SC2030,SC2031 # each test has a shell of its own

bats_require_minimum_version 1.8.0

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || exit 1
	data=$BATS_TEST_TMPDIR/data
	out=$BATS_TEST_TMPDIR/out
	facts=$B/gen/sys/facts
	[ -x "$facts" ]
	cp -r common/sys/data "$data"
}

# The tables out of $data, with a compiler.
tables() {
	CC=$1 common/sys/gen/tables "$data" "$facts" "$2"
}

# What the build made, without what took long: only the last steps, out of the copy of the data.
again() {
	local made=$B/gen/sys
	mkdir -p "$out"
	awk -v index_file="$out/layouts.index" -f common/sys/gen/layouts.awk "$made/groups.index" "$data/fields.spec" \
		"$data/calls.spec" "$made/probe64.facts" "$made/probe32.facts" >"$out/layout_table.c" &&
		awk -v counts_file="$out/counts" -f common/sys/gen/sysent.awk "$made/groups.index" "$out/layouts.index" \
			"$data/calls.spec" "$data/protos.tsv" "$data/protos-more.tsv" "$made/ids" "$made/calls.tsv" \
			>"$out/sysent_table.c"
}

# refused WORDS: `again` fails, and says why.
refused() {
	run again
	printf '%s\n' "$output" | tail -3
	[ "$status" != 0 ]
	[[ $output == *"$1"* ]]
}

@test "the same tables each time, and with either compiler" {
	run tables "$CC" "$out"
	printf '%s\n' "$output"
	[ "$status" = 0 ] && [ -z "$output" ]
	for table in group ioctl layout sysent; do
		cmp "$out/${table}_table.c" "$B/gen/sys/${table}_table.c"
	done
	for other in gcc clang; do
		command -v "$other" >/dev/null || continue
		tables "$other" "$out.$other"
		for table in group ioctl layout sysent; do
			cmp "$out/${table}_table.c" "$out.$other/${table}_table.c"
		done
	done
}

@test "the same tables with any awk" {
	local awk some=0
	mkdir "$BATS_TEST_TMPDIR/bin"
	for awk in mawk gawk original-awk 'busybox awk'; do
		command -v "${awk%% *}" >/dev/null || continue
		printf '#!/bin/sh\nexec %s "$@"\n' "$awk" >"$BATS_TEST_TMPDIR/bin/awk"
		chmod +x "$BATS_TEST_TMPDIR/bin/awk"
		rm -rf "$out"
		PATH=$BATS_TEST_TMPDIR/bin:$PATH tables "$CC" "$out"
		for table in group ioctl layout sysent; do
			cmp "$out/${table}_table.c" "$B/gen/sys/${table}_table.c"
		done
		some=1
	done
	[ $some = 1 ]
}

@test "made once: an incremental build makes them again when data has changed, and only then" {
	run make CC="$CC" "$B/gen/sys/made.stamp"
	run make CC="$CC" "$B/gen/sys/made.stamp"
	[[ $output != *GEN* ]]
	run make CC="$CC" CFLAGS=-O3 "$B/gen/sys/made.stamp"
	[[ $output != *GEN* ]]
	run make CC="$CC" -W common/sys/data/calls.spec "$B/gen/sys/made.stamp"
	[[ $output == *GEN* ]]
}

@test "no headers at all: fewer names, and nothing broken" {
	mkdir "$BATS_TEST_TMPDIR/none"
	run tables "gcc -nostdinc -isystem $BATS_TEST_TMPDIR/none" "$out"
	printf '%s\n' "$output" | tail
	[ "$status" = 0 ]
	for table in group ioctl layout sysent; do
		gcc -std=gnu17 -Wall -Werror -I common -c -o "$out/$table.o" "$out/${table}_table.c"
	done
	grep -q '"openat"' "$out/sysent_table.c"
}

# The links of those names, and nothing that is not one: never a file of the system.
remove_links() {
	local name
	for name in "$@"; do
		[ ! -e "$name" ] || [ -L "$name" ] || return 1
		[[ $(realpath "$(dirname "$name")" 2>/dev/null) == "$(realpath "$BATS_TEST_TMPDIR")"/* ]] || continue
		rm -f "$name"
	done
}

# A compiler with other headers: those of the system, without the files that are named.
without() {
	local dir n=0 copy=$BATS_TEST_TMPDIR/include
	mkdir "$copy"
	other='gcc -nostdinc'
	for dir in $(gcc -E -Wp,-v -x c /dev/null 2>&1 >/dev/null | sed -n 's/^ \(\/.*\)/\1/p'); do
		if [[ $dir == /usr/include* ]]; then
			n=$((n + 1))
			# Folders that are links (gnu -> x86_64-linux-gnu/gnu) as folders: what is removed is inside the copy.
			cp -rLs "$dir" "$copy/$n"
			(cd "$copy/$n" && remove_links "$@")
			dir=$copy/$n
		fi
		other+=" -isystem $dir"
	done
}

@test "a header that is missing takes its names away, and nothing else" {
	without linux/landlock.h linux/io_uring.h linux/futex.h linux/rseq.h
	run tables "$other" "$out"
	printf '%s\n' "$output"
	[ "$status" = 0 ]
	run ! grep -q LANDLOCK_ACCESS_FS_EXECUTE "$out/group_table.c"
	grep -q O_CLOEXEC "$out/group_table.c"
	grep -q LANDLOCK_ACCESS_FS_EXECUTE "$B/gen/sys/group_table.c"
	gcc -std=gnu17 -Wall -Werror -I common -c -o "$out/group.o" "$out/group_table.c"
}

@test "structures of 32-bit programs need no 32-bit C library" {
	without gnu/stubs-32.h x86_64-linux-gnu/gnu/stubs-32.h
	run tables "$other" "$out"
	printf '%s\n' "$output"
	[ "$status" = 0 ] && [ -z "$output" ]
	cmp "$out/layout_table.c" "$B/gen/sys/layout_table.c"
	cmp "$out/ioctl_table.c" "$B/gen/sys/ioctl_table.c"
}

@test "a compiler that does not work is an error" {
	run tables false "$out"
	[ "$status" != 0 ]
	[ ! -e "$out/group_table.c" ]
}

@test "two sources that disagree are an error: numbers of calls" {
	sed -i 's/^257\topenat/258\topenat/' "$data/protos.tsv"
	mkdir "$out"
	CC=gcc run common/sys/gen/names "$data" "$out"
	printf '%s\n' "$output"
	[ "$status" != 0 ]
	[[ $output == *"openat is 257 and 258"* || $output == *"258 is"* ]]
	[ ! -e "$out/calls.tsv" ]
}

@test "two sources that disagree are an error: values of names" {
	sed -i 's/^seals F_SEAL_EXEC/seals F_SEAL_WRITE=0x99 F_SEAL_EXEC/' "$data/newer.spec"
	mkdir "$out"
	CC=gcc run common/sys/gen/groups "$data" "$facts" "$out"
	printf '%s\n' "$output"
	[ "$status" != 0 ]
	[[ $output == *"seals: F_SEAL_WRITE is"* ]]
}

@test "what dangles is an error: calls, arguments, groups, aliases, families, rules" {
	local line
	run again
	[ "$status" = 0 ]
	while IFS='|' read -r line words; do
		cp common/sys/data/calls.spec "$data"
		printf '%s\n' "$line" >>"$data/calls.spec"
		refused "$words"
	done <<'END'
no_such_call fd=fd|no call no_such_call
getpid fd=fd|getpid has no argument fd
fsync fd=bits:no_such_group|no group no_such_group
alias sleepy no_such_call|alias for no call no_such_call
alias read readv|alias read is a call
family read no_such_call|family of no call no_such_call
family stat read|two families for stat
rule no_such_type .* dec|no argument is
read buf=dec|read twice
END
	cp common/sys/data/calls.spec "$data"
	echo 'stat.st_ino bits:no_such_group' | cat - common/sys/data/fields.spec >"$data/fields.spec"
	refused 'no group no_such_group'
}

@test "no line of fields.spec is for nothing, but for what newer headers have" {
	mkdir "$out"
	run awk -v strict=1 -v index_file="$out/layouts.index" -f common/sys/gen/layouts.awk "$B/gen/sys/groups.index" \
		"$data/fields.spec" "$data/calls.spec" "$B/gen/sys/probe64.facts" "$B/gen/sys/probe32.facts"
	run grep 'no field is' <<<"$output"
	printf '%s\n' "$output"
	[ "$(grep -cv 'landlock_ruleset_attr..handled_access_net' <<<"$output")" = 0 ]
}

@test "no group is without a use, and none is asked for that does not exist" {
	# Those that the code asks for by name, those that stand in a table of it, and those that data names.
	{
		grep -rhoE 'group_find\("[a-z0-9_]+"' common/sys cmd | grep -oE '"[a-z0-9_]+"' | tr -d '"'
		grep -hoE '"[a-z0-9_]+"' common/sys/kinds_*.c common/sys/signame.c common/sys/fields.c \
			cmd/pfiles/info*.c cmd/pfiles/extras.c | tr -d '"'
		grep -hoE '(bits|enum|group):[a-z0-9_]+' common/sys/data/calls.spec common/sys/data/fields.spec | sed 's/.*://'
	} | sort -u >"$BATS_TEST_TMPDIR/used"
	awk '/^(bits|down|enum) / { print $2 }' common/sys/data/groups.spec | sort >"$BATS_TEST_TMPDIR/listed"
	run comm -13 "$BATS_TEST_TMPDIR/used" "$BATS_TEST_TMPDIR/listed"
	printf '%s\n' "$output"
	[ -z "$output" ]
	# What is asked for by name is there.
	grep -rhoE 'group_find\("[a-z0-9_]+"' common/sys | grep -oE '"[a-z0-9_]+"' | tr -d '"' | sort -u |
		comm -23 - "$BATS_TEST_TMPDIR/listed" >"$BATS_TEST_TMPDIR/dangling"
	cat "$BATS_TEST_TMPDIR/dangling"
	[ ! -s "$BATS_TEST_TMPDIR/dangling" ]
}

@test "prototypes are those of the running kernel" {
	[ "$(id -u)" = 0 ] || skip 'only root may read tracefs'
	mkdir "$out"
	cat >"$out/look" <<'END'
mount -t tracefs none "$1/tracing" && common/sys/gen/protos "$1/tracing/events/syscalls"
END
	mkdir "$out/tracing"
	unshare -m sh "$out/look" "$out" >"$out/kernel" 2>/dev/null || skip 'no tracefs here'
	[ "$(wc -l <"$out/kernel")" -gt 300 ] || skip 'a kernel without system call events'
	grep -v -e '^#' -e '	?$' common/sys/data/protos.tsv | cut -f 2- | LC_ALL=C sort >"$out/ours"
	# What this kernel has otherwise; calls that it lacks or has beyond ours are the business of its configuration.
	LC_ALL=C join -t '|' -j 1 <(sed 's/\t/|/; s/^[^|]*$/&|/' "$out/kernel") \
		<(sed 's/\t/|/; s/^[^|]*$/&|/' "$out/ours") >"$out/both"
	awk -F '|' '$2 != $3 { print; bad = 1 } END { print NR " compared"; exit bad || NR < 300 }' "$out/both"
}
