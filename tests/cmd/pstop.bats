#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pstop and prun of whole processes and of families.

# shellcheck disable=SC2030,SC2031 # each test is a shell of its own

bats_require_minimum_version 1.5.0
load ../lib/target

setup() {
	target_setup
	STOPS=$TARGETS/stops
}

teardown() {
	[ -z "${GROUP-}" ] || [ ! -e "$GROUP" ] || thaw
	# Whoever waits for its input is to be able to see its end.
	for pid in "${STARTED[@]}"; do kill -CONT "$pid" 2>/dev/null || true; done
	target_teardown
}

# states PID: the state letters of its threads, each once.
states() {
	sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/task/"*/status | sort -u | tr -d '\n'
}

# descendants PID: all of them that have not ended.
descendants() {
	ps -e -o pid= -o ppid= -o stat= | awk -v root="$1" '
		{ parent[$1] = $2; state[$1] = $3 }
		END {
			for (pid in parent) {
				for (p = parent[pid]; p > 1 && p != root; p = parent[p])
					;
				if (p == root && state[pid] !~ /^Z/)
					print pid
			}
		}'
}

# all_stopped PID: it and all descendants, now.
all_stopped() {
	local pid
	[ "$(states "$1")" = T ] || return 1
	for pid in $(descendants "$1"); do
		[ "$(states "$pid")" = T ] || return 1
	done
}

# shellcheck disable=SC2154 # stderr is set by run
@test "usage, help, version" {
	for tool in "$PSTOP" "$PRUN"; do
		run --separate-stderr "$tool"
		[ "$status" = 2 ]
		[[ $stderr == "usage: ${tool##*/} [-r] [-t seconds] pid"* ]]
		run --separate-stderr "$tool" -t 0 1
		[ "$status" = 2 ]
		run --separate-stderr "$tool" -F 1
		[ "$status" = 2 ]
		run "$tool" -h
		[ "$status" = 0 ]
	done
}

stop_and_run() {
	local sent=0
	start_target "$1" calls
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		"$PSTOP" "$TARGET" >"$DIR/said" 2>&1
		[ "$(states "$TARGET")" = T ]
		kill -s RTMIN "$TARGET"
		sent=$((sent + 1))
		"$PRUN" "$TARGET" >>"$DIR/said" 2>&1
		[[ $(states "$TARGET") != *T* ]]
		[ ! -s "$DIR/said" ]
	done
	finish_target
	[ "$(fact signals)" = "$sent" ]
}

@test "stopped when pstop returns, running when prun does; no call and no signal suffers" {
	stop_and_run "$STOPS"
}

@test "the same of a 32-bit program" {
	stop_and_run "$STOPS.32"
}

@test "stopped already, running already: nothing is done, successfully" {
	start_target "$STOPS" calls
	"$PRUN" "$TARGET"
	"$PSTOP" "$TARGET"
	"$PSTOP" "$TARGET"
	[ "$(states "$TARGET")" = T ]
	"$PRUN" "$TARGET"
	# Not SIGTSTP: the kernel ignores that in a process group without a parent in its session.
	kill -STOP "$TARGET"
	wait_for grep -q '^State:.T' "/proc/$TARGET/status"
	"$PSTOP" "$TARGET"
	"$PRUN" "$TARGET"
	[[ $(states "$TARGET") != *T* ]]
	finish_target
}

@test "two pstops and pruns at once" {
	local workers=()
	start_target "$STOPS" calls
	for _ in 1 2 3; do
		# What another has undone meanwhile is told as a failure, and harms nobody.
		bash -c 'for _ in 1 2 3 4 5 6 7 8; do "$1" -t 1 "$3"; "$2" -t 1 "$3"; done 2>/dev/null; true' - \
			"$PSTOP" "$PRUN" "$TARGET" &
		workers+=("$!")
	done
	wait "${workers[@]}"
	"$PRUN" "$TARGET"
	[[ $(states "$TARGET") != *T* ]]
	finish_target
}

@test "a storm of SIGCONT: pstop succeeds or says who runs, and stops it afterwards" {
	start_target "$STOPS" calls
	bash -c 'while :; do kill -CONT "$1"; done' - "$TARGET" &
	local storm=$!
	STARTED+=("$storm")
	for _ in 1 2 3; do
		run "$PSTOP" -t 1 "$TARGET"
		[ "$status" = 0 ] || [[ $output == "pstop: did not stop in time: $TARGET: thread "* ]]
	done
	kill "$storm"
	wait "$storm" || true
	is_over "$storm"
	"$PSTOP" "$TARGET"
	[ "$(states "$TARGET")" = T ]
	"$PRUN" "$TARGET"
	finish_target
}

@test "kill -9 of pstop and prun at any time: stopped or running, and nothing else" {
	local round
	start_target "$STOPS" calls
	for round in 1 2 3 4 5 6 7 8 9; do
		timeout -s KILL "0.00$round" "$PSTOP" "$TARGET" || true
		timeout -s KILL "0.00$round" "$PRUN" "$TARGET" || true
	done
	"$PSTOP" "$TARGET"
	[ "$(states "$TARGET")" = T ]
	"$PRUN" "$TARGET"
	finish_target
}

@test "a parent in vfork: named, the stop comes later" {
	start_target "$STOPS" vfork
	run "$PSTOP" -t 1 "$TARGET"
	[ "$status" = 1 ]
	[ "$output" = "pstop: did not stop in time: $TARGET: thread $TARGET is in state D (uninterruptible sleep): process waits in vfork; the stop stays requested" ]
	exec {TARGET_IN}>&-
	stopped_now() { [ "$(states "$1")" = T ]; }
	wait_for stopped_now "$TARGET"
	# It ends as soon as it runs: that is a success.
	"$PRUN" "$TARGET"
	finish_target
}

# frozen PID: freezes it in a control group of its own, $GROUP; thaw lets it go on. Fails where that is not to be had.
frozen() {
	local how
	for how in freezer:freezer.state:FROZEN:THAWED unified:cgroup.freeze:1:0 .:cgroup.freeze:1:0; do
		IFS=: read -r GROUP FREEZE FROZEN THAWED <<<"$how"
		GROUP=/sys/fs/cgroup/$GROUP/ptools-pstop-$$
		mkdir "$GROUP" 2>/dev/null || continue
		if echo "$1" >"$GROUP/cgroup.procs" && echo "$FROZEN" >"$GROUP/$FREEZE"; then
			return 0
		fi 2>/dev/null
		rmdir "$GROUP"
	done
	return 1
}

thaw() {
	echo "$THAWED" >"$GROUP/$FREEZE"
}

@test "frozen by its control group: said so by pstop and prun; stopped as soon as it is thawed" {
	start_target "$STOPS" calls
	frozen "$TARGET" || skip 'no control group to freeze'
	run "$PSTOP" -t 1 "$TARGET"
	[ "$status" = 1 ]
	[[ $output == "pstop: did not stop in time: $TARGET: thread "*": process is frozen by its control group; the stop stays requested" ]]
	thaw
	wait_for all_stopped "$TARGET"
	"$PRUN" "$TARGET"
	[[ $(states "$TARGET") != *T* ]]
	finish_target
	rmdir "$GROUP"
}

@test "dying, dead, or about to end: a clear line or a success, never a hang" {
	local pid
	for _ in 1 2 3 4 5 6 7 8; do
		"$STOPS" calls </dev/null >/dev/null 2>&1 &
		pid=$!
		run "$PSTOP" "$pid"
		[[ ($status == 0 && -z $output) || ($status == 1 && ${#lines[@]} == 1 && $output == pstop:*": $pid"*) ]]
		kill -KILL "$pid" 2>/dev/null || true
		run "$PRUN" "$pid"
		[[ $status == [01] ]]
		wait "$pid" || true
	done
}

@test "under a tracer: strace's process is stopped, a debugger's stands already" {
	command -v strace >/dev/null || skip 'no strace'
	start_target "$STOPS" calls
	strace -f -q -o /dev/null -p "$TARGET" &
	local tracer=$!
	STARTED+=("$tracer")
	traced() { ! grep -q '^TracerPid:.0$' "/proc/$1/task/"*/status; }
	wait_for traced "$TARGET"
	"$PSTOP" -t 10 "$TARGET"
	stands() { [[ $(states "$1") == [Tt] ]]; }
	stands "$TARGET"
	# Held by its tracer for good: SIGCONT is not enough.
	"$PRUN" -t 10 "$TARGET"
	kill -STOP "$tracer"
	stuck() { [[ $(states "$1") == *t* ]]; }
	wait_for stuck "$TARGET"
	run "$PRUN" -t 1 "$TARGET"
	[ "$status" = 1 ]
	[ "$output" = "prun: process is traced: $TARGET: by pid $tracer (strace)" ]
	kill -CONT "$tracer"
	kill "$tracer"
	wait "$tracer" || true
	is_over "$tracer"
	"$PRUN" "$TARGET"
	finish_target
}

@test "bad operands, one line each; the good ones are dealt with" {
	# Before the target, whose input it would keep open.
	bash -c 'sleep 0.2 & exec sleep 1000' &
	local parent=$! zombie
	STARTED+=("$parent")
	wait_for pgrep -P "$parent"
	zombie=$(pgrep -P "$parent")
	wait_for is_zombie "$zombie"
	start_target "$STOPS" calls
	run "$PSTOP" 99999999 2 "$zombie" nonsense self "$TARGET/x" "$TARGET"
	[ "$status" = 1 ]
	[ "$(states "$TARGET")" = T ]
	[ "${lines[0]}" = 'pstop: no such process: 99999999' ]
	[ "${lines[1]}" = 'pstop: system process: 2' ] || [ ! -e /proc/2 ] || [ -n "$(cat /proc/2/cmdline)" ]
	[ "${lines[2]}" = "pstop: zombie process: $zombie" ]
	[ "${lines[3]}" = 'pstop: not a process: nonsense' ]
	[ "${lines[4]}" = 'pstop: attempt to grab self: self' ]
	[[ ${lines[5]} == "pstop: bad lwp specification: $TARGET/x" || ${lines[5]} == "pstop: not a process: $TARGET/x" ]]
	[ "${#lines[@]}" = 6 ]
	run "$PRUN" 99999999 "$zombie" "$TARGET"
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 2 ]
	[[ $(states "$TARGET") != *T* ]]
	finish_target
	kill "$parent"
}

@test "another user's process: the rule of kill(2), and the way out" {
	start_target "$STOPS" calls
	for tool in "$PSTOP" "$PRUN"; do
		run setpriv --reuid 65534 --regid 65534 --clear-groups setsid -w "$tool" "$TARGET"
		[ "$status" = 1 ]
		[[ $output == "${tool##*/}: permission denied: $TARGET: it belongs to uid 0 (root), you are uid 65534 "*'without CAP_KILL; run as root (sudo)' ]]
	done
	[[ $(states "$TARGET") != *T* ]]
	finish_target
}

@test "one's own processes need no privilege" {
	start_target setpriv --reuid 65534 --regid 65534 --clear-groups "$STOPS" calls
	setpriv --reuid 65534 --regid 65534 --clear-groups "$PSTOP" "$TARGET"
	[ "$(states "$TARGET")" = T ]
	setpriv --reuid 65534 --regid 65534 --clear-groups "$PRUN" "$TARGET"
	[[ $(states "$TARGET") != *T* ]]
	finish_target
}

@test "pid 1 of a container: refused inside, with the reason; stopped from outside" {
	start_target unshare -fp --mount-proc --kill-child sh -c "'$PSTOP' 1; echo status=\$?; exec '$STOPS' calls"
	[ "$(fact status)" = 1 ]
	grep -q '^pstop: init of its pid namespace cannot be stopped: 1: ' "$FACTS.err"
	local init
	init=$(pgrep -P "$TARGET")
	"$PSTOP" "$init"
	[ "$(states "$init")" = T ]
	"$PRUN" "$init"
	[[ $(states "$init") != *T* ]]
	: >"$FACTS.err"
	finish_target
}

@test "-r: a family that grows all the time stands, and runs again" {
	local round
	start_target "$STOPS" tree
	for round in 1 2 3; do
		sleep 0.1
		"$PSTOP" -r -t 10 "$TARGET"
		all_stopped "$TARGET"
		[ "$(descendants "$TARGET" | wc -l)" -ge 5 ]
		sleep 0.1
		all_stopped "$TARGET"
		"$PRUN" -r -t 10 "$TARGET"
		[[ $(states "$TARGET") != *T* ]]
		for pid in $(descendants "$TARGET"); do
			[[ $(states "$pid" 2>/dev/null) != *T* ]]
		done
	done
	finish_target
}

@test "without -r only the one; -r leaves pstop itself out" {
	local child
	start_target "$STOPS" tree
	child=$(pgrep -P "$TARGET" | head -n 1)
	"$PSTOP" "$TARGET"
	[[ $(states "$child") != *T* ]]
	"$PRUN" "$TARGET"
	finish_target
	# Its own parent is stopped by it, and it ends all the same.
	bash -c '"$1" -r $$; echo $? >"$2"' - "$PSTOP" "$DIR/status" &
	local shell=$!
	STARTED+=("$shell")
	shell_stands() { [ "$(states "$shell")" = T ] && [ -z "$(descendants "$shell")" ]; }
	wait_for shell_stands
	"$PRUN" -r "$shell"
	wait "$shell"
	is_over "$shell"
	[ "$(cat "$DIR/status")" = 0 ]
}
