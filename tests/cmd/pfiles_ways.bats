#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The three ways to the facts: what one of them does not tell is what pfiles(1) lists, no less and no more.

load ../lib/target

setup() {
	target_setup
	MAN=$BATS_TEST_DIRNAME/../../man/pfiles.1
}

teardown() {
	target_teardown
}

# listed N: the names in the Nth list of the man page's section.
listed() {
	sed -n '/^\.Ss What each way tells/,/^\.Ss With/p' "$MAN" |
		awk -v n="$1" '/^\.Bl/ { list++ } /^\.It Li / && list == n { sub(/^\.It Li /, ""); gsub(/ , /, "\n"); print }'
}

# Every fact of every descriptor: its number, MPTCP or -, and the name of the fact. Of what the kernel does not list,
# one word; what is said to be not known is no fact.
facts() {
	jq -r '.descriptors[] | .fd as $fd | (.socket.protocol // "-" | if . != "MPTCP" then "-" else . end) as $p
		| (if .unknown.socket then "\($fd) - socket" else empty end), (paths(scalars)
			| map(select(type == "string")) | select(.[0] != "unknown" and .[1] != "unknown")
			| "\($fd) \($p) " + join("."))' "$1" | sort -u
}

# One look at each victim by each way, into $DIR/VICTIM.WAY.
look_at() {
	local victim=$1
	shift
	start_target "$TARGETS/$victim" "$@"
	# -p: not what bats has left open.
	"$PFILES" -j -p 0,10- "$TARGET" >"$DIR/$victim.agent"
	"$PFILES" -j -b -p 0,10- "$TARGET" >"$DIR/$victim.borrow"
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 "$TARGETS/without" ptrace,pidfd_getfd "$PFILES" -j -p 0,10- "$TARGET" >"$DIR/$victim.proc"
	finish_target
}

# Names of facts that the agent tells and the other way does not, with MPTCP or - in front.
missing() {
	local victim
	for victim in "${VICTIMS[@]}"; do
		# A socket that is in no table is missing as a whole, and all that is said of it.
		awk 'NR == FNR { if ($3 == "socket") whole[$1] = 1; has[$1 " " $3] = 1; next }
			($1 " " $3) in has { next }
			$1 in whole && $3 ~ /^socket/ { print "-", "socket"; next }
			{ print $2, $3 }' <(facts "$DIR/$victim.$1") <(facts "$DIR/$victim.agent")
	done | sort -u
}

@test "what a way does not tell is what the manual page lists" {
	local victim name protocol listed
	VICTIMS=(kinds special socks families locks far pairs)
	mkdir "$DIR/files"
	for victim in "${VICTIMS[@]}"; do
		case $victim in
		families | far | pairs) look_at "$victim" ;;
		*)
			rm -rf "$DIR/files"
			mkdir "$DIR/files"
			look_at "$victim" "$DIR/files"
			;;
		esac
	done
	missing borrow >"$DIR/missing"
	cat "$DIR/missing"
	[ ! -s "$DIR/missing" ]
	missing proc >"$DIR/missing"
	{
		listed 1 | sed 's/^/- /'
		listed 2 | sed 's/^/MPTCP /'
	} >"$DIR/listed"
	# Of the MPTCP sockets what the first list says as well.
	while read -r protocol name; do
		awk -v p="$protocol" -v n="$name" '($1 == p || $1 == "-") &&
			(n == $2 || ($2 != "socket" && index(n, $2 ".") == 1)) { found = 1 }
			END { exit !found }' "$DIR/listed" || {
			echo "$name ($protocol) is missing, and not in the list"
			false
		}
	done <"$DIR/missing"
	while read -r protocol listed; do
		# Only where there is a security module that has one to tell.
		[ "$listed" = socket.peer_security_context ] && continue
		awk -v p="$protocol" -v l="$listed" \
			'$1 == p && ($2 == l || index($2, l ".") == 1) { found = 1 } END { exit !found }' "$DIR/missing" || {
			echo "$listed is in the list ($protocol), and not missing"
			false
		}
	done <"$DIR/listed"
}

@test "/proc alone: what only calls tell is said to be not known, in a line and in JSON" {
	mkdir "$DIR/files"
	start_target "$TARGETS/locks" "$DIR/files"
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 "$TARGETS/without" ptrace,pidfd_getfd "$PFILES" -p 0 "$TARGET" >"$DIR/out"
	grep -qx '  \[pipes, memfds, message queues, namespaces, tun: what only calls tell not known: .*\]' "$DIR/out"
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 "$TARGETS/without" ptrace,pidfd_getfd "$PFILES" -j -p 0 "$TARGET" | jq -e '.calls_unknown | length > 0'
	"$PFILES" -j -p 0 "$TARGET" | jq -e '(has("calls_unknown") | not) and .descriptors[0].pipe.capacity > 0'
	finish_target
}

@test "the agent comes from a thread that is neither the first nor has children, if there is one that rests" {
	start_target python3 -c '
import os, signal, threading, time
def wait():
    os.waitpid(os.posix_spawnp("sleep", ["sleep", "1000"], os.environ), 0)
def rest():
    time.sleep(1000)
w = threading.Thread(target=wait, daemon=True)
w.start()
t = threading.Thread(target=rest, daemon=True)
t.start()
time.sleep(0.1)
print(f"first={os.getpid()}\nparent={w.native_id}\nrests={t.native_id}\nready", flush=True)
signal.pause()'
	for _ in {1..10}; do
		"$PFILES" -s "$TARGET" 2>&1 >/dev/null | tee "$DIR/err"
		grep -q "thread $(fact rests) stopped" "$DIR/err"
	done
	pkill -KILL -P "$TARGET"
	kill -KILL "$TARGET"
}

@test "ignored signals while the agent starts: another thread's long write stays whole" {
	start_target python3 -c '
import os, signal, threading, time
r, w = os.pipe()
def write():
    print(f"written={os.write(w, bytes(1 << 20))}", flush=True)
def rest():
    time.sleep(1000)
for f in write, rest:
    threading.Thread(target=f, daemon=True).start()
time.sleep(0.1)
print("ready", flush=True)
signal.pause()'
	python3 -c '
import os, signal, subprocess, sys, time
for _ in range(100):
    p = subprocess.Popen([sys.argv[1], "-n", sys.argv[2]], stdout=subprocess.DEVNULL)
    while p.poll() is None:
        os.kill(int(sys.argv[2]), signal.SIGURG)
        time.sleep(0.0001)
    if p.returncode: sys.exit(1)' "$PFILES" "$TARGET"
	[ -z "$(fact written)" ]
	kill -KILL "$TARGET"
}
