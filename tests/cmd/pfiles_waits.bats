#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Which epoll instance watches a descriptor, and which threads wait for it at the moment of the look.

load ../lib/target

setup() {
	target_setup
}

teardown() {
	target_teardown
}

# lines_of FD [FILE]: who watches it and who waits for it.
lines_of() {
	awk -v fd="$1:" '/^ *[0-9]+: / { show = $1 == fd } show && /^      (waited-for|watched-by) /' "${2:-$DIR/out}"
}

# What pfiles has said in $DIR/out is what the victim says, of each descriptor of it, no more and no less.
same_waits() {
	local fd wanted
	for fd in 0 {20..34} {40..54} 80; do
		wanted=$(fact "w$fd")
		[ "$fd" != 26 ] || wanted=$(fact watched)
		[ "$(lines_of "$fd")" = "${wanted:+      $wanted}" ] || {
			echo "of $fd: '$(lines_of "$fd")', wanted '$wanted'"
			return 1
		}
	done
}

# check VICTIM: by the agent, twice, for what it stops must show afterwards as it did before; and by the other ways.
check() {
	local options
	mkdir "$DIR/files"
	start_target "$TARGETS/$1" "$DIR/files"
	for _ in 1 2; do
		wait_for by_agent "$PFILES" -s "$TARGET"
		wait_for looks_the_same
	done
	for options in -b -a; do
		"$PFILES" "$options" "$TARGET" >"$DIR/out"
		same_waits
	done
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 "$TARGETS/without" ptrace,pidfd_getfd "$PFILES" "$TARGET" >"$DIR/out"
	same_waits
	for options in -n -O; do
		"$PFILES" "$options" "$TARGET" >"$DIR/out"
		lacks 'waited-for\|watched-by\|waiting threads' "$DIR/out"
	done
	finish_target
}

# A thread that was stopped for the agent is in its call again a moment later.
looks_the_same() {
	"$PFILES" "$TARGET" >"$DIR/out" && same_waits
}

@test "epoll, poll, select, read, write, accept, receive, flock, fcntl: who waits" {
	check waits
}

@test "the same of a 32-bit program" {
	check waits.32
}

@test "the same by the owner, who is not root" {
	[ "$(id -u)" = 0 ] || skip "needs root to become another"
	mkdir "$DIR/files"
	chown 65534 "$DIR/files"
	start_target setpriv --reuid 65534 --regid 65534 --clear-groups "$TARGETS/waits" "$DIR/files"
	looks_the_same_to_him() {
		setpriv --reuid 65534 --regid 65534 --clear-groups "$PFILES" "$1" "$TARGET" >"$DIR/out" && same_waits
	}
	looks_the_same_to_him -a
	wait_for looks_the_same_to_him -b
	finish_target
}

@test "JSON says the same" {
	mkdir "$DIR/files"
	start_target "$TARGETS/waits" "$DIR/files"
	"$PFILES" -b -j "$TARGET" >"$DIR/json"
	get() {
		jq -c --argjson fd "$1" ".descriptors[] | select(.fd == \$fd) | $2" "$DIR/json"
	}
	[ "$(get 0 '.waited_for | map([.thread, .call])')" = "[[$TARGET,\"read\"]]" ]
	[ "$(get 21 '.waited_for | map([.call, .events])')" = '[["poll",["POLLIN","POLLPRI","POLLRDHUP"]]]' ]
	[ "$(get 24 '.waited_for | map(del(.thread))')" = '[{"call":"select","readfds":true,"exceptfds":true}]' ]
	[ "$(get 31 '.waited_for[0].command')" = '"F_OFD_SETLKW"' ]
	[ "$(get 25 '[.watched_by, .waited_for[0].call]')" = '[null,"epoll_wait"]' ]
	[ "$(get 26 '[.watched_by, .waited_for]')" = '[[{"fd":25,"events":["EPOLLIN","EPOLLERR","EPOLLHUP","EPOLLET"]}],null]' ]
	[ "$(get 33 '[.watched_by, .waited_for]')" = '[null,null]' ]
	jq -e '(has("waits_unknown") or has("waits_unsearched")) | not' "$DIR/json"
	finish_target
}

@test "who is stopped waits for nothing, and for the same again afterwards" {
	SOCKET=yes start_target python3 -c 'import os, select
p = select.poll()
p.register(0, select.POLLIN)
print("ready", flush=True)
p.poll(None)
os.read(0, 1)'
	poll_is_told() {
		"$PFILES" -b "$TARGET" >"$DIR/out"
		[ "$(lines_of 0)" = "      waited-for thread:$TARGET call:poll events:POLLIN" ]
	}
	wait_for poll_is_told
	kill -STOP "$TARGET"
	is_stopped() {
		[ "$(state_of "$TARGET")" = T ]
	}
	wait_for is_stopped
	"$PFILES" -b "$TARGET" >"$DIR/out"
	[ -z "$(lines_of 0)" ]
	kill -CONT "$TARGET"
	# Now it is in restart_syscall(2).
	wait_for poll_is_told
	grep -q '^219 ' "/proc/$TARGET/syscall"
	# And so it is after it was stopped for the agent.
	wait_for by_agent "$PFILES" -s "$TARGET"
	wait_for poll_is_told
	finish_target
}

@test "a thread with descriptors of its own waits for those" {
	start_target python3 -c 'import ctypes, os, threading
r, w = os.pipe()
os.dup2(r, 50)
moved = threading.Event()
def wait():
    ctypes.CDLL(None).unshare(0x400)
    q, v = os.pipe()
    os.dup2(q, 50)
    print("ready", flush=True)
    os.read(50, 1)
threading.Thread(target=wait, daemon=True).start()
os.dup2(r, 51)
threading.Thread(target=lambda: os.read(51, 1), daemon=True).start()
os.read(0, 1)'
	shared_is_told() {
		"$PFILES" "$TARGET" >"$DIR/out"
		lines_of 51 | grep -q 'call:read$'
	}
	wait_for shared_is_told
	[ -z "$(lines_of 50)" ]
	finish_target
}

@test "more than 64 threads: a line, and all of them with -a" {
	start_target python3 -c 'import os, threading
r, w = os.pipe()
os.dup2(r, 50)
threading.stack_size(65536)
for i in range(69):
    threading.Thread(target=os.read, args=(50, 1), daemon=True).start()
print("ready", flush=True)
os.read(0, 1)'
	count_is() {
		# shellcheck disable=SC2086 # may be nothing
		"$PFILES" $1 "$TARGET" >"$DIR/out"
		[ "$(lines_of 50 | grep -c 'call:read$')" = "$2" ]
	}
	wait_for count_is "" 63
	grep -qx '  \[waiting threads: 6 of 70 not looked at; -a does\]' "$DIR/out"
	"$PFILES" -j "$TARGET" | jq -e '.waits_unsearched == 6'
	wait_for count_is -a 69
	lacks 'waiting threads' "$DIR/out"
	finish_target
}

@test "a thread that waits now and did not before is no difference" {
	mkfifo "$DIR/go"
	exec {go}<>"$DIR/go"
	start_target python3 -c 'import os, sys, threading, time
r, w = os.pipe()
os.dup2(r, 50)
go = open(sys.argv[1], "rb", 0)
print("ready", flush=True)
def wait():
    go.read(1)
    os.read(50, 1)
threading.Thread(target=wait, daemon=True).start()
os.read(0, 1)' "$DIR/go"
	"$PFILES" -d 2 "$TARGET" >"$DIR/out" &
	sleep 1
	printf x >&"$go"
	wait $!
	grep -q "^$TARGET:" "$DIR/out"
	lacks '^ *[0-9]*: S_' "$DIR/out"
	"$PFILES" "$TARGET" >"$DIR/out"
	lines_of 50 | grep -q 'call:read$'
	exec {go}>&-
	finish_target
}

@test "where the kernel does not say what a thread waits for, a line says that" {
	[ "$(id -u)" = 0 ] || skip "needs root to hide a file"
	mkdir "$DIR/files"
	: >"$DIR/denied"
	chmod 0 "$DIR/denied"
	chown 65534 "$DIR/files"
	cp "$PFILES" "$DIR/pfiles"
	start_target setpriv --reuid 65534 --regid 65534 --clear-groups "$TARGETS/waits" "$DIR/files"
	cat >"$DIR/hidden" <<-'END'
		mount --bind "$1/denied" "/proc/$2/task/$2/syscall" || exit 77
		shift
		pid=$1
		shift
		exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@" "$pid"
	END
	unshare -m sh "$DIR/hidden" "$DIR" "$TARGET" "$DIR/pfiles" -b >"$DIR/out" || {
		[ $? != 77 ] || skip "nothing can be mounted there"
		false
	}
	grep -qx '  \[waiting threads not known: permission denied\]' "$DIR/out"
	# The others are told of.
	[ -z "$(lines_of 0)" ]
	[ "$(lines_of 27)" = "      $(fact w27)" ]
	unshare -m sh "$DIR/hidden" "$DIR" "$TARGET" "$DIR/pfiles" -b -j | jq -e '.waits_unknown == "permission denied"'
	finish_target
}
