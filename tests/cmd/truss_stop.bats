#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# truss -T, -S, -M leave a process at an event; the other tools look at it there; prun lets the event take its course.

# shellcheck disable=SC2030,SC2031 # each test is a shell of its own

bats_require_minimum_version 1.5.0
load ../lib/target
load ../lib/left

setup() {
	target_setup
	STORY=$TARGETS/story
	TRACE=$DIR/trace
}

teardown() {
	for pid in "${STARTED[@]}"; do kill -CONT "$pid" 2>/dev/null || true; done
	target_teardown
}

@test "a caught signal: at the handler, which runs when it goes on" {
	leave -S SIGUSR1 "$STORY" signals
	[[ $(tail -n 2 "$TRACE" | head -n 1) == *'Received signal #10, SIGUSR1 [caught]' ]]
	[ ! -s "$DIR/out" ]
	"$PFILES" "$LEFT" >/dev/null
	stands "$LEFT"
	"$PRUN" "$LEFT"
	wait_for grep -q '^handled=' "$DIR/out"
	kill -TERM "$LEFT"
	ends "$LEFT"
}

@test "a fault: its signal comes when it goes on" {
	leave -M FLTBOUNDS "$STORY" fault
	grep -q 'Incurred fault #6, FLTBOUNDS' "$TRACE"
	"$PRUN" "$LEFT"
	ends "$LEFT"
}

@test "an exec: the new program has not made a step" {
	leave -T execve cat /etc/hostname
	[[ $(tail -n 1 "$TRACE") == *'argc = 2' ]]
	"$PFILES" "$LEFT" >/dev/null
	"$PRUN" "$LEFT"
	wait_for cmp "$DIR/out" /etc/hostname
	ends "$LEFT"
}

@test "the first open of a name: others before it are passed by" {
	leave -T open -P '*/hostname' cat /etc/hostname
	[[ $(tail -n 1 "$TRACE") == "$LEFT:"*'open("/etc/hostname", O_RDONLY'*$'\t= '[0-9]* ]]
	[ "$(grep -c 'open(' "$TRACE")" = 1 ]
	"$PFILES" "$LEFT" | grep -qx '      /etc/hostname'
	"$PSTACK" "$LEFT" | grep -q 'openat *(AT_FDCWD\|open[a-z0-9]* *('
	"$PRUN" "$LEFT"
	wait_for cmp "$DIR/out" /etc/hostname
	ends "$LEFT"
}

@test "the exit of one of several: the others run on, untraced" {
	leave -T exit_group sh -c 'sleep 1000 & echo $!; (exit 3) & wait $!; echo "status $?"'
	local other
	wait_for grep -q . "$DIR/out"
	other=$(head -n 1 "$DIR/out")
	STARTED+=("$other")
	[[ $(tail -n 1 "$TRACE") == "$LEFT:"*'exit_group(3)'* ]]
	[[ $(states "$other") != *[Tt]* ]]
	grep -q '^TracerPid:.0$' "/proc/$other/status"
	run grep status "$DIR/out"
	[ "$status" = 1 ]
	"$PRUN" "$LEFT"
	wait_for grep -q '^status 3$' "$DIR/out"
	ends "$LEFT"
}

@test "a child of vfork: its parent waits for as long as it stands" {
	local parent
	# The child ends at the end of its input, which is empty.
	leave -T exit_group "$TARGETS/stops" vfork
	parent=$(sed -n 's/^pid=//p' "$DIR/out")
	STARTED+=("$parent")
	[ "$parent" != "$LEFT" ]
	[ "$(states "$parent")" = D ]
	"$PRUN" "$LEFT"
	ends "$LEFT"
	ends "$parent"
}

@test "one of several threads: all of them stand" {
	start_target "$TARGETS/stops" calls
	"$TRUSS" -o "$TRACE" -T clock_nanosleep -p "$TARGET"
	wait_for stands "$TARGET"
	grep -q "^/$(fact sleeps):.*nanosleep(" "$TRACE"
	grep -q '^TracerPid:.0$' "/proc/$TARGET/status"
	"$PRUN" "$TARGET"
	finish_target
}

# The writes of a shell, one after the other: each truss sees the next one.
@test "a truss put on it again does not stop at the event it stands on" {
	local round
	leave -T write sh -c 'echo 1; echo 2; echo 3; echo 4'
	for round in 2 3; do
		"$TRUSS" -o "$TRACE" -T write -p "$LEFT" &
		local tracer=$!
		STARTED+=("$tracer")
		taken() { ! grep -q '^TracerPid:.0$' "/proc/$1/status"; }
		wait_for taken "$LEFT"
		stands_held() { [[ $(states "$1") == [tT] ]]; }
		stands_held "$LEFT"
		[ "$(wc -l <"$DIR/out")" = $((round - 1)) ]
		kill -0 "$tracer"
		"$PRUN" -t 10 "$LEFT" || true
		wait "$tracer"
		is_over "$tracer"
		wait_for stands "$LEFT"
		[ "$(tail -n 1 "$DIR/out")" = "$round" ]
	done
	"$PRUN" "$LEFT"
	ends "$LEFT"
	[ "$(tail -n 1 "$DIR/out")" = 4 ]
}
