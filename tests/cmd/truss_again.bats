#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A process that truss -T, -S or -M left at an event: the other tools, and truss once more.

# shellcheck disable=SC2030,SC2031 # each test is a shell of its own

bats_require_minimum_version 1.5.0
load ../lib/target
load ../lib/left

setup() {
	target_setup
	EVENTS=$TARGETS/events
	TRACE=$DIR/trace
}

teardown() {
	for pid in "${STARTED[@]}"; do kill -CONT "$pid" 2>/dev/null || true; done
	target_teardown
}

# taken: the tracer has each thread of the target; or has gone already.
# shellcheck disable=SC2143 # which files lack it, not whether one has it
taken() {
	[ ! -e "/proc/$TRACER" ] || is_zombie "$TRACER" ||
		[ -z "$(grep -L "^TracerPid:.$TRACER$" "/proc/$TARGET/task"/*/status 2>/dev/null)" ]
}

# truss_on ARGUMENT...: truss -p on the target in the background, as TRACER, until it has it.
truss_on() {
	"$TRUSS" -o "$TRACE" "$@" -p "$TARGET" 3>&- {TARGET_IN}>&- &
	TRACER=$!
	STARTED+=("$TRACER")
	wait_for taken
}

# left: the tracer has ended with 0, and the target stands, traced by nobody.
left() {
	wait "$TRACER"
	is_over "$TRACER"
	# The other threads follow.
	wait_for stands "$TARGET"
	grep -q '^TracerPid:.0$' "/proc/$TARGET/status"
}

# over_with STATUS: the target ends, with that.
over_with() {
	local status=0
	over() { [ ! -e "/proc/$TARGET" ] || is_zombie "$TARGET"; }
	wait_for over
	wait "$TARGET" || status=$?
	is_over "$TARGET"
	[ "$status" = "$1" ]
}

# once_more STATUS ARGUMENT...: truss with these on the target that stands; prun; it does not stop again, and ends so.
once_more() {
	local status=$1
	shift
	truss_on "$@"
	"$PRUN" -t 10 "$TARGET" || true
	over_with "$status"
	wait "$TRACER"
	is_over "$TRACER"
}

# pending_in: what is blocked and pending in each thread of the target.
pending_in() {
	grep -h -e '^SigBlk' -e '^SigPnd' -e '^ShdPnd' "/proc/$TARGET/task"/*/status
}

# looked_at: every tool works on it, and it stands afterwards.
looked_at() {
	pending_in >"$DIR/pending"
	"$PSTACK" "$TARGET" >"$DIR/stack"
	grep -q '^ [0-9a-f]\{8,16\} ' "$DIR/stack"
	wait_for stands "$TARGET"
	"$PFILES" "$TARGET" | grep -q '^   0: S_IF'
	wait_for stands "$TARGET"
	truss_on
	kill "$TRACER"
	wait "$TRACER" || true # it may not have caught that signal yet
	is_over "$TRACER"
	wait_for stands "$TARGET"
	grep -q '^TracerPid:.0$' "/proc/$TARGET/status"
	pending_in | diff "$DIR/pending" -
	# What it attaches by leaves a SIGSTOP pending, which SIGCONT takes away.
	gdb -nx -p "$TARGET" -batch -ex 'info registers' -ex detach >"$DIR/gdb" 2>&1
	grep -q '^[re]ip ' "$DIR/gdb"
	wait_for stands "$TARGET"
}

needs_gdb() {
	command -v gdb >/dev/null || skip 'no gdb'
}

@test "an exit: it waits at its entry, where pstack sees it; once more, it is made" {
	local variant
	needs_gdb
	for variant in '' .32; do
		start_target "$EVENTS$variant" ends
		truss_on -T exit_group
		exec {TARGET_IN}>&-
		left
		[ "$(grep -c '^exit_group(7)' "$TRACE")" = 1 ]
		grep -q '^\(231\|252\) 0x7 ' "/proc/$TARGET/syscall"
		looked_at
		grep -q 'exit_group *(7)' "$DIR/stack"
		once_more 7 -T exit_group
		grep -q '^exit_group(7)' "$TRACE"
	done
}

@test "a fatal signal: it is pending as it came; once more, it ends the process" {
	needs_gdb
	start_target "$EVENTS" asleep
	truss_on -S TERM
	kill -TERM "$TARGET"
	left
	grep -qx "      siginfo: SIGTERM pid=$$ uid=$(id -u)" "$TRACE"
	looked_at
	once_more 143 -S TERM
	grep -qx "      siginfo: SIGTERM pid=$$ uid=$(id -u)" "$TRACE"
	[ "$(grep -c 'Received signal #15, SIGTERM' "$TRACE")" = 1 ]
}

@test "a fault: its signal is pending as the kernel sent it, and happens once" {
	local variant
	needs_gdb
	for variant in '' .32; do
		start_target "$EVENTS$variant" crash
		truss_on -M FLTBOUNDS
		exec {TARGET_IN}>&-
		left
		grep -qx '      siginfo: SIGSEGV SEGV_MAPERR addr=0x00000010' "$TRACE"
		looked_at
		once_more 139 -S SEGV -M all
		[ "$(grep -cx '      siginfo: SIGSEGV SEGV_MAPERR addr=0x00000010' "$TRACE")" -ge 1 ]
		[ "$(grep -c 'Received signal #11' "$TRACE")" = 1 ]
		[ "$(grep -c 'Incurred fault #6' "$TRACE")" = 1 ]
	done
}

@test "a fatal signal to a process of several threads: who sent it is kept" {
	start_target "$EVENTS" writers "$DIR"
	truss_on -t '!all' -S TERM
	kill -TERM "$TARGET"
	left
	grep -q "siginfo: SIGTERM pid=$$ uid=$(id -u)" "$TRACE"
	once_more 143 -t '!all' -S TERM
	grep -q "siginfo: SIGTERM .*pid=$$ uid=$(id -u)" "$TRACE"
}

@test "a call of one of several threads: it stands exactly there, whatever the others do" {
	local tid
	needs_gdb
	start_target "$EVENTS" writers "$DIR"
	for _ in 1 2 3 4 5 6 7 8; do
		truss_on -T write
		left
		tid=$(sed -n '$s,^/\([0-9]*\):.*write(.*,\1,p' "$TRACE")
		# It has not written anything since.
		[ "$(tail -n 1 "$TRACE" | tr -cd '0-9 "\n' | sed 's/^[^"]*"\([^"]*\)".*/\1/; s/ //g')" = "$(tail -n 1 "$DIR/w.$tid")" ]
		grep -q "^1 0x[0-9a-f]* 0x[0-9a-f]* 0x8 " "/proc/$TARGET/task/$tid/syscall"
		"$PRUN" "$TARGET"
	done
	truss_on -T write
	left
	looked_at
	"$PRUN" "$TARGET"
	finish_target
}

@test "a vfork: the parent stands when it has returned, and the child is not harmed" {
	start_target "$EVENTS" spawns
	truss_on -f -T vfork
	exec {TARGET_IN}>&-
	left
	grep -q "^$TARGET:	vfork()	.*= [0-9]*$" "$TRACE"
	lacks spawned "$FACTS"
	"$PRUN" "$TARGET"
	over_with 0
	grep -q '^spawned$' "$FACTS"
}

@test "an exec by another thread than the first: the new program stands before its first step" {
	start_target "$TARGETS/story" exec-later "$DIR"
	truss_on -T execve
	exec {TARGET_IN}>&-
	left
	[[ $(tail -n 1 "$TRACE") == 'execve("/proc/self/exe", '*'argc = 3' ]]
	[ "$(threads_of "$TARGET")" = 1 ]
	lacks '^fd=' "$FACTS"
	"$PRUN" "$TARGET"
	over_with 0
	grep -q '^fd=' "$FACTS"
}

@test "a signal that does nothing: the call that sleeps goes on sleeping" {
	local out=$DIR/out pid
	"$TRUSS" -f -S CHLD -o "$TRACE" "$TARGETS/story" discarded >"$out" </dev/null 2>&1 3>&-
	pid=$(sed -n '$s/^\([0-9]*\)[:/].*/\1/p' "$TRACE")
	STARTED+=("$pid")
	wait_for stands "$pid"
	"$PRUN" "$pid"
	wait_for grep -q '^returned=' "$out"
	grep -qx 'returned=1' "$out"
}
