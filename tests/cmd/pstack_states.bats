#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pstack and threads that nothing stops: asleep in the kernel without interruption, or frozen.

# shellcheck disable=SC2030,SC2031,SC2153,SC2154 # each test is a shell of its own; run sets $stderr

bats_require_minimum_version 1.5.0
load ../lib/target
load ../lib/stack

setup() {
	target_setup
	STACKS=$TARGETS/stacks
}

teardown() {
	[ -z "${FROZEN-}" ] || thaw
	target_teardown
	[ -z "${GROUP-}" ] || rmdir "$GROUP"
}

@test "a thread in the kernel without interruption (D): its stack, the others', and -H says who did not stop" {
	start_target "$TARGETS/stuck"
	[ "$(fact possible)" = yes ] || {
		finish_target
		skip 'no userfaultfd here'
	}
	look -s "$TARGET"
	told_chain "$(fact stuck)"
	shows ' process_vm_readv \('
	chain_of "$TARGET" main
	whole
	nobody_stopped
	look -j "$TARGET"
	jq -e '.threads | length == 2 and all(.read == "asleep")' "$OUT"
	run timeout 15 "$PSTACK" -H "$TARGET"
	[ "$status" = 1 ]
	[[ $output == *"did not stop in time: $TARGET: thread $(fact stuck); without -H it need not stop"* ]]
	# Nobody is held, and it is where it was.
	[ "$(awk '$1 == "TracerPid:" { n += $2 } END { print n }' "/proc/$TARGET/task"/*/status)" = 0 ]
	look "$TARGET"
	told_chain "$(fact stuck)"
	finish_target
}

# freeze PID: in a control group of its own, of either version; false where we cannot make any.
freeze() {
	local root
	for root in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/freezer; do
		GROUP=$root/ptools-test.$$
		mkdir "$GROUP" 2>/dev/null || continue
		if echo "$1" 2>/dev/null >"$GROUP/cgroup.procs"; then
			FROZEN=yes
			if [ -w "$GROUP/cgroup.freeze" ]; then
				echo 1 >"$GROUP/cgroup.freeze" && return
			elif [ -w "$GROUP/freezer.state" ]; then
				echo FROZEN >"$GROUP/freezer.state" && return
			fi
		fi
		rmdir "$GROUP"
	done
	GROUP='' FROZEN=''
	return 1
}

is_frozen() {
	grep -qsx 'frozen 1' "$GROUP/cgroup.events" || grep -qsx FROZEN "$GROUP/freezer.state"
}

# A group with processes in it cannot be removed.
thaw() {
	FROZEN=
	if [ -w "$GROUP/cgroup.freeze" ]; then
		echo 0 >"$GROUP/cgroup.freeze"
	else
		echo THAWED >"$GROUP/freezer.state"
	fi
	echo "$TARGET" >"${GROUP%/*}/cgroup.procs"
}

@test "frozen by its control group: the stacks of all, running ones too, and it stays frozen" {
	[ "$(id -u)" = 0 ] || skip 'needs root'
	start_target "$STACKS" spin
	freeze "$TARGET" || {
		finish_target
		skip 'no control group can be made here'
	}
	wait_for is_frozen
	look -s "$TARGET"
	told_chain "$(fact spinner)"
	chain_of "$TARGET" wait_here inner outer main
	run timeout 15 "$PSTACK" -H "$TARGET"
	# The second version's freezer lets ptrace(2) stop who is frozen, the first one's does not.
	if [ -w "$GROUP/cgroup.freeze" ]; then
		[ "$status" = 0 ]
	else
		[ "$status" = 1 ]
		[[ $output == *'without -H it need not stop'* ]]
	fi
	is_frozen
	thaw
	finish_target
}
