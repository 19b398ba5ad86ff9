#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A process that is process 1 of a container: namespaces of its own for users, mounts, processes and the network. What
# it says of its descriptors is what pfiles shows, inside and outside, but for names that differ there.

load ../lib/target

setup() {
	ENTER=() outside=()
	target_setup
}

teardown() {
	target_teardown
}

# in_container WRAPPER... -- OPTIONS VICTIM [ARGUMENT...]: sets INIT, its pid as we see it.
in_container() {
	local wrapper=()
	while [ "$1" != -- ]; do
		wrapper+=("$1")
		shift
	done
	shift
	"${wrapper[@]}" unshare "$1" true || skip "no namespaces like that"
	start_target "${wrapper[@]}" unshare "$1" --fork --mount-proc --kill-child sh -c 'ip link set lo up; exec "$@"' sh "${@:2}"
	read -r INIT _ <"/proc/$TARGET/task/$TARGET/children" || true
}

# inside COMMAND...: in the container, by its root.
inside() {
	nsenter -t "$INIT" "${ENTER[@]}" -m -p -n "$@"
}

# As the container has it: the numbers of its processes and users, no mark at its mounts, no name of its network.
# A process that is gone has a number in neither.
as_inside() {
	local status there here
	for status in $(pgrep --ns "$INIT" --nslist pid | sed 's,.*,/proc/&/status,'); do
		read -r there here < <(sed -n 's/^NSpid:[[:space:]]*//p' "$status")
		echo "s/\\[$there\\]/[$here]/; s/ pid:$there nspid:$there,$here / pid:$here nspid:$here /"
		printf "s/ (process|pid) %s( |$)/ \\\\1 %s\\\\2/\\n" "$there" "$here"
	done >"$DIR/names"
	sed -E -f "$DIR/names" -e '/^      mount id/s/ elsewhere$//' -e '/network namespace: /d' \
		-e 's/^\tpeer: pid [0-9]+$/\tpeer: pid/' -e "s/ uid:${OWNER:-0} gid:${OWNER:-0}( |$)/ uid:0 gid:0\\1/"
}

# What is the same in there and out here.
same_inside_and_outside() {
	inside "$PFILES" 1 >"$DIR/inside"
	"${outside[@]}" "$PFILES" "$INIT" >"$DIR/outside"
	"${outside[@]}" "$PFILES" -b "$INIT" >"$DIR/borrowed"
	for way in outside borrowed; do
		diff -u <("$1" "$DIR/inside" | as_inside) <("$1" "$DIR/$way" | as_inside)
	done
	diff -u <("$2" | as_inside) <("$1" "$DIR/inside" | as_inside)
}

notes() {
	first_lines_and_notes "$1"
}

facts() {
	blocks "$1" | without_tcp_numbers - | without_news
}

@test "kinds of descriptors" {
	mkdir "$DIR/files"
	in_container -- -mpn "$TARGETS/special" "$DIR/files"
	same_inside_and_outside notes expected
	finish_target
}

@test "sockets" {
	mkdir "$DIR/files"
	in_container -- -mpn "$TARGETS/socks" "$DIR/files"
	same_inside_and_outside facts expected
	finish_target
}

@test "locks" {
	mkdir "$DIR/files"
	in_container -- -mpn "$TARGETS/locks" "$DIR/files"
	same_inside_and_outside facts expected
	finish_target
}

# By its owner, who is nobody outside and root in there.
in_container_of_nobody() {
	[ "$(id -u)" = 0 ] || skip "only root can become another user"
	outside=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	OWNER=65534 ENTER=(-U -S 0 -G 0)
	cp "$PFILES" "$TARGETS/$1" "$DIR"
	PFILES=$DIR/pfiles
	mkdir -m 777 "$DIR/files"
	in_container "${outside[@]}" -- -Urmpn "$DIR/$1" "$DIR/files"
}

@test "sockets, in a container of a user without privileges" {
	in_container_of_nobody socks
	same_inside_and_outside facts expected
	finish_target
}

@test "locks, in a container of a user without privileges" {
	in_container_of_nobody locks
	same_inside_and_outside facts expected
	finish_target
}
