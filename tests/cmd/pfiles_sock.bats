#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What pfiles shows of sockets: of every family, in other network namespaces, what the kernel's tables tell,
# who has the other end; and the same that ss(8) says.

bats_require_minimum_version 1.5.0
load ../lib/target

setup() {
	target_setup
}

teardown() {
	target_teardown
}

# tells OPTIONS...: the blocks that the victim said, by each way.
tells() {
	local options
	"$@" "$PFILES" "$TARGET" >"$DIR/out"
	same_as_expected "$DIR/out"
	for options in "" -b -H; do
		# shellcheck disable=SC2086 # may be nothing
		"$@" "$PFILES" $options "$TARGET" >"$DIR/out" 2>"$DIR/err"
		same_as_expected "$DIR/out"
		[ ! -s "$DIR/err" ]
	done
	all_known "$DIR/out"
}

# The tab lines of one descriptor in $DIR/out.
lines_of() {
	awk -v fd="$1:" '/^ *[0-9]+: / { show = $1 == fd } show && /^\t/' "$DIR/out"
}

# in_namespace COMMAND...: with the line, as its argument, that tells where it is.
in_namespace() {
	# shellcheck disable=SC2016 # for the other shell
	printf '%s\n' 'line=$(printf "\tnetwork namespace: %s" "$(readlink /proc/self/ns/net)")' \
		'exec "$@" "$line"' >"$DIR/in_namespace"
	start_target unshare "$1" sh "$DIR/in_namespace" "${@:2}"
}

# By /proc and the kernel's tables; the leak check of a build with sanitizers would need ptrace itself.
pfiles_alone() {
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 "$TARGETS/without" ptrace,pidfd_getfd "$PFILES" "$@"
}

for_nobody() {
	[ "$(id -u)" = 0 ] || skip "only root can become another user"
	cp "$PFILES" "$TARGETS/families" "$TARGETS/far" "$DIR"
	AS_NOBODY=(setpriv --reuid=65534 --regid=65534 --clear-groups)
}

@test "every family: protocol, options of all levels, names, state, queues" {
	start_target "$TARGETS/families"
	wait_for by_agent "$PFILES" -s "$TARGET"
	same_as_expected "$DIR/out"
	tells env
	finish_target
}

@test "every family, of a 32-bit program" {
	start_target "$TARGETS/families.32"
	tells env
	finish_target
}

@test "every family, as a user without privileges" {
	for_nobody
	start_target "${AS_NOBODY[@]}" "$DIR/families"
	PFILES=$DIR/pfiles tells "${AS_NOBODY[@]}"
	finish_target
}

@test "in another network namespace: the same, and its name; from inside no name" {
	unshare -n true || skip "no network namespaces"
	in_namespace -n "$TARGETS/families"
	tells env
	"${NSENTER[@]:-nsenter}" -t "$TARGET" -n "$PFILES" "$TARGET" >"$DIR/out"
	diff -u <(expected | grep -v 'network namespace: ') <(blocks "$DIR/out" | without_tcp_numbers -)
	finish_target
}

@test "sockets of a namespace that the process has left: found by the sockets themselves" {
	unshare -n true || skip "no network namespaces"
	start_target "$TARGETS/families" elsewhere
	tells env
	finish_target
}

@test "a user's own namespaces, looked at by that user from outside" {
	for_nobody
	"${AS_NOBODY[@]}" unshare -Urn true || skip "no user namespaces for users"
	cp "$TARGETS/socks" "$DIR"
	mkdir -m 777 "$DIR/files"
	start_target "${AS_NOBODY[@]}" unshare -Urn sh -c 'readlink /proc/self/ns/net | sed s/^/name=/; ip link set lo up; exec "$@"' \
		sh "$DIR/socks" "$DIR/files"
	"${AS_NOBODY[@]}" "$DIR/pfiles" "$TARGET" >"$DIR/out" 2>"$DIR/err"
	all_known "$DIR/out"
	[ "$(grep -c "network namespace: $(fact name | sed 's/[][]/\\&/g')$" "$DIR/out")" = "$(expected | grep -c 'S_IFSOCK')" ]
	diff -u <(expected | grep -e $'^\tstate' -e $'^\tprotocol' -e $'^\tsockname' -e $'^\tfar end') \
		<(blocks "$DIR/out" | grep -e $'^\tstate' -e $'^\tprotocol' -e $'^\tsockname' -e $'^\tfar end')
	finish_target
}

@test "neither agent nor borrowing: families by the kernel's tables" {
	start_target "$TARGETS/families"
	pfiles_alone "$TARGET" >"$DIR/out"
	[ "$(lines_of 22 | head -3)" = $'\tSOCK_DGRAM\n\tSO_SNDBUF(212992),SO_RCVBUF(212992)\n'"$(lines_of 22 | grep sockname)" ]
	lines_of 22 | grep -qx $'\tprotocol: UDP'
	lines_of 45 | grep -q $'^\tprotocol: NETLINK_ROUTE  port id: [0-9]*  groups: 1,5,34$'
	lines_of 56 | grep -qx $'\tdescriptors in flight: 2'
	if [ "$(id -u)" = 0 ]; then
		lines_of 40 | grep -qx $'\tprotocol: ETH_P_ARP  interface: 1'
		lines_of 40 | grep -qx $'\tmember: promiscuous  interface: 1'
	fi
	finish_target
}

@test "descriptors in flight, and directions that are shut down" {
	start_target "$TARGETS/families"
	for options in "" -b; do
		# shellcheck disable=SC2086
		"$PFILES" $options "$TARGET" >"$DIR/out"
		lines_of 56 | grep -qx $'\tSO_PASSCRED'
		lines_of 56 | grep -qx $'\tstate: ESTABLISHED  receive queue: 1  send queue: 0'
		lines_of 56 | grep -qx $'\tdescriptors in flight: 2'
		lines_of 56 | grep -qx $'\tshut down: sending'
		lines_of 55 | grep -qx $'\tshut down: receiving'
		[ "$(lines_of 55 | grep -c 'in flight')" = 0 ]
	done
	finish_target
}

far_ends() {
	local fd
	for fd in 30 31 32 33 35 36 37; do
		[ "$(lines_of $fd | sed -n 's/^\tfar end: //p')" = "$(fact $fd)" ]
	done
	lines_of 20 | grep -qx $'\t'"$(fact tcp_backlog)"
	lines_of 21 | grep -qx $'\t'"$(fact unix_backlog)"
}

@test "who has the other end: other processes, all of them, or nobody; backlogs" {
	start_target "$TARGETS/far"
	for options in "" -b -H; do
		# shellcheck disable=SC2086
		"$PFILES" $options "$TARGET" >"$DIR/out"
		far_ends
	done
	pfiles_alone "$TARGET" >"$DIR/out"
	far_ends
	finish_target
}

@test "who has the other end, as a user without privileges" {
	for_nobody
	start_target "${AS_NOBODY[@]}" "$DIR/far"
	"${AS_NOBODY[@]}" "$DIR/pfiles" "$TARGET" >"$DIR/out"
	far_ends
	finish_target
}

@test "connections written in every way, shared ports, devices, streams that have ended" {
	start_target "$TARGETS/pairs"
	for options in "" -b; do
		# shellcheck disable=SC2086
		"$PFILES" $options "$TARGET" >"$DIR/out"
		all_known "$DIR/out"
		while IFS="=" read -r fd line; do
			lines_of "$fd" | grep -qxF "	$line" || {
				echo "descriptor $fd: no line: $line"
				lines_of "$fd"
				false
			}
		done < <(grep "=" "$FACTS")
	done
	finish_target
}

@test "a far end that may be in the hands of a process which may not be looked at" {
	for_nobody
	start_target "$TARGETS/far" nobody
	"${AS_NOBODY[@]}" "$DIR/pfiles" "$TARGET" >"$DIR/out"
	for fd in 30 31 35 36; do
		lines_of $fd | grep -qx $'\t(not known: far end: permission denied)'
		[ "$(lines_of $fd | grep -c 'far end')" = 1 ]
	done
	"$PFILES" "$TARGET" >"$DIR/out"
	far_ends
	finish_target
}

@test "JSON: multicast groups and their sources" {
	start_target "$TARGETS/families"
	"$PFILES" -j -p 22 "$TARGET" |
		jq -e '.. | .multicast_groups? // empty | . == [
			{"group": "232.1.2.3", "interface": "lo", "only_from": ["192.0.2.9"]},
			{"group": "239.7.7.7", "interface": "lo"}]'
	finish_target
}

# field NAME: a number or word of what ss says, NAME:value.
field() {
	tr -s '[:space:]' '\n' <"$DIR/ss" | sed -n "s|^$1:||p" | head -1
}

@test "TCP: what ss says of the same connection" {
	command -v ss || skip "no ss"
	start_target "$TARGETS/socks" "$(mktemp -d "$DIR/files.XXXXXX")"
	"$PFILES" "$TARGET" >"$DIR/out"
	inode=$(sed -n 's/^  12: .* ino:\([0-9]*\) .*/\1/p' "$DIR/out")
	ss -tineom state all | awk -v ino="ino:$inode" '{ if (keep) { print; exit } keep = index($0, ino) } keep' >"$DIR/ss"
	cat "$DIR/ss"
	lines_of 12 | tee "$DIR/lines"
	grep -q "congestion: $(grep -o 'bbr\|cubic\|reno' "$DIR/ss" | head -1)  cwnd: $(field cwnd)" "$DIR/lines"
	grep -q "mss: send $(field mss)  receive $(field rcvmss)  advertised $(field advmss)  path mtu $(field pmtu)" "$DIR/lines"
	grep -q $'\trtt: '"$(field rtt | cut -d/ -f1) ms" "$DIR/lines"
	grep -q "timer: keepalive" "$DIR/lines"
	grep -q 'timer:(keepalive' "$DIR/ss"
	finish_target
}

@test "UNIX: the other end's inode is the one that ss says" {
	command -v ss || skip "no ss"
	start_target "$TARGETS/socks" "$(mktemp -d "$DIR/files.XXXXXX")"
	"$PFILES" "$TARGET" >"$DIR/out"
	here=$(sed -n 's/^  40: .* ino:\([0-9]*\) .*/\1/p' "$DIR/out")
	there=$(sed -n 's/^  41: .* ino:\([0-9]*\) .*/\1/p' "$DIR/out")
	ss -xa | grep -q "\* $here  *\* $there"
	lines_of 40 | grep -q "far end: socks\[$TARGET\] fd 41$"
	finish_target
}

@test "thousands of sockets: each is told of, and so are both ends" {
	READY=^pid= start_target "$TARGETS/many" 4000 0 "$DIR"
	for options in "" -b; do
		# shellcheck disable=SC2086
		"$PFILES" $options "$TARGET" >"$DIR/out"
		all_known "$DIR/out"
		# All but the listener and the UDP sockets are connected to one another.
		[ "$(grep -c $'^\tstate: ESTABLISHED' "$DIR/out")" = "$(grep -c "^	far end: many\[$TARGET\] fd [0-9]*$" "$DIR/out")" ]
		[ "$(grep -c $'^\tfar end: ' "$DIR/out")" -gt 1000 ]
		grep -q '^  \[sockets: [0-9]* of them were asked only for options that are set often; -a asks all\]$' "$DIR/out"
		# shellcheck disable=SC2086
		"$PFILES" -a $options "$TARGET" >"$DIR/out"
		lacks 'asked only' "$DIR/out"
	done
	"$PFILES" -j "$TARGET" | jq -e '.sockets_asked_little > 0'
	"$PFILES" -a -j "$TARGET" | jq -e 'has("sockets_asked_little") | not'
	finish_target
}

@test "the cookie is the one that the socket itself tells, by each way" {
	start_target python3 -c 'import socket, struct, sys
s = socket.create_server(("127.0.0.1", 0))
cookie, = struct.unpack("Q", s.getsockopt(socket.SOL_SOCKET, 57, 8))
print(f"fd={s.fileno()}\ncookie={cookie}\nready", flush=True)
sys.stdin.read()'
	for options in "" -b; do
		# shellcheck disable=SC2086
		"$PFILES" $options -p "$(fact fd)" "$TARGET" >"$DIR/out"
		lines_of "$(fact fd)" | grep -qx "	cookie: $(printf '0x%x' "$(fact cookie)")"
		# shellcheck disable=SC2086
		"$PFILES" -j $options -p "$(fact fd)" "$TARGET" | jq -e --argjson c "$(fact cookie)" '.descriptors[0].socket.cookie == $c'
	done
	pfiles_alone -j -p "$(fact fd)" "$TARGET" | jq -e --argjson c "$(fact cookie)" '.descriptors[0].socket.cookie == $c'
	finish_target
}

# Sockets in every state that a record shows otherwise than a call, and so many descriptors that the records are read.
zoo='
import os, socket, struct, sys
from socket import *
kept = [os.open("/dev/null", os.O_RDONLY) for _ in range(2000)]
def pair(family, host, other=None):
    listener = socket(family, SOCK_STREAM)
    listener.bind((host, 0)); listener.listen(5)
    a = socket(other or family, SOCK_STREAM)
    a.connect(("127.0.0.1" if other else host, listener.getsockname()[1]))
    return listener, a, listener.accept()[0]
kept += pair(AF_INET, "127.0.0.1") + pair(AF_INET6, "::1") + pair(AF_INET6, "::", AF_INET)
ended = pair(AF_INET, "127.0.0.1"); ended[1].shutdown(SHUT_WR)
over = pair(AF_INET, "127.0.0.1"); over[1].close()
reset = pair(AF_INET6, "::1"); reset[1].setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0)); reset[1].close()
waiting = pair(AF_INET, "127.0.0.1"); late = socket(AF_INET); late.connect(waiting[0].getsockname())
kept += ended + over + reset + waiting + (late, socket(AF_INET), socket(AF_INET6), socket(AF_UNIX))
u = [socket(AF_INET, SOCK_DGRAM), socket(AF_INET, SOCK_DGRAM), socket(AF_INET6, SOCK_DGRAM), socket(AF_INET6, SOCK_DGRAM)]
u[1].bind(("127.0.0.1", 0)); u[0].connect(u[1].getsockname())
u[2].bind(("::", 0)); u[3].connect(("::ffff:127.0.0.1", u[1].getsockname()[1]))
kept += u + [socket(AF_INET, SOCK_DGRAM)]
for kind in SOCK_STREAM, SOCK_SEQPACKET:
    for name in sys.argv[1] + "/" + str(int(kind)), "\0zoo%d-%d" % (os.getpid(), kind):
        l = socket(AF_UNIX, kind); l.bind(name); l.listen(3)
        a = socket(AF_UNIX, kind); a.connect(name); b = l.accept()[0]
        w = socket(AF_UNIX, kind); w.connect(name)
        kept += [l, a, b, w]
d = socket(AF_UNIX, SOCK_DGRAM); d.bind(sys.argv[1] + "/d"); e = socket(AF_UNIX, SOCK_DGRAM); e.connect(sys.argv[1] + "/d")
gone = socketpair(AF_UNIX, SOCK_STREAM); gone[1].close()
kept += [d, e, *socketpair(AF_UNIX, SOCK_DGRAM), gone[0]]
kept[2000].setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
kept[2001].setsockopt(SOL_SOCKET, SO_SNDBUF, 20000)
u[0].setsockopt(SOL_SOCKET, SO_BROADCAST, 1)
print("ready", flush=True)
sys.stdin.read()
'

# calls_of OPTION...: what it says of the target goes to $DIR/said, how many calls it took to standard output.
calls_of() {
	"$PFILES" -s "$@" "$TARGET" 2>"$DIR/how" | sed '/ end process:/d' >"$DIR/said"
	grep -o '[0-9]* calls' "$DIR/how" | cut -d' ' -f1
}

@test "among many descriptors: what the kernel's records tell is what the sockets themselves do" {
	local asked told
	start_target python3 -c "$zoo" "$DIR"
	# -H asks for everything, in one instant.
	asked=$(calls_of -b -H)
	mv "$DIR/said" "$DIR/asked"
	[ "$(grep -c 'sockname: ' "$DIR/asked")" -gt 40 ]
	told=$(calls_of -b)
	diff "$DIR/asked" "$DIR/said"
	((told < asked - 100))
	calls_of >/dev/null
	diff "$DIR/asked" "$DIR/said"
	"$PFILES" -j -H -b "$TARGET" | jq -S '.descriptors[] | select(.socket)' >"$DIR/asked"
	"$PFILES" -j "$TARGET" | jq -S '.descriptors[] | select(.socket)' >"$DIR/said"
	diff "$DIR/asked" "$DIR/said"
	grep -q ESTABLISHED "$DIR/said"
	finish_target
}
