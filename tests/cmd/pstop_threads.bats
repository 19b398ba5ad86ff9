#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pstop PID/TID and prun: single threads, held by a keeper.

# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# shellcheck disable=SC2153 # TARGETS: the library's

bats_require_minimum_version 1.5.0
load ../lib/target

# Users of their own, one for each test: each has a keeper of its own, and nobody else's is touched.
setup() {
	target_setup
	NOBODY=$((60000 + BATS_TEST_NUMBER))
	AS=(setpriv --reuid "$NOBODY" --regid "$NOBODY" --clear-groups)
	start_target "${AS[@]}" "$TARGETS/stops" calls
}

teardown() {
	target_teardown
}

# state TID: its letter.
state() {
	sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$TARGET/task/$1/status"
}

held() {
	local tid
	for tid in "$@"; do [ "$(state "$tid")" = t ] || return 1; done
}

free() {
	local tid
	for tid in "$@"; do
		[[ $(state "$tid") != [tT] ]] || return 1
		grep -q '^TracerPid:.0$' "/proc/$TARGET/task/$tid/status" || return 1
	done
}

keeper_of() {
	sed -n 's/^TracerPid:[[:space:]]*//p' "/proc/$TARGET/task/$1/status"
}

gone() {
	[ ! -e "/proc/$1" ] || is_zombie "$1"
}

# One of each, now and again.
each() {
	fact "$1"
}

@test "just these are held, the others run, and all are unharmed" {
	local keeper
	for _ in 1 2 3; do
		"${AS[@]}" "$PSTOP" "$TARGET/$(each sleeps),$(each counts),$(each reads),$(each receives)"
		held "$(each sleeps)" "$(each counts)" "$(each reads)" "$(each receives)"
		free "$TARGET" "$(each polls)" "$(each waits)"
		sleep 0.1
		keeper=$(keeper_of "$(each sleeps)")
		[ "$(cat "/proc/$keeper/comm")" = ptools-keeper ]
		[[ $(tr '\0' ' ' <"/proc/$keeper/cmdline") == "ptools-keeper: for uid $NOBODY holds $TARGET/"*",$(each receives)"* ]]
		[ "$(keeper_of "$(each counts)")" = "$keeper" ]
		"${AS[@]}" "$PRUN" "$TARGET/$(each sleeps)"
		free "$(each sleeps)"
		held "$(each counts)" "$(each reads)" "$(each receives)"
		"${AS[@]}" "$PRUN" "$TARGET"
		free "$(each sleeps)" "$(each counts)" "$(each reads)" "$(each receives)"
		wait_for gone "$keeper"
	done
	finish_target
}

@test "a signal to the process while threads are held, and to a held one" {
	"${AS[@]}" "$PSTOP" "$TARGET/$(each receives)"
	kill -s RTMIN "$TARGET"
	kill -s RTMIN "$TARGET"
	sleep 0.1
	held "$(each receives)"
	"${AS[@]}" "$PRUN" "$TARGET/$(each receives)"
	finish_target
	[ "$(fact signals)" = 2 ]
}

@test "job control beside it: prun of the process undoes both" {
	local all=("$TARGET" "$(each sleeps)" "$(each counts)" "$(each reads)" "$(each polls)")
	"${AS[@]}" "$PSTOP" "$TARGET/$(each sleeps)"
	"${AS[@]}" "$PSTOP" "$TARGET"
	held "$(each sleeps)"
	[ "$(state "$(each counts)")" = T ]
	run "${AS[@]}" "$PRUN" "$TARGET/$(each sleeps)"
	[ "$status" = 1 ]
	[ "$(state "$(each sleeps)")" = T ]
	"${AS[@]}" "$PRUN" "$TARGET"
	free "${all[@]}"
	# All of them held, stopped as a whole, and one let go: it must not run.
	"${AS[@]}" "$PSTOP" "$TARGET/1-"
	held "${all[@]}"
	"${AS[@]}" "$PSTOP" "$TARGET"
	run "${AS[@]}" "$PRUN" "$TARGET/$(each counts)"
	[ "$(state "$(each counts)")" = T ]
	"${AS[@]}" "$PRUN" "$TARGET"
	free "${all[@]}"
	finish_target
}

@test "kill -9 of the keeper: the threads run on" {
	local keeper
	for _ in 1 2 3; do
		"${AS[@]}" "$PSTOP" "$TARGET/$(each sleeps),$(each counts)"
		keeper=$(keeper_of "$(each counts)")
		kill -KILL "$keeper"
		wait_for free "$(each sleeps)" "$(each counts)"
	done
	finish_target
}

@test "the process ends, or is killed: its parent is told, and the keeper ends" {
	local keeper
	"${AS[@]}" "$PSTOP" "$TARGET/$(each sleeps),$TARGET"
	keeper=$(keeper_of "$TARGET")
	kill -KILL "$TARGET"
	wait "$TARGET" || [ "$?" = 137 ]
	is_over "$TARGET"
	wait_for gone "$keeper"
}

@test "who may: the same user and root; a thread that is not there; -r" {
	local keeper
	"${AS[@]}" "$PSTOP" "$TARGET/$(each sleeps)"
	run setpriv --reuid 65533 --regid 65533 --clear-groups "$PRUN" "$TARGET/$(each sleeps)"
	[ "$status" = 1 ]
	held "$(each sleeps)"
	"$PRUN" "$TARGET/$(each sleeps)"
	free "$(each sleeps)"
	run setpriv --reuid 65533 --regid 65533 --clear-groups "$PSTOP" "$TARGET/$(each sleeps)"
	[ "$status" = 1 ]
	[[ $output == "pstop: permission denied: $TARGET/$(each sleeps): it belongs to uid $NOBODY, you are uid 65533 "* ]]
	run "${AS[@]}" "$PSTOP" "$TARGET/1"
	[ "$output" = "pstop: no such lwp: $TARGET/1" ]
	run "${AS[@]}" "$PSTOP" -r "$TARGET/$(each sleeps)"
	[ "$output" = "pstop: bad lwp specification: $TARGET/$(each sleeps)" ]
	# Root's own keeper is not the user's to command.
	"$PSTOP" "$TARGET/$(each sleeps)"
	run "${AS[@]}" "$PRUN" "$TARGET/$(each sleeps)"
	[ "$status" = 1 ]
	keeper=$(keeper_of "$(each sleeps)")
	[ "$output" = "prun: its keeper is another user's, or cannot be reached: $TARGET/$(each sleeps): by pid $keeper (ptools-keeper); run as its user or as root (sudo), or end it: kill is enough" ]
	"$PRUN" "$TARGET"
	finish_target
}

@test "a stranger at the keeper's addresses gets nothing, and keeps nobody from having one" {
	local squatter
	exec {TARGET_IN}>&-
	start_target setpriv --reuid 65533 --regid 65533 --clear-groups "$TARGETS/stops" squat "$NOBODY"
	squatter=$TARGET
	start_target "${AS[@]}" "$TARGETS/stops" calls
	"${AS[@]}" "$PSTOP" "$TARGET/$(each sleeps)"
	held "$(each sleeps)"
	[ "$(keeper_of "$(each sleeps)")" != "$squatter" ]
	[ "$(ps -o uid= -p "$(keeper_of "$(each sleeps)")" | tr -d ' ')" = "$NOBODY" ]
	"${AS[@]}" "$PRUN" "$TARGET"
	free "$(each sleeps)"
	finish_target
}

@test "all capabilities in a user namespace of one's own are none here" {
	"${AS[@]}" unshare -Ur true || skip 'no user namespaces'
	"${AS[@]}" "$PSTOP" "$TARGET/$(each sleeps)"
	run "${AS[@]}" unshare -Ur "$PRUN" "$TARGET/$(each sleeps)"
	[ "$status" = 1 ]
	[[ $output == "prun: its keeper is another user's, or cannot be reached: "* ]]
	held "$(each sleeps)"
	"${AS[@]}" "$PRUN" "$TARGET/$(each sleeps)"
	free "$(each sleeps)"
	finish_target
}

@test "many pstops and pruns at once" {
	local workers=()
	for _ in 1 2 3; do
		# shellcheck disable=SC2016 # for the inner shell
		"${AS[@]}" bash -c 'for _ in 1 2 3 4 5 6 7 8; do "$1" "$3"; "$2" "$3"; done 2>/dev/null; true' - \
			"$PSTOP" "$PRUN" "$TARGET/$(each sleeps),$(each counts)" &
		workers+=("$!")
	done
	wait "${workers[@]}"
	"${AS[@]}" "$PRUN" "$TARGET"
	free "$(each sleeps)" "$(each counts)"
	finish_target
}

# told N WORD: the last of the N things that the parent was told.
told() {
	[ "$(fact told | wc -l)" = "$1" ] && [ "$(fact told | tail -n 1)" = "$2" ]
}

@test "held, a thread takes part in job control: the parent is told of stop and continuation" {
	local parent
	exec {TARGET_IN}>&-
	start_target "${AS[@]}" "$TARGETS/stops" child
	parent=$TARGET
	TARGET=$(fact pid)
	STARTED+=("$TARGET")
	"${AS[@]}" "$PSTOP" "$TARGET/$(each sleeps),$(each counts)"
	kill -STOP "$TARGET"
	wait_for told 1 stopped
	held "$(each sleeps)" "$(each counts)"
	run "${AS[@]}" "$PRUN" "$TARGET/$(each sleeps)"
	[ "$output" = "prun: did not go on in time: $TARGET/$(each sleeps): thread $(each sleeps) is in state T (stopped): its process is stopped as a whole; prun that" ]
	kill -CONT "$TARGET"
	wait_for told 2 continued
	held "$(each counts)"
	wait_for free "$(each sleeps)" "$(each polls)"
	# Stopped before it is held, and continued while it is.
	"${AS[@]}" "$PSTOP" "$TARGET"
	wait_for told 3 stopped
	"${AS[@]}" "$PSTOP" "$TARGET/$(each reads)"
	kill -CONT "$TARGET"
	wait_for told 4 continued
	held "$(each reads)" "$(each counts)"
	wait_for free "$(each sleeps)"
	# Held, and told of nothing.
	"${AS[@]}" "$PRUN" "$TARGET"
	[ "$(fact told | grep -c stopped)" = 2 ]
	is_over "$TARGET"
	TARGET=$parent
	finish_target
}

# becomes_calls: what the target executes is in the facts, and runs, held by nobody.
becomes_calls() {
	wait_for grep -q '^receives=' "$FACTS"
	wait_for free "$TARGET" "$(each sleeps | tail -n 1)" "$(each counts)"
	wait_for gone "$1"
	finish_target
}

@test "another thread executes a program while the first is held, and itself after prun" {
	local keeper
	exec {TARGET_IN}>&-
	start_target "${AS[@]}" "$TARGETS/stops" exec
	wait_for grep -q '^becomes=' "$FACTS"
	"${AS[@]}" "$PSTOP" "$TARGET/$TARGET"
	keeper=$(keeper_of "$TARGET")
	printf x >&"$TARGET_IN"
	becomes_calls "$keeper"

	start_target "${AS[@]}" "$TARGETS/stops" exec
	wait_for grep -q '^becomes=' "$FACTS"
	"${AS[@]}" "$PSTOP" "$TARGET/$TARGET,$(each becomes)"
	keeper=$(keeper_of "$TARGET")
	printf x >&"$TARGET_IN"
	held "$TARGET" "$(each becomes)"
	"${AS[@]}" "$PRUN" "$TARGET/$(each becomes)"
	becomes_calls "$keeper"
}

@test "the first thread executes a program after prun, while another is held" {
	local keeper
	exec {TARGET_IN}>&-
	start_target "${AS[@]}" "$TARGETS/stops" exec-first
	wait_for grep -q '^becomes=' "$FACTS"
	"${AS[@]}" "$PSTOP" "$TARGET/$TARGET,$(each sleeps)"
	keeper=$(keeper_of "$TARGET")
	printf x >&"$TARGET_IN"
	"${AS[@]}" "$PRUN" "$TARGET/$TARGET"
	becomes_calls "$keeper"
}

@test "a sleep goes on with the time that remained, and a wait without end unseen" {
	exec {TARGET_IN}>&-
	# Begun anew it would take as long as it was held, and three seconds more: each time, however busy the machine is.
	for _ in 1 2 3; do
		start_target "${AS[@]}" "$TARGETS/stops" sleep
		"${AS[@]}" "$PSTOP" "$TARGET/$TARGET"
		sleep 2.9
		"${AS[@]}" "$PRUN" "$TARGET/$TARGET"
		finish_target
		[ "$(fact slept)" -ge 3000 ]
		[ "$(fact slept)" -ge 5900 ] || break
	done
	[ "$(fact slept)" -lt 5900 ]

	start_target "${AS[@]}" "$TARGETS/stops" calls
	for _ in 1 2 3; do
		"${AS[@]}" "$PSTOP" "$TARGET/$(each epolls),$(each receives)"
		"${AS[@]}" "$PRUN" "$TARGET"
	done
	finish_target
	[ "$(fact interrupted)" = 0 ]
}

@test "the keeper survives a logout, keeps no descriptor of the tool, and holds many processes" {
	local keeper pid operands=() more=()
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		start_target "${AS[@]}" "$TARGETS/stops" calls
		# The last one first: it has open what ends the others.
		more=("$TARGET:$TARGET_IN:$FACTS" "${more[@]}")
		operands+=("$TARGET/$(each sleeps),$(each counts),$(each polls)")
	done
	# Its end of the pipe would keep cat waiting.
	"${AS[@]}" setsid -w "$PSTOP" "${operands[@]}" 2>&1 | timeout "$PATIENCE" cat
	[ "${PIPESTATUS[1]}" = 0 ]
	keeper=$(keeper_of "$(each sleeps)")
	[[ $(ps -o tty=,sid= -p "$keeper" | tr -s ' ') != *" $keeper" ]]
	[[ $(ps -o tty= -p "$keeper") == '?'* ]]
	[[ $(ps -o args= -p "$keeper") == "ptools-keeper: for uid $NOBODY holds "*' and '*' more' ]]
	[ "$(find "/proc/$keeper/fd" -mindepth 1 | wc -l)" -le 32 ]
	kill -HUP "$keeper"
	sleep 0.1
	for pid in "${more[@]}"; do
		IFS=: read -r TARGET TARGET_IN FACTS <<<"$pid"
		held "$(each sleeps)" "$(each counts)" "$(each polls)"
		[ "$(keeper_of "$(each sleeps)")" = "$keeper" ]
	done
	"${AS[@]}" "$PRUN" "${operands[@]}"
	wait_for gone "$keeper"
	for pid in "${more[@]}"; do
		IFS=: read -r TARGET TARGET_IN FACTS <<<"$pid"
		free "$(each sleeps)" "$(each counts)" "$(each polls)"
		finish_target
	done
}

@test "a parent in vfork: named; let go before it ever stopped, or held as soon as it can be" {
	exec {TARGET_IN}>&-
	start_target "${AS[@]}" "$TARGETS/stops" vfork
	run "${AS[@]}" "$PSTOP" -t 1 "$TARGET/$TARGET"
	[ "$status" = 1 ]
	[ "$output" = "pstop: did not stop in time: $TARGET/$TARGET: thread $TARGET is in state D (uninterruptible sleep): process waits in vfork; the stop stays requested" ]
	"${AS[@]}" "$PRUN" "$TARGET/$TARGET"
	finish_target

	start_target "${AS[@]}" "$TARGETS/stops" vfork
	run "${AS[@]}" "$PSTOP" -t 1 "$TARGET/$TARGET"
	[ "$status" = 1 ]
	exec {TARGET_IN}>&-
	wait_for held "$TARGET"
	"${AS[@]}" "$PRUN" "$TARGET/$TARGET"
	finish_target
}

@test "what cannot be held: a clear line each" {
	local zombie
	bash -c 'sleep 0.2 & exec sleep 1000' {TARGET_IN}>&- &
	STARTED+=("$!")
	wait_for pgrep -P "$!"
	zombie=$(pgrep -P "$!")
	wait_for is_zombie "$zombie"
	run "$PSTOP" 99999999/1 2/2 "$zombie/$zombie" "$TARGET/x" self/1
	[ "$status" = 1 ]
	[ "${lines[0]}" = 'pstop: no such process: 99999999/1' ]
	[ "${lines[1]}" = 'pstop: system process: 2/2' ] || [ ! -e /proc/2 ] || [ -n "$(cat /proc/2/cmdline)" ]
	[ "${lines[2]}" = "pstop: zombie process: $zombie/$zombie" ]
	[[ ${lines[3]} == "pstop: "*": $TARGET/x" ]]
	[ "${lines[4]}" = 'pstop: attempt to grab self: self/1' ]
	"$TRUSS" -o /dev/null -p "$TARGET" {TARGET_IN}>&- &
	STARTED+=("$!")
	wait_for traced "$TARGET"
	run "$PSTOP" "$TARGET/$(each reads)"
	[ "$status" = 1 ]
	[ "$output" = "pstop: process is traced: $TARGET/$(each reads): by pid $! (truss)" ]
	kill -TERM "$!"
	wait "$!"
	is_over "$!"
	finish_target
}

traced() {
	! grep -q '^TracerPid:.0$' "/proc/$1/status"
}

@test "a keeper that is stopped itself: prun says so, and the threads stay" {
	local keeper
	"${AS[@]}" "$PSTOP" "$TARGET/$(each sleeps)"
	keeper=$(keeper_of "$(each sleeps)")
	kill -STOP "$keeper"
	run "${AS[@]}" "$PRUN" "$TARGET/$(each sleeps)"
	[ "$status" = 1 ]
	[[ $output == "prun: its keeper is another user's, or cannot be reached: $TARGET/$(each sleeps): by pid $keeper (ptools-keeper); "* ]]
	held "$(each sleeps)"
	kill -CONT "$keeper"
	"${AS[@]}" "$PRUN" "$TARGET/$(each sleeps)"
	wait_for free "$(each sleeps)"
	finish_target
}

@test "pfiles and pstack work on it, and put back what they do" {
	local keeper
	"${AS[@]}" "$PSTOP" "$TARGET/1-"
	keeper=$(keeper_of "$TARGET")
	"$PFILES" "$TARGET" | grep -q '^   0: S_IFIFO'
	"$PSTACK" "$TARGET" >"$DIR/stack"
	grep -q "traced by $keeper \[ptools-keeper\]" "$DIR/stack"
	for name in sleeps polls reads waits counting counts receives epolls main; do
		grep -q "^ [0-9a-f]* $name (" "$DIR/stack"
	done
	run "$PSTACK" -H "$TARGET"
	[ "$status" = 1 ]
	[ "$output" = "pstack: process is traced: $TARGET: by pid $keeper (ptools-keeper); prun lets go of what pstop holds" ]
	held "$TARGET" "$(each sleeps)" "$(each counts)"
	"${AS[@]}" "$PRUN" "$TARGET"
	# Some held, some not.
	"${AS[@]}" "$PSTOP" "$TARGET/$(each counts)"
	"$PFILES" "$TARGET" | grep -q '^   0: S_IFIFO'
	"$PSTACK" -s "$TARGET" >"$DIR/stack" 2>"$DIR/report"
	grep -q "^ [0-9a-f]* counts (" "$DIR/stack"
	held "$(each counts)"
	free "$TARGET" "$(each sleeps)"
	"${AS[@]}" "$PRUN" "$TARGET"
	finish_target
	[ "$(fact interrupted)" = 0 ]
}

@test "truss traces the others, and the held ones when prun lets go of them" {
	local tracer
	"${AS[@]}" "$PSTOP" "$TARGET/$(each sleeps),$(each counts)"
	"$TRUSS" -o "$DIR/trace" -p "$TARGET" &
	tracer=$!
	STARTED+=("$tracer")
	wait_for grep -q "^/$(each polls):" "$DIR/trace"
	grep -q "^(Warning: $TARGET: held by pstop, traced when prun lets go: thread $(each sleeps) and 1 more)$" "$DIR/trace"
	held "$(each sleeps)" "$(each counts)"
	"${AS[@]}" "$PRUN" "$TARGET/$(each sleeps)"
	wait_for grep -q "^/$(each sleeps):.*nanosleep" "$DIR/trace"
	lacks "^/$(each counts):" "$DIR/trace"
	kill -TERM "$tracer"
	wait "$tracer"
	is_over "$tracer"
	held "$(each counts)"
	"${AS[@]}" "$PRUN" "$TARGET"
	# All of them held: it waits.
	"${AS[@]}" "$PSTOP" "$TARGET/1-"
	"$TRUSS" -o "$DIR/trace" -p "$TARGET" &
	tracer=$!
	STARTED+=("$tracer")
	wait_for grep -q "^(Warning: $TARGET: held by pstop" "$DIR/trace"
	"${AS[@]}" "$PRUN" "$TARGET"
	wait_for grep -q "^/$(each sleeps):.*nanosleep" "$DIR/trace"
	kill -TERM "$tracer"
	wait "$tracer"
	is_over "$tracer"
	free "$TARGET" "$(each sleeps)" "$(each counts)"
	finish_target
}
