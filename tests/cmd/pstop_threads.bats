#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pstop PID/TID and prun: single threads, held by a keeper.

# shellcheck disable=SC2030,SC2031 # each test is a shell of its own

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

@test "many pstops and pruns at once" {
	local workers=()
	for _ in 1 2 3; do
		"${AS[@]}" bash -c 'for _ in 1 2 3 4 5 6 7 8; do "$1" "$3"; "$2" "$3"; done 2>/dev/null; true' - \
			"$PSTOP" "$PRUN" "$TARGET/$(each sleeps),$(each counts)" &
		workers+=("$!")
	done
	wait "${workers[@]}"
	"${AS[@]}" "$PRUN" "$TARGET"
	free "$(each sleeps)" "$(each counts)"
	finish_target
}

@test "pfiles and pstack work on it; truss refuses where all are held, naming the keeper and the way out" {
	local keeper
	"${AS[@]}" "$PSTOP" "$TARGET/1-"
	keeper=$(keeper_of "$TARGET")
	"$PFILES" "$TARGET" | grep -q '^   0: S_IFIFO'
	"$PSTACK" "$TARGET" | grep -q read
	run "$TRUSS" -p "$TARGET"
	[ "$status" = 2 ]
	[ "$output" = "truss: process is traced: $TARGET: by pid $keeper (ptools-keeper); prun lets go of what pstop holds" ]
	held "$TARGET" "$(each sleeps)"
	"${AS[@]}" "$PRUN" "$TARGET"
	finish_target
}
