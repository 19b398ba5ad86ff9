#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Descriptors that few programs have: what their owner says of each, and what pfiles says.

load ../lib/target

setup() {
	target_setup
}

teardown() {
	target_teardown
}

# PATH of each kind whose path is all there is to say.
declare -gA PATHS=([perf_event]='anon_inode:[perf_event]' [landlock]='anon_inode:[landlock-ruleset]'
	[seccomp]='anon_inode:seccomp notify')

# facts_of NAME FILE: "FACT=VALUE" of the object of that name in the JSON in FILE, of the descriptor that the victim named.
facts_of() {
	jq -r --argjson fd "$(fact "$1.fd")" --arg name "$1" '.descriptors[] | select(.fd == $fd) | .[$name]
		| if type == "array" then add else . end | to_entries[] | "\(.key)=\(.value | if type == "array" then join("|") else . end)"' "$2"
}

one() {
	local name=$1 json=$2
	case $name in
	kvm) jq -e --argjson fd "$(fact kvm.fd)" '.descriptors[] | select(.fd == $fd) | .device.driver == "kvm"' "$json" ;;
	perf_event | landlock | seccomp)
		jq -e --argjson fd "$(fact "$name.fd")" --arg path "${PATHS[$name]}" \
			'.descriptors[] | select(.fd == $fd) | .path == $path' "$json"
		;;
	*)
		facts_of "$name" "$json" | tee "$DIR/facts"
		grep "^$name\." "$FACTS" | sed "s/^$name\.//" | grep -v '^fd=' | while read -r wanted; do
			grep -qxF "$wanted" "$DIR/facts" || {
				echo "$name: not there: $wanted" >&2
				return 1
			}
		done
		;;
	esac
}

@test "io_uring, bpf, perf, userfaultfd, landlock, fanotify, seccomp, kvm: by each way" {
	local name seen=0
	mkdir "$DIR/files"
	start_target "$TARGETS/rare" "$DIR/files"
	cat "$FACTS"
	"$PFILES" -j "$TARGET" >"$DIR/agent.json"
	"$PFILES" -jb "$TARGET" >"$DIR/borrowed.json"
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 "$TARGETS/without" ptrace,pidfd_getfd "$PFILES" -j "$TARGET" >"$DIR/alone.json"
	for name in io_uring bpf_map bpf_prog bpf_link perf_event userfaultfd landlock fanotify seccomp kvm; do
		[ -n "$(fact "$name.fd")" ] || continue
		seen=$((seen + 1))
		for way in agent borrowed alone; do
			one "$name" "$DIR/$way.json"
		done
	done
	[ "$seen" -gt 0 ]
	finish_target
}
