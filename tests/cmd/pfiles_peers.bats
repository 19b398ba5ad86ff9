#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What other tools cut, take for something else, or leave out: answers of theirs that were found to be wrong. Most have
# a victim of their own in the other files; these are the rest.

load ../lib/target

setup() {
	target_setup
}

teardown() {
	target_teardown
}

@test "more than 128 files of an epoll instance, more than 128 watches: all of them" {
	# shellcheck disable=SC2016 # not the shell's
	start_target python3 -c '
import ctypes, os, select, sys
libc, dir = ctypes.CDLL(None), sys.argv[1]
epoll, inotify = select.epoll(), libc.inotify_init()
for i in range(300):
    epoll.register(os.eventfd(i), select.EPOLLIN)
    open(f"{dir}/{i}", "w").close()
    assert libc.inotify_add_watch(inotify, f"{dir}/{i}".encode(), 2) > 0
print("ready", flush=True)
sys.stdin.read()' "$DIR"
	for options in -j "-j -b"; do
		# shellcheck disable=SC2086
		"$PFILES" $options "$TARGET" >"$DIR/out"
		jq -e '[.descriptors[] | select(.epoll) | .epoll | length] == [300]' "$DIR/out"
		jq -e '[.descriptors[] | select(.epoll) | .epoll[].file] | unique == ["anon_inode:[eventfd]"]' "$DIR/out"
		jq -e '[.descriptors[] | select(.inotify) | .inotify[].wd] | sort == [range(1; 301)]' "$DIR/out"
		jq -e '[.descriptors[] | select(.eventfd) | .eventfd.count] == [range(300)]' "$DIR/out"
	done
	"$PFILES" "$TARGET" >"$DIR/out"
	[ "$(grep -c '^      epoll fd:' "$DIR/out")" = 300 ]
	[ "$(grep -c '^      inotify wd:' "$DIR/out")" = 300 ]
	finish_target
}

@test "a UNIX path with blanks is whole; a listener is not its own peer; who connected and is gone is not a holder" {
	# shellcheck disable=SC2016 # not the shell's
	start_target python3 -c '
import os, socket, sys
path = sys.argv[1] + "/a b  c"
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(3)
# The connector hands its end to a child of its own and ends.
if os.fork() == 0:
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    os.set_inheritable(client.fileno(), True)
    if os.fork():
        os._exit(0)
    listener.close()
    os.execvp("sleep", ["sleep", "1000"])
accepted, _ = listener.accept()
os.wait()
print(f"listener={listener.fileno()}\naccepted={accepted.fileno()}\nready", flush=True)
sys.stdin.read()' "$DIR"
	"$PFILES" -p "$(fact listener),$(fact accepted)" "$TARGET" >"$DIR/out"
	[ "$(grep -c "^	sockname: AF_UNIX $DIR/a b  c$" "$DIR/out")" = 2 ]
	"$PFILES" -j -p "$(fact listener),$(fact accepted)" "$TARGET" >"$DIR/json"
	jq -e --arg path "$DIR/a b  c" '[.descriptors[].socket.sockname.path] == [$path, $path]' "$DIR/json"
	jq -e '.descriptors[0].socket | .state == "LISTEN" and .backlog_limit == 3 and
		(has("peer") or has("peername") or has("far_end") | not)' "$DIR/json"
	jq -e '.descriptors[1].socket | (.peer | has("command") | not) and
		[.far_end[] | .command] == ["sleep"]' "$DIR/json"
	STARTED+=("$(jq '.descriptors[1].socket.far_end[0].pid' "$DIR/json")")
	finish_target
}
