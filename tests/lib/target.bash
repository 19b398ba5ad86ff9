# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For the command tests: victims, and what is done with them. `load ../lib/target` in a bats file.
#
# A victim prints its facts and "ready", waits for the end of its input, looks whether it is still as it
# was, and says so by its exit status. Everything that is waited for has a deadline, and teardown ends
# only what was started here.

B=${B:-$BATS_TEST_DIRNAME/../../build}
B=$(realpath "$B")
# shellcheck disable=SC2034 # for the tests
PFILES=$B/pfiles PSTACK=$B/pstack PSTOP=$B/pstop PRUN=$B/prun TRUSS=$B/truss TARGETS=$B/tests/targets

# Seconds; a machine that is busy or built with sanitizers is slow.
PATIENCE=${PATIENCE:-20}

target_setup() {
	# Not under BATS_TEST_TMPDIR, where other users cannot go.
	DIR=$(mktemp -d /tmp/ptools.XXXXXX)
	DIR=$(realpath "$DIR")
	chmod 755 "$DIR"
	STARTED=()
}

# Every process that start_target made, and no other.
target_teardown() {
	local pid
	for pid in "${STARTED[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
		kill -CONT "$pid" 2>/dev/null || true
	done
	rm -rf "$DIR"
}

# wait_for COMMAND...: until it succeeds, at most $PATIENCE seconds.
wait_for() {
	local end=$((SECONDS + PATIENCE))
	until "$@"; do
		((SECONDS < end)) || {
			echo "waited $PATIENCE s in vain for: $*" >&2
			return 1
		}
		sleep 0.02
	done
}

# start_target COMMAND...: in the background, its output in $FACTS, until it is ready: has printed a line
# $READY. Sets TARGET (its pid), FACTS and TARGET_IN (the descriptor whose closing ends it). With SOCKET=yes it has a
# socket besides, for which pfiles uses an agent.
start_target() {
	FACTS=$(mktemp "$DIR/facts.XXXXXX")
	# An anonymous pipe: a process that reads from one can be stopped without any harm.
	# And nothing of what bats has open, which would change under our hands.
	exec {TARGET_IN}> >(
		[ -z "${SOCKET-}" ] || exec 199<>/dev/udp/127.0.0.1/9
		exec "$@" >"$FACTS" 2>"$FACTS.err" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
	)
	TARGET=$!
	STARTED+=("$TARGET")
	wait_for grep -q "${READY:-^ready$}" "$FACTS"
}

# Ends the target; fails unless it says that it is unharmed.
finish_target() {
	local status=0 end=$((SECONDS + PATIENCE))
	exec {TARGET_IN}>&-
	while kill -0 "$TARGET" 2>/dev/null && ((SECONDS < end)) && ! is_zombie "$TARGET"; do
		sleep 0.02
	done
	wait "$TARGET" || status=$?
	is_over "$TARGET"
	cat "$FACTS.err" >&2
	[ "$status" = 0 ] || {
		echo "the target ended with status $status" >&2
		return 1
	}
}

# A process that has ended is not to be killed any more: its number may be that of another one by now.
is_over() {
	local pid rest=()
	for pid in "${STARTED[@]}"; do
		[ "$pid" = "$1" ] || rest+=("$pid")
	done
	STARTED=("${rest[@]}")
}

state_of() {
	sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null
}

# Whether it waits in read(2), or what a read of standard input begins with; that it has started up by then.
is_in_read() {
	grep -Eq '^(0|3) 0x0 ' "/proc/$1/syscall" && [ "$(state_of "$1")" = S ]
}

threads_of() {
	sed -n 's/^Threads:[[:space:]]*//p' "/proc/$1/status"
}

# lacks PATTERN FILE: `! grep` alone would never fail a test.
lacks() {
	! grep -q -- "$1" "$2"
}

# Whether nothing is said to be not known, but who has a pipe's other end: whom we may not look into.
all_known() {
	! grep 'not known' "$1" | grep -qv -e '^      (not known: far end: ' -e $'^\t(not known: interface and queue: '
}

is_zombie() {
	[ "$(state_of "$1")" = Z ]
}

# A fact of the form name=value.
fact() {
	sed -n "s/^$1=//p" "$FACTS"
}

# The blocks that the target wants to see.
expected() {
	grep -v -e '^ready$' -e '^[a-z_]*=' "$FACTS"
}

# The blocks of the descriptors that the target made on purpose: those that it printed. Of standard
# input, and what bash leaves open, nothing is said.
# Without the lines of notes, which have a test of their own.
blocks() {
	wanted_blocks "$1" | grep -Ev "$NOTES"
}

# Lines that the original does not have: a word, then key:value.
NOTES='^      (mount id:|device driver:|same-open-file |end (process:|more)|(pipe|fifo) (capacity|unread):|pty index:|terminal session:|memfd |epoll fd:|watched-by fd:|waited-for thread:|eventfd count:|signalfd signals:|timerfd clock:|inotify wd:|fanotify |pidfd pid:|namespace type:|mqueue messages:|tun |difference |\(not known: far end: )|^  \[(far ends|waiting threads): '

# first_line_and_notes FILE: of the descriptors that the target printed.
first_lines_and_notes() {
	wanted_blocks "$1" | grep -E -e '^ *[0-9]+: ' -e "$NOTES"
}

wanted_blocks() {
	awk 'NR == FNR { if (/^ *[0-9]+: /) wanted[$1] = 1; next }
		/^[0-9]+:\t/ { show = 0; next }
		/^ *[0-9]+: / { show = $1 in wanted }
		show' "$FACTS" "$1"
}

# Without the numbers of TCP that change while a connection does nothing but wait; without cookies, which have a
# test of their own; and without what some kernels have no table for.
without_tcp_numbers() {
	grep -v -e $'^\t\\(timer\\|congestion\\|cwnd\\|rtt\\|mss\\|retransmits\\|cookie\\): ' \
		-e $'^\t(not known: interface and queue: ' "$1"
}

# Who listens to the kernel's news of the network gets some when anybody on the machine makes any.
without_news() {
	awk '/protocol: NETLINK_.*groups: [0-9]/ { news = 1 }
		news && /receive queue: / { sub(/receive queue: [0-9]+/, "receive queue: 0"); news = 0 }
		{ print }'
}

# same_as_expected FILE: what pfiles wrote there is what the target said, to the byte.
same_as_expected() {
	diff -u <(expected) <(blocks "$1" | without_tcp_numbers - | without_news)
}

# by_agent COMMAND...: its page in $DIR/out, its report in $DIR/err; fails if the agent did not serve. On
# a machine that is very busy a thread may not stop in time, and then the tool goes another way: wait_for.
by_agent() {
	"$@" >"$DIR/out" 2>"$DIR/err" && grep -q ': agent (' "$DIR/err"
}
