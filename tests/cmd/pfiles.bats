#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What pfiles shows of descriptors, compared with what their owner says of them, by each way.

bats_require_minimum_version 1.5.0
load ../lib/target

setup() {
	target_setup
}

teardown() {
	target_teardown
}

# check VICTIM...: the same page by the agent, by /proc where that is enough, by borrowing, and with the process held.
check() {
	SOCKET=yes start_target "$TARGETS/$1" "$DIR/files" "${@:2}"
	wait_for by_agent "$PFILES" -s "$TARGET"
	same_as_expected "$DIR/out"
	each_way
	rm -rf "$DIR/files"
	mkdir "$DIR/files"
	start_target "$TARGETS/$1" "$DIR/files" "${@:2}"
	each_way
}

each_way() {
	local options
	for options in "" -b -H; do
		# shellcheck disable=SC2086 # may be nothing
		"$PFILES" $options "$TARGET" >"$DIR/out" 2>"$DIR/err"
		same_as_expected "$DIR/out"
		[ ! -s "$DIR/err" ]
	done
	finish_target
}

each_victim() {
	mkdir "$DIR/files"
	check "$@"
}

@test "files of all kinds, their flags, paths and offsets" {
	each_victim kinds
}

@test "files of a static program" {
	each_victim kinds.static
}

@test "files of a 32-bit program" {
	each_victim kinds.32
}

@test "sockets: types, options, names, peers" {
	each_victim socks
}

@test "sockets of a static program" {
	each_victim socks.static
}

@test "sockets of a 32-bit program" {
	each_victim socks.32
}

@test "locks of the process, of others, of open files, and leases" {
	each_victim locks
}

@test "a process with many threads" {
	start_target "$TARGETS/odd" threads 200
	for options in "" -b -H; do
		# shellcheck disable=SC2086
		"$PFILES" $options "$TARGET" >"$DIR/out"
		same_as_expected "$DIR/out"
	done
	finish_target
}

@test "header: pid, tab, the command as it is now" {
	start_target "$TARGETS/odd" threads 1
	"$PFILES" "$TARGET" >"$DIR/out"
	printf '%s:\t%s\n' "$TARGET" "$TARGETS/odd threads 1" | cut -c1-$((${#TARGET} + 2 + 70)) |
		diff - <(head -1 "$DIR/out")
	finish_target
}

@test "header: hostile arguments are escaped and cut at 70 columns" {
	start_target bash -c "exec -a \$'evil\\e[31m\\nline \\x9b'\$(printf 'x%.0s' {1..100}) $TARGETS/odd threads 0"
	"$PFILES" "$TARGET" >"$DIR/out"
	head -1 "$DIR/out" | grep -q $'^[0-9]*:\tevil\\\\x1b\\[31m\\\\nline \\\\x9bxxxxx*$'
	[ "$(head -1 "$DIR/out" | cut -f2 | wc -L)" = 70 ]
	lacks $'\e' "$DIR/out"
	finish_target
}

@test "rlimit: the soft one" {
	start_target "$TARGETS/odd" threads 0
	prlimit --pid "$TARGET" --nofile=123:456
	[ "$("$PFILES" "$TARGET" | sed -n 2p)" = "  Current rlimit: 123 file descriptors" ]
	finish_target
}

@test "-n: the first lines, and nothing else" {
	mkdir "$DIR/files"
	start_target "$TARGETS/kinds" "$DIR/files"
	for options in -n -nb -nH; do
		"$PFILES" $options "$TARGET" >"$DIR/out"
		diff <(expected | grep '^ *[0-9]*: ') <(blocks "$DIR/out")
		[ "$(sed -n '2p' "$DIR/out" | cut -c1-17)" = "  Current rlimit:" ]
		[ "$(tail -n +3 "$DIR/out" | grep -vc '^ *[0-9]*: ')" = 0 ]
	done
	finish_target
}

@test "ascending order, each descriptor once" {
	READY=^pid= start_target "$TARGETS/many" 1000 2 "$DIR"
	"$PFILES" "$TARGET" | sed -n 's/^ *\([0-9]*\): .*/\1/p' >"$DIR/numbers"
	sort -n -u "$DIR/numbers" | diff - "$DIR/numbers"
	find "/proc/$TARGET/fd" -mindepth 1 -printf '%f\n' | sort -n | diff - "$DIR/numbers"
	finish_target
}

@test "10,000 descriptors, the same by each way" {
	READY=^pid= start_target "$TARGETS/many" 10000 2 "$DIR"
	"$PFILES" "$TARGET" >"$DIR/agent"
	"$PFILES" -b "$TARGET" >"$DIR/borrowed"
	cmp "$DIR/agent" "$DIR/borrowed"
	"$PFILES" -H "$TARGET" >"$DIR/held"
	cmp "$DIR/agent" "$DIR/held"
	[ "$(grep -c '^ *[0-9]*: S_' "$DIR/agent")" -ge 9990 ]
	finish_target
}

cpus_of() {
	grep -h '^Cpus_allowed:' "/proc/$1/task/"*/status | sort | uniq -c
}

@test "many descriptors: the work is done beside the CPUs of the target, whose threads may run where they could" {
	READY=^pid= start_target "$TARGETS/many" 2000 2 "$DIR"
	before=$(cpus_of "$TARGET")
	for _ in 1 2 3 4 5; do
		"$PFILES" "$TARGET" >"$DIR/out"
		[ "$(cpus_of "$TARGET")" = "$before" ]
		[ "$(threads_of "$TARGET")" = 2 ]
	done
	finish_target
}

@test "no descriptors: header and rlimit line" {
	start_target "$TARGETS/odd" bare
	wait_for no_descriptors
	for options in "" -b -H; do
		# shellcheck disable=SC2086
		"$PFILES" $options "$TARGET" >"$DIR/out"
		[ "$(wc -l <"$DIR/out")" = 2 ]
	done
	kill -TERM "$TARGET"
	finish_target
}

no_descriptors() {
	[ -z "$(ls "/proc/$TARGET/fd")" ]
}

@test "descriptors that change all the time: never a mixture of two files" {
	mkdir "$DIR/files"
	start_target "$TARGETS/churn" "$DIR/files"
	for _ in {1..60}; do
		"$PFILES" "$TARGET"
		"$PFILES" -b "$TARGET"
		"$PFILES" -H "$TARGET"
	done | sed '/^ *13:/s/ ino:[0-9]* / ino:0 /' >"$DIR/out"
	# Each block is one line, to be looked for among the facts.
	one_line() {
		awk '/^[0-9]+:\t/ { show = 0; next }
			/^ *[0-9]+: / { if (block) print block; block = ""; show = $1 ~ /^1[0123]:$/ }
			show { block = block $0 "\\n" }
			END { if (block) print block }' | sort -u
	}
	expected | one_line >"$DIR/allowed"
	# Notes go with the kind of file that they stand under.
	awk '/^ *[0-9]+: / { type = $2 }
		/^      (pipe|fifo) / && type != "S_IFIFO" || /^      device / && type != "S_IFCHR" ||
			/^      mount / && type == "S_IFSOCK" { print type, $0; bad = 1 }
		END { exit bad }' "$DIR/out"
	# What the kernel's tables tell comes afterwards, when the socket may be closed already, or just being closed.
	sed -e 's/  receive queue: 0  send queue: 0$//' \
		-e '/^\t(not known: queues.*: the kernel does not list it)$/d' \
		-e '/^\tshut down: receiving,sending$/d' "$DIR/out" |
		grep -Ev -e "$NOTES" -e $'^\tcookie: ' | one_line | grep -v 'descriptor changed while it was being looked at' >"$DIR/seen"
	comm -13 "$DIR/allowed" "$DIR/seen" >"$DIR/mixed"
	cat "$DIR/mixed"
	[ ! -s "$DIR/mixed" ]
	# And the test has seen something: most of what there is.
	[ "$(wc -l <"$DIR/seen")" -ge 6 ]
	finish_target
}

@test "a process that executes other programs: one program on a page" {
	start_target "$TARGETS/restless"
	shown=0
	for _ in {1..50}; do
		"$PFILES" "$TARGET" >"$DIR/out" 2>"$DIR/err" || {
			grep -q 'process has executed another program' "$DIR/err"
			continue
		}
		shown=$((shown + 1))
		case $(head -1 "$DIR/out") in
		*$'\t'two*) lacks '^  10: ' "$DIR/out" ;;
		*) lacks '^  11: ' "$DIR/out" ;;
		esac
	done
	[ $shown -gt 10 ]
	finish_target
}

@test "without sockets: who sleeps is not even woken" {
	local before
	mkdir "$DIR/files"
	start_target "$TARGETS/kinds" "$DIR/files"
	wait_for is_in_read "$TARGET"
	before=$(grep ctxt_switches "/proc/$TARGET/status")
	for _ in {1..20}; do
		"$PFILES" "$TARGET" >"$DIR/out"
		"$PFILES" -O "$TARGET" >"$DIR/out"
	done
	same_as_expected "$DIR/out"
	[ "$(grep ctxt_switches "/proc/$TARGET/status")" = "$before" ]
	finish_target
}

@test "-s says how the process was reached" {
	start_target "$TARGETS/odd" threads 0
	"$PFILES" -s "$TARGET" 2>&1 >/dev/null |
		grep -Eqx "pfiles: $TARGET: borrowed descriptors \(no socket to ask\): [0-9]+ calls; nobody stopped"
	finish_target
	# Of what is no pipe either, no copy is made.
	# shellcheck disable=SC2217 # it only has it open
	sleep 1000 </dev/null >/dev/null 2>&1 &
	STARTED+=($!)
	wait_for grep -qx sleep "/proc/$!/comm"
	"$PFILES" -s -p 0-2 $! 2>&1 >/dev/null |
		grep -qx "pfiles: $!: /proc only (no socket to ask): 0 calls; nobody stopped"
	SOCKET=yes start_target "$TARGETS/odd" threads 0
	wait_for by_agent "$PFILES" -s "$TARGET"
	grep -Eq "^pfiles: $TARGET: agent \(.*\): [0-9]+ calls; thread $TARGET stopped (2 times )?for [0-9]+ us" "$DIR/err"
	"$PFILES" -sb "$TARGET" 2>&1 >/dev/null |
		grep -Eqx "pfiles: $TARGET: borrowed descriptors \(-b\): [0-9]+ calls; nobody stopped"
	"$PFILES" -sH "$TARGET" 2>&1 >/dev/null |
		grep -Eqx "pfiles: $TARGET: borrowed descriptors \(-H\): [0-9]+ calls; 1 thread held for [0-9]+ us"
	finish_target
}
