#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What pstack prints: the original's layout, and what its options add.

# shellcheck disable=SC2030,SC2031,SC2153,SC2154 # each test is a shell of its own; run sets $stderr

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

@test "one thread: header, system call in place of libc's wrapper, frames, no thread header" {
	start_target "$STACKS" plain
	look "$TARGET"
	# Cut at 70 columns, where the tree lies deep.
	[ "$(head -n 1 "$OUT")" = "$TARGET:	$(cut -c -70 <<<"$STACKS plain")" ]
	[[ $(sed -n 2p "$OUT") =~ ^\ [0-9a-f]{16}\ read\ \ \ \ \ \(0,\ [0-9a-f]+,\ 1\)$ ]]
	told_chain
	[[ $(sed -n 3p "$OUT") =~ ^\ [0-9a-f]{16}\ (victim_wait|wait_here)\ \(\)\ \+\ [0-9a-f]+$ ]]
	chain wait_here inner outer plain main _start
	[ "$(functions | grep -c '^read$')" = 1 ]
	shows_not '^-'
	whole
	finish_target
}

@test "several threads: header centred in 62 columns, ids and names" {
	start_target "$STACKS" threads 3
	look "$TARGET"
	[ "$(grep -c '^-' "$OUT")" = 4 ]
	grep '^-' "$OUT" | while read -r line; do [ ${#line} = 62 ]; done
	shows "^-+ thread# $TARGET / lwp# $TARGET \\[stacks\\] -+\$"
	shows '^-+ thread# [0-9]+ / lwp# [0-9]+ \[worker-2\] -+$'
	told_chain
	[ "$(functions | grep -cx pause)" = 3 ]
	whole
	finish_target
}

@test "thread lists: those that are named, none of them, another process's" {
	local tids
	start_target "$STACKS" threads 4
	mapfile -t tids < <(ls "/proc/$TARGET/task")
	look "$TARGET/${tids[1]},${tids[3]}-"
	[ "$(grep -c '^-' "$OUT")" = 3 ]
	look "/proc/$TARGET/${tids[2]}"
	shows_not '^-'
	[ "$(functions | head -n 1)" = pause ]
	run --separate-stderr "$PSTACK" "$TARGET/1"
	[ "$status" = 1 ]
	[[ $stderr == *'no such lwp'* ]]
	run --separate-stderr "$PSTACK" "$TARGET/x"
	[ "$status" = 1 ]
	[[ $stderr == *'bad lwp specification'* ]]
	finish_target
}

@test "signal handlers: each is named, on whatever stack" {
	for variant in '' .static .32 .O0; do
		start_target "$STACKS$variant" signals
		look "$TARGET"
		told_chain
		shows '^ --- called from signal handler with signal 10 \(SIGUSR1\) ---$'
		shows '^ --- called from signal handler with signal 12 \(SIGUSR2\) ---$'
		[ "$(grep -n -e '---' "$OUT" | head -n 1 | grep -c SIGUSR2)" = 1 ]
		whole
		finish_target
	done
}

@test "-n: so many frames, and a word" {
	start_target "$STACKS" deep 40
	look -n 7 "$TARGET"
	[ "$(functions | wc -l)" -le 7 ]
	shows '\*\* more frames: -n 7 \*\*'
	look "$TARGET"
	[ "$(functions | grep -cx deeper)" = 40 ]
	whole
	finish_target
}

@test "-v: file, module and line, inlined functions marked" {
	start_target "$STACKS" plain
	look -v "$TARGET"
	shows "^ [0-9a-f]{16} wait_here \\(\\) \\+ [0-9a-f]+ in $STACKS \\(.*(stacks\\.c|victim\\.h):[0-9]+\\)\$"
	shows '^ +victim_wait \(\) \[inlined\] \(.*victim\.h:[0-9]+\)$'
	shows ' in /.*/libc\.so\.6'
	finish_target
}

@test "-a: arguments" {
	start_target "$STACKS.O0" deep 3
	look -a "$TARGET"
	shows 'deeper \(n=1\)'
	shows 'deeper \(n=3\)'
	shows 'main \(argc=3, argv=0x[0-9a-f]+\)'
	finish_target
}

@test "-k: the kernel's part, or why not" {
	start_target "$STACKS" plain
	look -k "$TARGET"
	shows '^ \[kernel\] +[a-z_0-9.]+ \(\)|\*\* kernel stack: permission denied \(it needs CAP_SYS_ADMIN\)'
	finish_target
}

@test "-u: a stack that many have is shown once, with their ids" {
	start_target "$STACKS" threads 20
	look -u "$TARGET"
	[ "$(grep -c '^-' "$OUT")" = 2 ]
	shows '^-+ 20 threads# [0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)* -+$'
	[ "$(functions | grep -cx worker)" = 1 ]
	finish_target
}

@test "-f: folded lines for a flame graph" {
	start_target "$STACKS" threads 3
	look -f "$TARGET"
	shows '^stacks;.*main;threads;outer;inner;wait_here;.*read 1$'
	shows '^worker-0;.*worker;.*pause 1$'
	[ "$(wc -l <"$OUT")" = 4 ]
	finish_target
}

@test "-j: one object for each process" {
	start_target "$STACKS" threads 2
	look -j "$TARGET"
	jq -e --argjson pid "$TARGET" '.pid == $pid and (.threads | length) == 3' "$OUT"
	jq -e '.threads[0].call.name == "read" and .threads[0].call.args[0] == 0' "$OUT"
	jq -e '[.threads[0].frames[].function] | index("inner") and index("outer")' "$OUT"
	jq -e 'all(.threads[]; .complete and .read == "asleep")' "$OUT"
	jq -e '[.threads[].name] | index("worker-1")' "$OUT"
	look --json "$TARGET" "$TARGET"
	[ "$(jq -s length "$OUT")" = 2 ]
	finish_target
}

@test "-s: sleeping threads are not stopped; who runs is, one at a time" {
	start_target "$STACKS" threads 5
	look -s "$TARGET"
	grep -qx "pstack: $TARGET: 6 threads read asleep; nobody stopped" "$ERR"
	finish_target
	start_target "$STACKS" spin
	look -s "$TARGET"
	told_chain "$(fact spinner)"
	grep -qE '1 stop, the longest [0-9]+ us$' "$ERR"
	finish_target
}

@test "-H: one instant for all, and they go on" {
	for variant in '' .static .32; do
		start_target "$STACKS$variant" spin
		look -sH "$TARGET"
		told_chain "$(fact spinner)"
		chain_of "$TARGET" wait_here inner outer
		grep -qE '2 threads held for [0-9]+ us$' "$ERR"
		whole
		finish_target
	done
}

@test "who waits for whom: mutexes of three kinds, condition, semaphore, the end of a thread" {
	start_target "$STACKS" locks
	look "$TARGET"
	shows "\\*\\* waits for mutex $(fact plain), held by thread $TARGET \\[stacks\\] \\*\\*"
	shows "\\*\\* waits for robust mutex $(fact robust), held by thread $TARGET \\[stacks\\] \\*\\*"
	shows "\\*\\* waits for priority inheritance lock $(fact pi), held by thread $TARGET \\[stacks\\] \\*\\*"
	shows '\*\* waits for a condition variable \*\*'
	shows '\*\* waits for semaphore [0-9a-f]+ \*\*'
	shows "\\*\\* waits for the end of thread $(fact joined) \\[joined\\] \\*\\*"
	look -j "$TARGET"
	jq -e --argjson pid "$TARGET" '[.threads[] | select(.wait.for == "mutex")][0].wait.holder == $pid' "$OUT"
	finish_target
}

@test "who waits for whom: a 32-bit program, which calls by the vDSO, of a C library without names of its own functions" {
	start_target "$STACKS.32" locks
	look "$TARGET"
	shows "\\*\\* waits for mutex $(fact plain), held by thread $TARGET \\[stacks.32\\] \\*\\*"
	shows "\\*\\* waits for priority inheritance lock $(fact pi), held by thread $TARGET \\[stacks.32\\] \\*\\*"
	shows '\*\* waits for a condition variable \*\*'
	shows "\\*\\* waits for the end of thread $(fact joined) \\[joined\\] \\*\\*"
	finish_target
}

@test "read-write locks: for whom a reader waits, a writer, the next one, and one that gives way" {
	local variant
	for variant in '' .static .32; do
		start_target "$TARGETS/rwlocks$variant"
		look "$TARGET"
		note_of reader "\\*\\* waits for rwlock to read $(fact written), held by thread $TARGET \\[rwlocks"
		note_of writer "\\*\\* waits for rwlock to write $(fact written), held by thread $TARGET \\[rwlocks"
		note_of first-writer "\\*\\* waits for rwlock to write $(fact read_twice), held by 2 readers \\*\\*"
		note_of second-writer "\\*\\* waits for rwlock to write $(fact read_twice), held by 2 readers \\*\\*"
		note_of let-first "\\*\\* waits for rwlock to write $(fact preferred), held by 1 reader \\*\\*"
		note_of late-reader "\\*\\* waits for rwlock to read $(fact preferred), held by 1 reader \\*\\*"
		look -j "$TARGET"
		jq -e --argjson pid "$TARGET" '[.threads[] | select(.name == "reader")][0].wait.holder == $pid' "$OUT"
		jq -e '[.threads[] | select(.name == "first-writer")][0].wait.readers == 2' "$OUT"
		finish_target
	done
}

@test "a file lock, and the process that has it" {
	start_target "$STACKS" file-lock "$DIR/file"
	until_page ' flock  *\('
	shows "\\*\\* waits for a file lock, held by process $(fact holder) \\[stacks\\] \\*\\*"
	finish_target
}

@test "several operands, a bad one among them" {
	start_target "$STACKS" plain
	run --separate-stderr "$PSTACK" 999999999 "$TARGET" nonsense
	[ "$status" = 1 ]
	[[ $output == "$TARGET:"* ]]
	[[ $stderr == *'no such process'* && $stderr == *nonsense* ]]
	finish_target
}

@test "options that do not go together, unknown ones, numbers: exit 2" {
	for bad in '-jf 1' '-n 0 1' '-n x 1' '-z' ''; do
		# shellcheck disable=SC2086 # words
		run "$PSTACK" $bad
		[ "$status" = 2 ]
	done
}

@test "a kernel thread, a zombie, itself" {
	run "$PSTACK" 2
	[ "$status" = 0 ]
	[[ $output == *'[system process]'* ]]
	start_target "$TARGETS/odd" zombie
	run "$PSTACK" "$(fact pid)"
	[ "$status" = 1 ]
	[[ $output == *'zombie process'* ]]
	run "$PSTACK" self
	[ "$status" = 1 ]
	finish_target
}
