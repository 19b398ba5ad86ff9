#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What pfiles shows of the kinds of descriptors that only Linux has, compared with what their owner says.

bats_require_minimum_version 1.5.0
load ../lib/target

setup() {
	target_setup
}

teardown() {
	target_teardown
}

same_notes() {
	diff -u <(expected) <(first_lines_and_notes "$1")
}

# check VICTIM: the same by the agent, by copies where that is enough, by borrowing all, and with the process held.
check() {
	mkdir "$DIR/files"
	SOCKET=yes start_target "$TARGETS/$1" "$DIR/files"
	wait_for by_agent "$PFILES" -s "$TARGET"
	same_notes "$DIR/out"
	each_way
	rm -rf "$DIR/files"
	mkdir "$DIR/files"
	start_target "$TARGETS/$1" "$DIR/files"
	each_way
}

each_way() {
	local options
	for options in "" -b -H; do
		# shellcheck disable=SC2086 # may be nothing
		"$PFILES" $options "$TARGET" >"$DIR/out" 2>"$DIR/err"
		same_notes "$DIR/out"
		[ ! -s "$DIR/err" ]
	done
	finish_target
}

@test "mounts, drivers, seals, pipes, epoll, timers, watches, queues, terminals, tunnels" {
	check special
}

@test "the same of a static program" {
	check special.static
}

@test "the same of a 32-bit program" {
	check special.32
}

@test "the same by the owner, who is not root" {
	[ "$(id -u)" = 0 ] || skip "needs root to become another"
	mkdir "$DIR/files"
	chown 65534 "$DIR/files"
	start_target setpriv --reuid 65534 --regid 65534 --clear-groups "$TARGETS/special" "$DIR/files"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$PFILES" "$TARGET" >"$DIR/out"
	same_notes "$DIR/out"
	finish_target
}

@test "JSON says the same as the page" {
	mkdir "$DIR/files"
	start_target "$TARGETS/special" "$DIR/files"
	"$PFILES" -j "$TARGET" >"$DIR/json"
	[ "$(wc -l <"$DIR/json")" = 1 ]
	get() {
		jq -c --argjson fd "$1" ".descriptors[] | select(.fd == \$fd) | $2" "$DIR/json"
	}
	[ "$(jq .pid "$DIR/json")" = "$TARGET" ]
	[ "$(get 10 .path)" = "\"$DIR/files/plain\"" ]
	[ "$(get 10 .same_open_file.fd)" = '[12]' ]
	[ "$(get 11 .same_open_file)" = null ]
	[ "$(get 10 .ino)" = "$(stat -c %i "$DIR/files/plain")" ]
	[ "$(get 13 '[.type, .rdev.major, .rdev.minor, .device.driver]')" = '["S_IFCHR",1,3,"mem"]' ]
	[ "$(get 14 '[.deleted, .path, .memfd.name]')" = '[true,"/memfd:na \"me","na \"me"]' ]
	[ "$(get 14 '.memfd.seals')" = '["F_SEAL_SEAL","F_SEAL_GROW"]' ]
	[ "$(get 20 '[.pipe.capacity, .pipe.unread]')" = '[16384,3]' ]
	[ "$(get 20 '.end | map([.pid, .fd, .access])')" = "[[$TARGET,21,\"write\"]]" ]
	[ "$(get 30 '.epoll | map(.fd)')" = '[21,31]' ]
	[ "$(get 31 '[.eventfd.count, .eventfd.semaphore]')" = '[9,true]' ]
	[ "$(get 32 .signalfd.signals)" = '["SIGINT","SIGUSR2"]' ]
	[ "$(get 33 .timerfd.interval)" = 2.0000005 ]
	[ "$(get 34 .pidfd.pid)" = "$TARGET" ]
	# Nothing of the page is missing: as many descriptors, offsets and paths.
	"$PFILES" "$TARGET" >"$DIR/out"
	[ "$(grep -c '^ *[0-9]*: ' "$DIR/out")" = "$(jq '.descriptors | length' "$DIR/json")" ]
	[ "$(grep -c '^      offset:' "$DIR/out")" = "$(jq '[.descriptors[] | select(has("offset"))] | length' "$DIR/json")" ]
	finish_target
}

@test "JSON of locks and sockets" {
	mkdir "$DIR/files"
	start_target "$TARGETS/locks" "$DIR/files"
	"$PFILES" -j "$TARGET" >"$DIR/json"
	[ "$(jq -c '.descriptors[] | select(.fd == 10) | .locks | map([.kind, .type, .start, .end])' "$DIR/json")" = \
		'[["posix","write",0,9],["posix","read",100,199]]' ]
	[ "$(jq -c '.descriptors[] | select(.fd == 20) | .locks[0] | [.kind, .own, .end]' "$DIR/json")" = '["ofd",true,null]' ]
	finish_target
	mkdir "$DIR/socks"
	start_target "$TARGETS/socks" "$DIR/socks"
	"$PFILES" -j "$TARGET" >"$DIR/json"
	[ "$(jq '[.descriptors[] | select(.type == "S_IFSOCK") | .socket.type] | length' "$DIR/json")" -gt 5 ]
	[ "$(jq '[.descriptors[] | select(.type == "S_IFSOCK" and .socket == null)] | length' "$DIR/json")" = 0 ]
	finish_target
}

@test "JSON of hostile names is JSON, and can be turned back" {
	mkdir "$DIR/files"
	start_target "$TARGETS/kinds" "$DIR/files"
	"$PFILES" --json "$TARGET" "$TARGET" >"$DIR/json"
	[ "$(wc -l <"$DIR/json")" = 2 ]
	[ "$(head -1 "$DIR/json" | jq '.descriptors[] | select(.fd == 16) | .path')" = \
		"\"$DIR/files/line"'\\nend\\x1b[31m\\\\"' ]
	finish_target
}

@test "-p: only these, and those that are not there are said to be missing" {
	mkdir "$DIR/files"
	start_target "$TARGETS/special" "$DIR/files"
	"$PFILES" -p 10,20-21,60- "$TARGET" >"$DIR/out"
	[ "$(sed -n 's/^ *\([0-9]*\): .*/\1/p' "$DIR/out" | tail -n +2 | head -2 | tr '\n' ' ')" = '20 21 ' ]
	lacks '^  *30: ' "$DIR/out"
	run --separate-stderr "$PFILES" -p 10,999,20-998 "$TARGET"
	[ "$status" = 1 ]
	# shellcheck disable=SC2154 # run sets it
	[ "$stderr" = "pfiles: no such descriptor: $TARGET: 999" ]
	[[ $output == *" 10: S_IFREG"* ]]
	for bad in x -3 5-3 '' '1,,' 99999999999; do
		run --separate-stderr "$PFILES" -p "$bad" "$TARGET"
		[ "$status" = 2 ]
	done
	finish_target
}

@test "-d: what was opened, closed, moved" {
	mkfifo "$DIR/go"
	# shellcheck disable=SC2016 # for the other shell
	start_target bash -c 'exec 7<"$0" 8<"$0" 9<"$0"; echo ready; read -r _ <"$1"
		read -r -n 5 _ <&8; exec 7<&- 9</dev/null 6<"$0"; cat; ' "$BATS_TEST_FILENAME" "$DIR/go"
	"$PFILES" -d 2 "$TARGET" >"$DIR/out" &
	looks=$!
	sleep 0.5
	echo go >"$DIR/go"
	wait $looks
	awk '/^ *[0-9]+: / { fd = $1 } /^      difference / { print fd, $2 }' "$DIR/out" >"$DIR/found"
	diff -u - "$DIR/found" <<-END
		6: opened
		7: closed
		8: moved
		9: closed
		9: opened
	END
	finish_target
}

@test "a name that ends in (deleted) is told apart from a deleted file" {
	mkdir "$DIR/files"
	touch "$DIR/files/a (deleted)" "$DIR/files/b" "$DIR/files/c (deleted)"
	ln "$DIR/files/b" "$DIR/files/other"
	# shellcheck disable=SC2016 # for the other shell
	start_target bash -c 'exec 7<"$0/a (deleted)" 8<"$0/b" 9<"$0/c (deleted)"; rm "$0/b" "$0/c (deleted)"
		echo ready; cat' "$DIR/files"
	"$PFILES" "$TARGET" >"$DIR/out"
	grep -qxF "      $DIR/files/a\\x20(deleted)" "$DIR/out"
	grep -qxF "      $DIR/files/b (deleted)" "$DIR/out"
	grep -qxF "      $DIR/files/c (deleted) (deleted)" "$DIR/out"
	"$PFILES" -j -p 7-9 "$TARGET" >"$DIR/json"
	[ "$(jq -c '[.descriptors[] | .deleted == true]' "$DIR/json")" = '[false,true,true]' ]
	finish_target
}

@test "colours: on a terminal, not with NO_COLOR, not in a pipe" {
	start_target "$TARGETS/odd" threads 0
	TERM=xterm script -qec "$PFILES -n $TARGET" /dev/null >"$DIR/out"
	grep -q $'\033' "$DIR/out"
	NO_COLOR=1 TERM=xterm script -qec "$PFILES -n $TARGET" /dev/null >"$DIR/out"
	lacks $'\033' "$DIR/out"
	TERM=dumb script -qec "$PFILES -n $TARGET" /dev/null >"$DIR/out"
	lacks $'\033' "$DIR/out"
	"$PFILES" -n "$TARGET" >"$DIR/out"
	lacks $'\033' "$DIR/out"
	finish_target
}

@test "hostile names: no line, no descriptor, no terminal's command comes of them" {
	mkdir "$DIR/files"
	start_target "$TARGETS/hostile" "$DIR/files"
	for options in "" -b; do
		# shellcheck disable=SC2086 # may be nothing
		"$PFILES" $options "$TARGET" >"$DIR/out"
		wanted_blocks "$DIR/out" | awk '/^ *[0-9]+: / || /^      \// ' | diff -u <(expected) -
		[ "$(tr -d '\n\t -~' <"$DIR/out" | wc -c)" = 0 ]
	done
	"$PFILES" -j "$TARGET" | jq -e '.descriptors | length > 3'
	finish_target
}

@test "another mount namespace: the mount is elsewhere" {
	[ "$(id -u)" = 0 ] || skip "needs root for a namespace"
	unshare -m true || skip "no mount namespaces here"
	mkdir "$DIR/mnt"
	# shellcheck disable=SC2016 # for the other shell
	start_target unshare -m bash -c 'mount -t tmpfs hidden "$0" && exec 7>"$0/file"; echo ready; cat' "$DIR/mnt"
	"$PFILES" -p 7 "$TARGET" >"$DIR/out"
	grep -qx "      $DIR/mnt/file" "$DIR/out"
	grep -qx '      mount id:[0-9]* type:tmpfs source:hidden elsewhere' "$DIR/out"
	[ "$("$PFILES" -j -p 7 "$TARGET" | jq -c '.descriptors[0].mount | [.type, .source, .elsewhere]')" = '["tmpfs","hidden",true]' ]
	finish_target
}

@test "-O: nothing that the original does not show" {
	local victim
	for victim in special kinds; do
		rm -rf "$DIR/files"
		mkdir "$DIR/files"
		start_target "$TARGETS/$victim" "$DIR/files"
		"$PFILES" "$TARGET" >"$DIR/all"
		"$PFILES" -O "$TARGET" >"$DIR/out"
		grep -Ev "$NOTES" "$DIR/all" | diff -u - "$DIR/out"
		finish_target
	done
	mkdir "$DIR/socks"
	start_target "$TARGETS/socks" "$DIR/socks"
	for options in -O "-O -b"; do
		# shellcheck disable=SC2086
		"$PFILES" $options "$TARGET" >"$DIR/out"
		[ "$(grep -c S_IFSOCK "$DIR/out")" -gt 5 ]
		[ "$(grep -Pvc '^\t(SOCK_[A-Z]*|SO_.*|sockname: .*|peername: .*|peer: .*)$' <(grep -P '^\t' "$DIR/out"))" = 0 ]
		"$PFILES" "$TARGET" >"$DIR/all"
		diff <(grep -P '^\t(sockname|peername|peer): ' "$DIR/all") <(grep -P '^\t(sockname|peername|peer): ' "$DIR/out")
	done
	finish_target
}

@test "no kcmp: shared open files are said to be not known" {
	mkdir "$DIR/files"
	start_target "$TARGETS/special" "$DIR/files"
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 "$TARGETS/without" kcmp "$PFILES" -b "$TARGET" >"$DIR/out"
	grep -qx '  \[shared open files not known: .*\]' "$DIR/out"
	lacks same-open-file "$DIR/out"
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 "$TARGETS/without" kcmp "$PFILES" -bj "$TARGET" >"$DIR/json"
	[ "$(jq -r .same_open_file_unknown "$DIR/json")" != null ]
	"$PFILES" "$TARGET" >"$DIR/out"
	lacks 'shared open files' "$DIR/out"
	finish_target
}
