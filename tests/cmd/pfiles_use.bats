#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The command line of pfiles: operands, options, exit status, signals, streams.

bats_require_minimum_version 1.5.0
load ../lib/target

setup() {
	target_setup
}

teardown() {
	target_teardown
}

# shellcheck disable=SC2154 # stderr is set by run
@test "usage: no operand, unknown option" {
	run --separate-stderr "$PFILES"
	[ "$status" = 2 ]
	[ -z "$output" ]
	[[ $stderr == "usage: pfiles "* ]]
	run --separate-stderr "$PFILES" -x 1
	[ "$status" = 2 ]
	[ -z "$output" ]
	[[ $stderr == *"unknown option -x"*"usage: pfiles "* ]]
}

@test "-h and -V on standard output" {
	run --separate-stderr "$PFILES" -h
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	for letter in F n b H s h V; do
		grep -q "^  -$letter " <<<"$output"
	done
	run --separate-stderr "$PFILES" -V
	[ "$status" = 0 ]
	[[ $output == "pfiles "[0-9]* ]]
}

@test "operands: a pid, /proc/PID, a folder of /proc" {
	start_target "$TARGETS/odd" threads 0
	"$PFILES" "$TARGET" >"$DIR/out"
	"$PFILES" "/proc/$TARGET" >"$DIR/again"
	diff "$DIR/again" "$DIR/out"
	"$PFILES" "/proc/$TARGET/" >"$DIR/again"
	diff "$DIR/again" "$DIR/out"
	env -C /proc "$PFILES" "$TARGET" >"$DIR/again"
	diff "$DIR/again" "$DIR/out"
	finish_target
}

@test "several operands, good and bad" {
	start_target "$TARGETS/odd" threads 0
	run --separate-stderr "$PFILES" -n "$TARGET" 99999999 nonsense "$TARGET" /etc/passwd
	[ "$status" = 1 ]
	[ "$(grep -c "^$TARGET:" <<<"$output")" = 2 ]
	[ "$stderr" = "pfiles: no such process: 99999999
pfiles: not a process: nonsense
pfiles: neither a process nor a core file: /etc/passwd" ]
	finish_target
}

@test "operands that would do harm on a terminal are escaped" {
	run --separate-stderr "$PFILES" $'\e[31mred\n'
	[ "$status" = 1 ]
	[ "$stderr" = 'pfiles: not a process: \x1b[31mred\n' ]
}

@test "itself is refused" {
	run --separate-stderr "$PFILES" self
	[ "$status" = 1 ]
	[[ $stderr == "pfiles: attempt to grab self: self"* ]]
	run --separate-stderr sh -c "exec '$PFILES' \$\$"
	[ "$status" = 1 ]
	[[ $stderr == "pfiles: attempt to grab self: "[0-9]* ]]
}

@test "/proc/*: every process has a page or a reason" {
	start_target "$TARGETS/odd" threads 0
	status=0
	"$PFILES" -n /proc/[0-9]* >"$DIR/out" 2>"$DIR/err" || status=$?
	[ $status -le 1 ]
	grep -q "^$TARGET:" "$DIR/out"
	cat "$DIR/err"
	# Nothing but reasons that there are: ends in between, is itself, may not be looked at.
	[ "$(grep -Evc '^pfiles: (no such process|process has exited|zombie process|permission denied|attempt to grab self|process has executed another program): ' "$DIR/err")" = 0 ]
	finish_target
}

@test "a reader that goes away ends the tool without a word" {
	READY=^pid= start_target "$TARGETS/many" 3000 2 "$DIR"
	"$PFILES" "$TARGET" 2>"$DIR/err" | head -3 >"$DIR/out"
	[ "${PIPESTATUS[0]}" = 141 ]
	[ ! -s "$DIR/err" ]
	[ "$(wc -l <"$DIR/out")" = 3 ]
	finish_target
}

@test "a full disk is a failure" {
	start_target "$TARGETS/odd" threads 0
	status=0
	"$PFILES" "$TARGET" >/dev/full 2>"$DIR/err" || status=$?
	[ "$status" = 1 ]
	grep -q '^pfiles: standard output: No space left on device' "$DIR/err"
	finish_target
}

@test "closed standard streams" {
	start_target "$TARGETS/odd" threads 0
	"$PFILES" "$TARGET" <&- 2>&- >"$DIR/out"
	same_as_expected "$DIR/out"
	finish_target
}

@test "^C, TERM, HUP at any moment: it dies of them, and the target runs on unharmed" {
	READY=^pid= start_target "$TARGETS/many" 3000 2 "$DIR"
	interrupted=0
	# A shell lets its background commands ignore ^C, hence env.
	# shellcheck disable=SC2016 # for the other shell
	interrupt='env --default-signal=INT "$@" >/dev/null & tool=$!
		sleep 0.0$((RANDOM % 30 + 10))
		kill -"$SIGNAL" $tool 2>/dev/null
		wait $tool'
	for round in {1..45}; do
		signals=(INT TERM HUP)
		signal=${signals[round % 3]}
		option=
		[ $((round % 5)) = 0 ] && option=-H
		status=0
		SIGNAL=$signal env --default-signal=INT bash -c "$interrupt" - "$PFILES" ${option:+"$option"} "$TARGET" ||
			status=$?
		case $status in
		0) ;;
		$((128 + $(kill -l "$signal")))) interrupted=$((interrupted + 1)) ;;
		*) false ;;
		esac
		[ "$(threads_of "$TARGET")" = 2 ]
		grep -q '^State:.*[RSD] ' "/proc/$TARGET/status"
		grep -qx $'TracerPid:\t0' "/proc/$TARGET/status"
	done
	[ $interrupted -gt 10 ]
	finish_target
}

# most_memory DESCRIPTORS OPTION...: the most that the tool takes for a process with so many, half sockets; KiB.
most_memory() {
	local n=$1
	shift
	READY=^pid= start_target "$TARGETS/many" "$n" 0 "$DIR"
	/usr/bin/time -f %M -o "$DIR/most" "$PFILES" "$@" "$TARGET" >"$DIR/out"
	finish_target
	cat "$DIR/most"
}

@test "memory: at what a descriptor takes, a million fit into 1 GiB" {
	local few many options
	[ -z "${SAN:-}" ] || skip "a sanitizer has memory of its own"
	for options in "" -b -j -a -H; do
		# shellcheck disable=SC2086 # none is none
		few=$(most_memory 1000 $options) many=$(most_memory 4000 $options)
		echo "$options: $few KiB for 1,000, $many KiB for 4,000"
		((few + (many - few) * 1000 / 3 < 1024 * 1024))
	done
}
