#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A thread with a descriptor table of its own: what is shown is the process's, whichever thread rests.

load ../lib/target

setup() {
	target_setup
}

teardown() {
	target_teardown
}

# The name of the socket that $DIR/out shows as descriptor 50.
name_of_50() {
	awk '/^ *[0-9]+: / { show = $1 == "50:" } show && /sockname:/ { print $3 }' "$DIR/out"
}

# look OPTION...: the socket is the process's; what is in $DIR/err is -s.
look() {
	"$PFILES" -s "$@" "$pid" >"$DIR/out" 2>"$DIR/err"
	cat "$DIR/err"
	[ "$(name_of_50)" = "@shared-$pid" ]
	grep -qx "  \[1 thread with other descriptors than these, which are not shown: $tid\]" "$DIR/out"
	lacks 'changed while' "$DIR/out"
}

@test "the only thread that rests has other descriptors: borrowed, nobody stopped" {
	for variant in apart apart.32; do
		start_target "$TARGETS/$variant"
		pid=$(fact pid) tid=$(fact tid)
		look
		grep -q 'borrowed descriptors (.*nobody stopped' "$DIR/err"
		look -b
		look -H
		[ "$("$PFILES" -j "$pid" | jq -c .threads_apart)" = "[$tid]" ]
		finish_target
	done
}

@test "another thread rests that has the process's descriptors: the agent comes from that one" {
	start_target "$TARGETS/apart" with
	pid=$(fact pid) tid=$(fact tid)
	for _ in {1..10}; do
		look
		grep -q 'agent' "$DIR/err"
		lacks "thread $tid stopped" "$DIR/err"
	done
	finish_target
}

@test "no kcmp: said to be not known, and only the first thread is chosen" {
	start_target "$TARGETS/apart" with
	pid=$(fact pid)
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 "$TARGETS/without" kcmp "$PFILES" "$pid" >"$DIR/out"
	[ "$(name_of_50)" = "@shared-$pid" ]
	grep -q '^  \[whether all threads have these descriptors is not known: ' "$DIR/out"
	finish_target
}
