#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Where pstack has to work: kinds of programs, of files, of places, of states.

# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154 # each test is a shell of its own; run sets $stderr, stack.bash reads $OUT and $ERR

bats_require_minimum_version 1.5.0
load ../lib/target
load ../lib/stack

setup() {
	target_setup
	STACKS=$TARGETS/stacks
}

teardown() {
	target_teardown
}

# ---- programs ----

@test "static, static-pie, pie, without and with frame pointers, -O0, 32 bits" {
	for variant in .static .static-pie .pie '' .fp .O0 .32 .32-static; do
		start_target "$STACKS$variant" plain
		look "$TARGET"
		told_chain
		chain inner outer plain main
		whole
		finish_target
	done
}

@test "stripped: every frame is there by .eh_frame alone, without names" {
	local frames
	for variant in '' .static-pie .32; do
		start_target "$STACKS$variant" deep 30
		look "$TARGET"
		frames=$(functions | wc -l)
		finish_target
		strip -o "$DIR/bare" "$STACKS$variant"
		start_target "$DIR/bare" deep 30
		look "$TARGET"
		whole
		[ "$(grep -c '????????' "$OUT")" -ge 30 ]
		# What a static program's wrapper of the call is called is not known either; all others are frames.
		[ "$(functions | wc -l)" = "$frames" ]
		finish_target
	done
}

@test "names from a separate file: by debuglink" {
	objcopy --only-keep-debug "$STACKS" "$DIR/bare.debug"
	strip -o "$DIR/bare" "$STACKS"
	(cd "$DIR" && objcopy --remove-section .note.gnu.build-id --add-gnu-debuglink=bare.debug bare)
	start_target "$DIR/bare" plain
	look "$TARGET"
	told_chain
	finish_target
}

@test "names from a separate file: by build-id, in the target's own root" {
	[ "$(id -u)" = 0 ] || skip 'needs root'
	local id
	id=$(readelf -n "$STACKS.static" | sed -n 's/.*Build ID: //p')
	mkdir -p "$DIR/root/usr/lib/debug/.build-id/${id:0:2}"
	strip -o "$DIR/root/bare" "$STACKS.static"
	start_target chroot "$DIR/root" /bare plain
	look "$TARGET"
	shows_not ' inner \(\)'
	objcopy --only-keep-debug "$STACKS.static" "$DIR/root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug"
	look "$TARGET"
	told_chain
	whole
	# One of that name that is of another program.
	objcopy --only-keep-debug "$STACKS.O0" "$DIR/root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug"
	look "$TARGET"
	shows_not ' inner \(\)'
	whole
	finish_target
}

@test "names from .gnu_debugdata" {
	nm "$STACKS" --format=posix --defined-only | awk '$2 == "t" || $2 == "T" { print $1 }' >"$DIR/keep"
	objcopy --only-keep-debug "$STACKS" "$DIR/debug"
	objcopy -S --remove-section .gdb_index --remove-section .comment --keep-symbols="$DIR/keep" "$DIR/debug" "$DIR/mini"
	xz "$DIR/mini"
	strip -o "$DIR/bare" "$STACKS"
	objcopy --add-section .gnu_debugdata="$DIR/mini.xz" "$DIR/bare"
	start_target "$DIR/bare" plain
	look "$TARGET"
	told_chain
	finish_target
}

@test "assembler with call frame information of its own" {
	start_target "$STACKS" assembler
	look -s "$TARGET"
	told_chain
	chain by_hand assembler main
	whole
	finish_target
}

@test "code of a JIT, by its map" {
	start_target "$STACKS" jit
	look "$TARGET"
	told_chain
	chain jitted::method jit main
	finish_target
}

@test "IFUNC and PLT" {
	start_target "$STACKS" ifunc
	look "$TARGET"
	told_chain
	finish_target
	start_target "$STACKS" plt
	look "$TARGET"
	told_chain
	shows 'with signal 5 \(SIGTRAP\)'
	finish_target
}

@test "the vDSO" {
	start_target "$STACKS" vdso
	look -v "$TARGET"
	told_chain
	shows ' [a-z_]*clock_gettime \(\) .*in \[vdso\]$'
	whole
	finish_target
}

@test "C++: names turned back, or raw; an exception in flight" {
	cat >"$DIR/x.cc" <<-'EOF'
		#include <cstdio>
		#include <unistd.h>
		namespace space {
		struct Guard {
			int n;
			__attribute__((noinline)) ~Guard() { puts("ready"); fflush(stdout); char c; while (read(0, &c, 1) == 1); }
		};
		template <typename T> __attribute__((noinline)) void thrower(T v) { Guard g{1}; throw v; }
		__attribute__((noinline)) void caller(int n) { thrower<int>(n); asm volatile("" ::: "memory"); }
		}
		int main() { try { space::caller(3); } catch (int n) { return n == 3 ? 0 : 1; } return 2; }
	EOF
	g++ -O2 -g -o "$DIR/x" "$DIR/x.cc"
	start_target "$DIR/x"
	look "$TARGET"
	shows 'space::Guard::~Guard\(\)'
	shows 'void space::thrower<int>\(int\)'
	shows 'space::caller\(int\) \+'
	chain main
	whole
	look -r "$TARGET"
	chain _ZN5space5GuardD1Ev main || chain _ZN5space5GuardD2Ev main
	finish_target
}

@test "Rust and Go programs" {
	local program
	for program in rg fzf; do
		mkfifo "$DIR/in.$program"
		case $program in
		rg) rg --no-mmap needle - <"$DIR/in.$program" >/dev/null & ;;
		fzf) fzf --filter needle --no-sort <"$DIR/in.$program" >/dev/null & ;;
		esac
		TARGET=$!
		STARTED+=("$TARGET")
		exec {TARGET_IN}>"$DIR/in.$program"
		until_page ' (read|futex|epoll_pwait)  *\('
		[ "$(functions | wc -l)" -gt 5 ]
		exec {TARGET_IN}>&-
		wait "$TARGET" || [ $? = 1 ]
		is_over "$TARGET"
	done
}

# ---- files and places ----

@test "the executable replaced, then deleted: names of what is mapped" {
	cp "$STACKS" "$DIR/prog"
	start_target "$DIR/prog" plain
	cp "$STACKS.O0" "$DIR/new"
	mv "$DIR/new" "$DIR/prog"
	look "$TARGET"
	told_chain
	rm "$DIR/prog"
	look "$TARGET"
	told_chain
	whole
	finish_target
}

@test "a library deleted or replaced" {
	mkdir "$DIR/lib"
	cp "$(ldd "$STACKS" | sed -n 's/.* => \(.*libc\.so\.6\) .*/\1/p')" "$DIR/lib/libc.so.6"
	LD_LIBRARY_PATH=$DIR/lib start_target env LD_LIBRARY_PATH="$DIR/lib" "$STACKS" plain
	rm "$DIR/lib/libc.so.6"
	cp "$STACKS" "$DIR/lib/libc.so.6"
	look -v "$TARGET"
	told_chain
	shows 'read  +\('
	whole
	finish_target
}

@test "another mount namespace, with files that are nowhere else" {
	[ "$(id -u)" = 0 ] || skip 'needs root'
	mkdir "$DIR/m"
	# shellcheck disable=SC2016 # for that shell
	start_target unshare -m bash -c 'mount -t tmpfs none "$1/m" && cp "$2" "$1/m/prog" &&
		cp "$(ldd "$2" | sed -n "s/.* => \(.*libc\.so\.6\) .*/\1/p")" "$1/m/libc.so.6" &&
		LD_LIBRARY_PATH=$1/m exec "$1/m/prog" plain' - "$DIR" "$STACKS"
	[ ! -e "$DIR/m/prog" ]
	look "$TARGET"
	told_chain
	shows ' read  +\('
	whole
	finish_target
}

@test "chroot and pid namespace" {
	[ "$(id -u)" = 0 ] || skip 'needs root'
	mkdir "$DIR/root"
	cp "$STACKS.static" "$DIR/root/prog"
	start_target chroot "$DIR/root" /prog plain
	look "$TARGET"
	told_chain
	whole
	finish_target
	start_target unshare --pid --fork --kill-child "$STACKS" plain
	local child
	child=$(pgrep -P "$TARGET")
	look "$child"
	told_chain
	whole
	finish_target
}

@test "another user's process, by its user and by another" {
	[ "$(id -u)" = 0 ] || skip 'needs root'
	start_target setpriv --reuid 65534 --clear-groups "$STACKS" plain
	run --separate-stderr setpriv --reuid 65533 --clear-groups "$PSTACK" "$TARGET"
	[ "$status" = 1 ]
	[[ $stderr == *'permission denied'* ]]
	setpriv --reuid 65534 --clear-groups "$PSTACK" -s "$TARGET" >"$DIR/page" 2>"$DIR/words"
	OUT=$DIR/page ERR=$DIR/words
	told_chain
	nobody_stopped
	finish_target
}

# ---- core files ----

@test "core files: gcore's, of many threads, and its stacks are those of the process" {
	start_target "$STACKS" threads 40
	look "$TARGET"
	functions >"$DIR/live"
	gcore -o "$DIR/core" "$TARGET" >/dev/null 2>&1
	finish_target
	look "$DIR/core.$TARGET"
	[[ $(head -n 1 "$OUT") == "core '$DIR/core.$TARGET' of $TARGET:	"* ]]
	shows '\*\* not killed by a signal'
	whole
	diff <(functions) "$DIR/live"
	look "$DIR/core.$TARGET/$TARGET"
	shows_not '^-'
}

@test "core files: the kernel's; which signal, where, in which thread" {
	local variant core
	case $(cat /proc/sys/kernel/core_pattern) in *[/\|%]*) skip 'the kernel writes core files elsewhere' ;; esac
	for variant in '' .static .32; do
		mkdir "$DIR/c$variant"
		(
			cd "$DIR/c$variant" && ulimit -c unlimited
			"$STACKS$variant" crash >"$DIR/facts" 2>&1
		) || true
		FACTS=$DIR/facts
		core=$(find "$DIR/c$variant" -type f -name 'core*')
		look "$core"
		shows '\*\* killed by signal 11 \(SIGSEGV\), SEGV_MAPERR at 10, in thread [0-9]+: crash_here \*\*'
		told_chain
		chain worker
		whole
		look -j "$core"
		jq -e '.killed.signal_name == "SIGSEGV" and .killed.address == 16' "$OUT"
		head -c $(($(stat -c %s "$core") / 2)) "$core" >"$DIR/cut"
		look "$DIR/cut"
		shows '\*\* core file is truncated: [0-9]+ bytes of memory are missing \*\*'
		shows 'crash_here|\?\?\?\?'
	done
}

@test "core files: executable moved beside it, truncated, none at all" {
	cp "$STACKS" "$DIR/prog"
	start_target "$DIR/prog" threads 2
	gcore -o "$DIR/core" "$TARGET" >/dev/null 2>&1
	finish_target
	mkdir "$DIR/moved"
	mv "$DIR/core.$TARGET" "$DIR/prog" "$DIR/moved"
	look "$DIR/moved/core.$TARGET"
	told_chain
	whole
	head -c $(($(stat -c %s "$DIR/moved/core.$TARGET") - 50000)) "$DIR/moved/core.$TARGET" >"$DIR/cut"
	run --separate-stderr "$PSTACK" "$DIR/cut"
	[ "$status" = 1 ]
	[[ $stderr == *'core file is truncated, its notes are missing'* ]]
	head -c 300 "$DIR/moved/core.$TARGET" >"$DIR/none"
	for core in "$DIR/none" "$STACKS" /etc/passwd; do
		run --separate-stderr "$PSTACK" "$core"
		[ "$status" = 1 ]
		[[ $stderr == *'neither a process nor a core file'* ]]
	done
}

# ---- states ----

@test "the first thread has exited" {
	READY='^ready$' start_target "$STACKS" leader
	look "$TARGET"
	shows "^-+ thread# $TARGET / lwp# $TARGET"
	shows '\*\* zombie \(exited; the process goes on without it\) \*\*'
	told_chain "$(fact other)"
	look -H "$TARGET"
	told_chain "$(fact other)"
	shows '\*\* zombie'
	finish_target
}

@test "1,000 and 5,000 threads: none stopped, none missing" {
	local n
	for n in 1000 5000; do
		if ! READY='^ready$' start_target "$STACKS" threads $n; then
			[ $n = 5000 ] || return 1
			skip "no $n threads here"
		fi
		look -s "$TARGET"
		[ "$(grep -c '^-' "$OUT")" = $((n + 1)) ]
		[ "$(functions | grep -cx worker)" = $n ]
		nobody_stopped
		whole
		finish_target
	done
}

@test "threads being created and dying" {
	local i
	start_target "$STACKS" churn
	for i in {1..20}; do
		look "$TARGET"
		told_chain "$TARGET"
	done
	for i in {1..5}; do
		look -H "$TARGET"
	done
	finish_target
}

@test "stopped by job control: it stays so" {
	local i
	start_target "$STACKS" spin
	kill -STOP "$TARGET"
	until_state T
	for i in '' -H; do
		# shellcheck disable=SC2086 # none or one
		look $i "$TARGET"
		told_chain "$(fact spinner)"
		chain_of "$TARGET" inner outer
		[ "$(state_of "$TARGET")" = T ]
	done
	kill -CONT "$TARGET"
	finish_target
}

@test "a parent that waits in vfork: an answer at once, and the others' stacks" {
	start_target "$STACKS" vfork
	until_state D
	look -s "$TARGET"
	shows ' (vfork|clone3?) +\('
	told_chain "$TARGET"
	shows '\[bystander\]'
	chain worker
	nobody_stopped
	run "$PSTACK" -H "$TARGET"
	[ "$status" = 1 ]
	[[ $output == *'did not stop in time'* ]]
	finish_target
}

@test "traced by another: its stack, and the tracer's name" {
	start_target "$STACKS" plain
	strace -o /dev/null -p "$TARGET" 2>"$DIR/strace" &
	local tracer=$!
	STARTED+=("$tracer")
	wait_for grep -q attached "$DIR/strace"
	look "$TARGET"
	told_chain
	shows "\\*\\* traced by $tracer \\[strace\\] \\*\\*"
	whole
	kill "$tracer"
	wait "$tracer" || true
	is_over "$tracer"
	finish_target
}

@test "traced, and held by gdb" {
	start_target "$STACKS" plain
	gdb -nx -batch -p "$TARGET" -ex 'shell touch '"$DIR/held"'; while [ -e '"$DIR/held"' ]; do sleep 0.1; done' \
		>"$DIR/gdb" 2>&1 &
	local tracer=$!
	wait_for test -e "$DIR/held"
	look "$TARGET"
	told_chain
	shows "\\*\\* traced by [0-9]+ \\[gdb\\] \\*\\*"
	rm "$DIR/held"
	wait "$tracer"
	finish_target
}

@test "asleep in a call that a stop would interrupt: not stopped, and not interrupted" {
	local i variant
	for variant in '' .O0; do
		start_target "$STACKS$variant" sensitive
		until_page ' rt_sigtimedwait \('
		for i in {1..20}; do
			look -s "$TARGET"
			chain sensitive
			nobody_stopped
		done
		[ -z "$variant" ] || shows '\*\* callers not known: .*\(-H stops it all the same\) \*\*' || whole
		kill -USR1 "$TARGET"
		finish_target
	done
}

@test "stacks and mappings that change all the time; garbage on a stack" {
	local i
	start_target "$STACKS" restless
	for i in {1..40}; do
		look "$TARGET"
	done
	finish_target
	for i in 0 1 2 3; do
		start_target "$STACKS" corrupt $i
		look "$TARGET"
		told_chain
		finish_target
	done
}

@test "it executes another program meanwhile" {
	local i
	# shellcheck disable=SC2016 # for that shell
	start_target bash -c 'echo ready; n=300; exec bash -c "$1" - "$1" 300' - \
		'[ "$2" = 0 ] && exit 0; exec bash -c "$1" - "$1" $(($2 - 1))'
	for i in {1..40}; do
		"$PSTACK" "$TARGET" >"$DIR/page" 2>"$DIR/words" || [ $? = 1 ]
		grep -q 'killed\|Sanitizer' "$DIR/words" && return 1
		kill -0 "$TARGET" 2>/dev/null || break
	done
	finish_target
}

@test "it dies meanwhile" {
	local i
	for i in {1..15}; do
		start_target "$STACKS" threads 50
		(
			sleep "0.00$i"
			kill -KILL "$TARGET"
		) &
		"$PSTACK" "$TARGET" >"$DIR/page" 2>"$DIR/words" || [ $? = 1 ]
		wait $!
		exec {TARGET_IN}>&-
		is_over "$TARGET"
	done
}
