#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pfiles on processes that are not as others, and without the rights it would like to have.

bats_require_minimum_version 1.5.0
load ../lib/target

setup() {
	target_setup
}

teardown() {
	target_teardown
}

# The tool and a folder where another user can get at them.
for_nobody() {
	[ "$(id -u)" = 0 ] || skip "only root can become another user"
	cp "$PFILES" "$TARGETS/kinds" "$TARGETS/socks" "$TARGETS/odd" "$DIR"
	mkdir "$DIR/files"
	chown 65534:65534 "$DIR/files"
	AS_NOBODY=(setpriv --reuid=65534 --regid=65534 --clear-groups)
}

# Without some system calls; the leak check of a build with sanitizers would need ptrace itself.
pfiles_without() {
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 "$TARGETS/without" "$1" "$PFILES" "${@:2}"
}

@test "a zombie has nothing to show" {
	start_target "$TARGETS/odd" zombie
	run --separate-stderr "$PFILES" "$(fact pid)"
	[ "$status" = 1 ]
	[ -z "$output" ]
	# shellcheck disable=SC2154 # set by run
	[[ $stderr == "pfiles: zombie process: $(fact pid)"* ]]
	finish_target
}

@test "a kernel thread is a system process, which is no failure" {
	grep -q '^Kthread:.*1\|^Name:.*kthreadd' /proc/2/status 2>/dev/null || skip "no kernel threads in sight"
	run --separate-stderr "$PFILES" 2
	[ "$status" = 0 ]
	[ "$output" = $'2:\t[kthreadd]\n  [system process]' ]
	[ -z "$stderr" ]
}

@test "traced by another: borrowed, complete, and the tracer named" {
	SOCKET=yes start_target "$TARGETS/odd" traced
	pid=$(fact pid)
	tracer=$(sed -n 's/^TracerPid:\t//p' "/proc/$pid/status")
	[ "$tracer" = "$TARGET" ]
	"$PFILES" -s "$pid" >"$DIR/out" 2>"$DIR/err"
	"$PFILES" -b "$pid" >"$DIR/borrowed"
	diff "$DIR/borrowed" "$DIR/out"
	grep -q '^  10: S_IFCHR' "$DIR/out"
	all_known "$DIR/out"
	cat "$DIR/err"
	grep -q "^pfiles: $pid: borrowed descriptors (process is traced by pid $TARGET (odd)): [0-9]* calls; nobody stopped" "$DIR/err"
	run --separate-stderr "$PFILES" -H "$pid"
	[ "$status" = 1 ]
	[ -z "$output" ]
	[ "$stderr" = "pfiles: process is traced: $pid: by pid $TARGET (odd)" ]
	# No force is needed.
	"$PFILES" -F "$pid" >"$DIR/forced"
	diff "$DIR/forced" "$DIR/out"
	finish_target
}

@test "confined by seccomp: borrowed, complete, unharmed" {
	SOCKET=yes start_target "$TARGETS/odd" seccomp
	"$PFILES" -s "$TARGET" >"$DIR/out" 2>"$DIR/err"
	same_as_expected "$DIR/out"
	all_known "$DIR/out"
	grep -q "^pfiles: $TARGET: borrowed descriptors (process is confined by seccomp.*): [0-9]* calls; nobody stopped" "$DIR/err"
	finish_target
}

@test "a stopped process stays stopped" {
	mkdir "$DIR/files"
	start_target "$TARGETS/kinds" "$DIR/files"
	kill -STOP "$TARGET"
	wait_for is_stopped "$TARGET"
	for options in "" -b -H; do
		# shellcheck disable=SC2086
		"$PFILES" $options "$TARGET" >"$DIR/out"
		same_as_expected "$DIR/out"
		is_stopped "$TARGET"
	done
	kill -CONT "$TARGET"
	finish_target
}

is_stopped() {
	[ "$(state_of "$1")" = T ]
}

@test "another user's process: the reason and the way out" {
	for_nobody
	start_target "$TARGETS/odd" threads 0
	run --separate-stderr "${AS_NOBODY[@]}" "$DIR/pfiles" "$TARGET"
	[ "$status" = 1 ]
	[ -z "$output" ]
	[[ $stderr == "pfiles: permission denied: $TARGET: "*"uid 0"*"CAP_SYS_PTRACE"* ]]
	finish_target
}

@test "one's own processes need no privilege: the same facts" {
	for_nobody
	start_target "${AS_NOBODY[@]}" "$DIR/socks" "$DIR/files"
	for options in "" -b -H; do
		# shellcheck disable=SC2086
		"${AS_NOBODY[@]}" "$DIR/pfiles" $options "$TARGET" >"$DIR/out"
		same_as_expected "$DIR/out"
	done
	wait_for by_agent "${AS_NOBODY[@]}" "$DIR/pfiles" -s "$TARGET"
	same_as_expected "$DIR/out"
	finish_target
	rm -rf "$DIR/files"/*
	start_target "${AS_NOBODY[@]}" "$DIR/kinds" "$DIR/files"
	for options in "" -b -H; do
		# shellcheck disable=SC2086
		"${AS_NOBODY[@]}" "$DIR/pfiles" $options "$TARGET" >"$DIR/out"
		same_as_expected "$DIR/out"
	done
	finish_target
}

@test "neither agent nor borrowing: /proc answers, one line says what is missing and why" {
	mkdir "$DIR/files"
	start_target "$TARGETS/socks" "$DIR/files"
	pfiles_without ptrace,pidfd_getfd -s "$TARGET" >"$DIR/out" 2>"$DIR/err"
	[[ $(sed -n 3p "$DIR/out") == "  [sockets: options and multicast groups not known: "?*"]" ]]
	# One that is neither bound nor connected is in no table.
	[ "$(grep -v -e '^      (not known: far end: ' -e '^  \[pipes, ' "$DIR/out" | grep -c 'not known')" = 2 ]
	[ "$(grep -A2 '^  10: ' "$DIR/out" | tail -1)" = "      (not known: socket: the kernel does not list it)" ]
	# All but options, who made a connection, and the name of an end that is gone.
	only_calls_tell() {
		without_tcp_numbers "$1" | sed -e '/^\tSO_\|^\tIPV6_\|^\tpeer: \|^\tpeer credentials: /d' |
			awk '/^ *[0-9]+: / { show = $1 != "10:" && $1 != "51:" } show'
	}
	expected >"$DIR/expected"
	diff -u <(only_calls_tell "$DIR/expected") <(blocks "$DIR/out" | only_calls_tell -)
	cat "$DIR/err"
	grep -q "^pfiles: $TARGET: /proc only (.*; borrowing: .*): 0 calls; nobody stopped" "$DIR/err"
	finish_target
}

@test "only /proc, and no sockets: nothing is missing but of the pipe" {
	mkdir "$DIR/files"
	start_target "$TARGETS/locks" "$DIR/files"
	pfiles_without ptrace,pidfd_getfd "$TARGET" >"$DIR/out"
	same_as_expected "$DIR/out"
	grep -v '^  \[pipes, ' "$DIR/out" >"$DIR/rest"
	all_known "$DIR/rest"
	finish_target
}

@test "no ptrace: borrowed, nothing is missing" {
	mkdir "$DIR/files"
	start_target "$TARGETS/socks" "$DIR/files"
	pfiles_without ptrace "$TARGET" >"$DIR/out"
	same_as_expected "$DIR/out"
	all_known "$DIR/out"
	finish_target
}

@test "no copies are to be had: the agent asks what /proc does not tell" {
	start_target "$TARGETS/odd" threads 0
	wait_for is_in_read "$TARGET"
	"$PFILES" -b "$TARGET" >"$DIR/borrowed"
	grep -qx '      pipe capacity:65536 unread:0' "$DIR/borrowed"
	without_copies() {
		pfiles_without pidfd_getfd -s "$TARGET" >"$DIR/out" 2>"$DIR/err" && grep -q ': agent (' "$DIR/err"
	}
	wait_for without_copies
	diff "$DIR/borrowed" "$DIR/out"
	finish_target
}

@test "processes that end while they are looked at" {
	start_target "$TARGETS/odd" mortal
	seen=0
	end=$((SECONDS + PATIENCE))
	while [ $seen -lt 60 ] && [ $SECONDS -lt $end ]; do
		child=
		read -r child _ <"/proc/$TARGET/task/$TARGET/children" || true
		[ -n "$child" ] || continue
		status=0
		"$PFILES" "$child" >"$DIR/out" 2>"$DIR/err" || status=$?
		case $status in
		0) [ ! -s "$DIR/err" ] ;;
		1)
			grep -Eqx "pfiles: (process has exited|no such process|zombie process): $child.*" "$DIR/err"
			[ ! -s "$DIR/out" ]
			;;
		*) false ;;
		esac
		seen=$((seen + 1))
	done
	[ $seen = 60 ]
	finish_target
}

@test "nothing is held while output waits for a reader" {
	READY=^pid= start_target "$TARGETS/many" 2000 2 "$DIR"
	for options in -H ""; do
		mkfifo "$DIR/fifo"
		exec {reader}<>"$DIR/fifo"
		# shellcheck disable=SC2086
		"$PFILES" $options "$TARGET" >"$DIR/fifo" 3>&- {reader}>&- &
		tool=$!
		STARTED+=("$tool")
		wait_for writes_to_pipe "$tool"
		[ "$(threads_of "$TARGET")" = 2 ]
		for task in "/proc/$TARGET/task"/*; do
			grep -q '^State:.*[RSD] ' "$task/status"
			grep -qx $'TracerPid:\t0' "$task/status"
		done
		exec {reader}>&-
		wait "$tool" || true
		rm "$DIR/fifo"
	done
	finish_target
}

writes_to_pipe() {
	grep -q '^1 0x1 ' "/proc/$1/syscall"
}

# The page must not depend on where the one who asks stands: the agent stands in the target's namespaces.
@test "another user namespace: user ids as we see them" {
	for_nobody
	"${AS_NOBODY[@]}" unshare -U true || skip "no user namespaces for users"
	SOCKET=yes start_target "${AS_NOBODY[@]}" unshare -Ur "$DIR/kinds" "$DIR/files"
	"$PFILES" -s "$TARGET" >"$DIR/out" 2>"$DIR/err"
	"$PFILES" -b "$TARGET" >"$DIR/again"
	diff "$DIR/again" "$DIR/out"
	diff <(expected | sed 's/ uid:0 gid:0 / uid:65534 gid:65534 /') \
		<(blocks "$DIR/out" | sed '/S_IFCHR/s/ uid:0 gid:0 / uid:65534 gid:65534 /; s/ uid:0 gid:0 / uid:65534 gid:65534 /')
	grep -q 'uid:65534 gid:65534' "$DIR/out"
	grep -q 'another user namespace' "$DIR/err"
	finish_target
}

@test "another pid namespace: the peer's pid as we see it" {
	unshare -p --fork true || skip "no pid namespaces"
	mkdir "$DIR/files"
	start_target unshare -p --fork "$TARGETS/socks" "$DIR/files"
	read -r pid _ <"/proc/$TARGET/task/$TARGET/children" || true
	wait_for by_agent "$PFILES" -s "$pid"
	"$PFILES" -b "$pid" >"$DIR/borrowed"
	diff <(without_tcp_numbers "$DIR/borrowed") <(without_tcp_numbers "$DIR/out")
	# There it is pid 1, and knows its peers by other numbers.
	grep -q 'peer: socks\[1\]' "$FACTS"
	grep -q "peer: socks\\[$pid\\]" "$DIR/out"
	finish_target
}

@test "no thread rests: nobody is stopped, unless by force" {
	SOCKET=yes start_target sh -c 'echo ready; while :; do :; done'
	"$PFILES" -s "$TARGET" >"$DIR/out" 2>"$DIR/err"
	cat "$DIR/err"
	grep -q "^pfiles: $TARGET: borrowed descriptors (no thread can be disturbed.*): [0-9]* calls; nobody stopped" "$DIR/err"
	for _ in 1 2 3 4 5; do
		"$PFILES" -Fs "$TARGET" >"$DIR/forced" 2>"$DIR/err"
		grep -q "^pfiles: $TARGET: agent" "$DIR/err" && break
	done
	cat "$DIR/err"
	grep -q "^pfiles: $TARGET: agent" "$DIR/err"
	diff "$DIR/forced" "$DIR/out"
}

@test "/proc mounted with hidepid: said, with the way out" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	start_target sh -c 'echo ready; cat >/dev/null'
	for hide in 1 2; do
		# shellcheck disable=SC2016 # for the other shell
		run --separate-stderr unshare -m sh -c '
			mount -t proc -o "hidepid=$1" proc /proc || exit 77
			exec setpriv --reuid 65534 --regid 65534 --clear-groups "$2" "$3"' sh $hide "$PFILES" "$TARGET"
		[ "$status" != 77 ] || skip "cannot mount /proc"
		[ "$status" = 1 ]
		[ "$stderr" = "pfiles: permission denied: $TARGET: /proc is mounted to hide it (hidepid); run as root (sudo)" ]
	done
	finish_target
}

@test "a file on a mount that is gone: asked on a copy, not walked to, and the same by each way" {
	unshare -m true || skip "no mount namespaces"
	mkdir "$DIR/mount"
	# shellcheck disable=SC2016 # it is the target's shell that knows
	start_target unshare -m sh -c 'mount -t tmpfs none "$0" && echo text >"$0/file" && exec 5<"$0/file" &&
		umount -l "$0" && echo ready && exec cat' "$DIR/mount"
	wait_for grep -qx cat "/proc/$TARGET/comm"
	wait_for is_in_read "$TARGET"
	"$PFILES" -s "$TARGET" >"$DIR/out" 2>"$DIR/err"
	# A pipe, and the file.
	grep -q '^pfiles: .*: borrowed descriptors (no socket to ask): [0-9]* calls; nobody stopped' "$DIR/err"
	grep -A1 '^   5: S_IFREG mode:0644 .* size:5$' "$DIR/out" | grep -qx '      O_RDONLY|O_LARGEFILE'
	grep -qx '      /file' "$DIR/out"
	for options in -b -H; do
		"$PFILES" $options "$TARGET" >"$DIR/again"
		diff "$DIR/out" "$DIR/again"
	done
	finish_target
}

@test "what is mounted between two looks is known at the second one" {
	unshare -m true || skip "no mount namespaces"
	mkdir "$DIR/mount"
	# shellcheck disable=SC2016 # the shell inside knows
	unshare -m bash -c '"$0" -d 2 $$ >"$1/out" &
		sleep 1
		mount -t tmpfs fresh "$1/mount" && echo text >"$1/mount/file" && exec 5<"$1/mount/file" && wait $!' \
		"$PFILES" "$DIR"
	grep -A6 '^   5: S_IFREG ' "$DIR/out" | grep -Eqx '      mount id:[0-9]+ type:tmpfs source:fresh'
}
