#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The lines of truss against programs whose story is known.

# shellcheck disable=SC2030,SC2031 # each test is a shell of its own

bats_require_minimum_version 1.5.0
load ../lib/target

setup() {
	target_setup
	STORY=$TARGETS/story
	TRACE=$DIR/trace
}

teardown() {
	target_teardown
}

# trace ARGUMENT...: a run of truss with its lines in $TRACE and the victim's facts in $FACTS.
trace() {
	FACTS=$DIR/facts
	# Without what bats has open: the victim's first descriptor is to be 3.
	timeout --foreground "$PATIENCE" "$TRUSS" -o "$TRACE" "$@" >"$FACTS" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
}

# has LINE: the trace has it, tabs as they are, all of it.
has() {
	grep -qxF -- "$1" "$TRACE" || {
		echo "not there: $1"
		cat "$TRACE"
		return 1
	} >&2
}

has_like() {
	grep -qE -- "$1" "$TRACE" || {
		echo "nothing like: $1"
		cat "$TRACE"
		return 1
	} >&2
}

# in_order LINE...: each of them begins a line, and they come in that order.
in_order() {
	awk 'BEGIN { for (n = 1; n < ARGC - 1; n++) want[n] = ARGV[n]; for (i = 1; i < n; i++) ARGV[i] = ""; at = 1 }
		at < n && index($0, want[at]) == 1 { at++ }
		END { if (at < n) { print "not there, or not in order: " want[at]; exit 1 } }' "$@" "$TRACE" >&2
}

@test "first line is the exec of the command" {
	trace "$STORY" files "$DIR"
	[[ $(head -n 1 "$TRACE") == "execve(\"$STORY\", 0x"*'  argc = 3' ]]
}

@test "calls: results at column 48, errors, data, long lines, unknown numbers" {
	local fd
	for variant in '' .static .32; do
		trace "$STORY$variant" files "$DIR"
		fd=$(fact fd)
		in_order "open(\"$DIR/a \\\"file\\\"\\n\", O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC" \
			"write($fd, \" h e l l o ,   w o r l d\".., 40)" "read($fd, \" h e l l o ,   w o r l d\".., 64)" \
			"read($fd, 0x" "close($fd)" 'exit_group(0)'
		has "$(printf 'write(%d, " h e l l o ,   w o r l d".., 40)\t= 40' "$fd")"
		has "$(printf 'close(%d)\t\t\t\t\t= 0' "$fd")"
		has "$(printf 'close(%d)\t\t\t\t\tErr#9 EBADF' "$fd")"
		has_like '^open\("/nonexistent/file", O_RDONLY(\|O_LARGEFILE)?\)\s+Err#2 ENOENT$'
		has_like '^sys#9999\(0x00000001, 0x00000002, 0x00000003, .*\) Err#38 ENOSYS$'
	done
}

@test "-t: families, exclusion, numbers, nothing" {
	trace -t open,close "$STORY" files "$DIR"
	lacks '^[^oc]' "$TRACE"
	has_like '^open\("/nonexistent'
	trace -t '!open' "$STORY" files "$DIR"
	lacks '^open' "$TRACE"
	has_like '^write\('
	trace -t all,\!write,read "$STORY" files "$DIR"
	lacks '^write' "$TRACE"
	lacks '^read(' "$TRACE"
	trace -t 3 "$STORY" files "$DIR"
	has_like '^close\('
	lacks '^open' "$TRACE"
	trace -t '!all' "$STORY" files "$DIR"
	[ ! -s "$TRACE" ]
}

@test "-P: calls that are given such a path, and no others" {
	trace -P /nonexistent/file "$STORY" files "$DIR"
	[ "$(cut -d '(' -f 1 "$TRACE")" = open ]
	trace -f -P '*/libc.so*' -P "$DIR/*" "$STORY" files "$DIR"
	has_like "^[0-9]*:	unlink\\(\"$DIR/"
	has_like '^[0-9]*:	open\("/.*/libc\.so'
	lacks '(\(read|write|close|execve\|fork\)(' "$TRACE"
	lacks nonexistent "$TRACE"
	# A relative path is what it is; -r and -w are asked for by themselves.
	trace -t '!all' -w 3 -P nosuch "$STORY" files "$DIR"
	[ "$(grep -c '^write(3, ' "$TRACE")" = 1 ]
	trace -c -P /nonexistent/file "$STORY" files "$DIR"
	has_like '^openat +\.[0-9]{3} +1 +1$'
	lacks '^write ' "$TRACE"
}

@test "-r and -w: all of the data, whatever -t says; no peek beside it" {
	trace -t '!all' -w 1,3 -r 3 "$STORY" files "$DIR"
	has "   h e l l o ,   w o r l d :   f o r t y   b y t e s   a r e   e n"
	has "   o u g h . . .\\n"
	[ "$(grep -c '^   h e l l o' "$TRACE")" = 2 ]
	has_like '^write\(3, 0x[0-9A-F]+, 40\)'
	lacks '^open' "$TRACE"
}

@test "-x: numbers, and the strings behind them" {
	trace -x open -t open "$STORY" files "$DIR"
	has_like '^openat\(0xFFFFFF9C, 0x[0-9A-F]+, 0x0+, '
	has_like '^     0x[0-9A-F]+: "/nonexistent/file"$'
}

@test "-v: structures, with what the program knows of its file" {
	trace -v fstat -t fstat "$STORY" files "$DIR"
	has_like "i=$(fact ino) .*sz=40"
}

@test "-a and -e: arguments and environment" {
	# A long word would have a line of its own.
	cp "$STORY" "$DIR/story"
	A_VERY_OWN_VARIABLE='with "quotes"' trace -a -e -t exec "$DIR/story" files "$DIR"
	has_like "^ argv: $DIR/story files"
	grep -q 'A_VERY_OWN_VARIABLE=with "quotes"' "$TRACE"
	lacks '^read' "$TRACE"
}

@test "signals: once each, in their order, with what becomes of them" {
	trace "$STORY" signals
	[ "$(fact handled)" = 3 ]
	[ "$(grep -c '^    Received signal #10, SIGUSR1 \[caught\]$' "$TRACE")" = 3 ]
	[ "$(grep -c '^    Received signal #12, SIGUSR2 \[ignored\]$' "$TRACE")" = 1 ]
	in_order '    Received signal #14, SIGALRM, in pause() [caught]' '      siginfo: SIGALRM' \
		'pause()' '    Received signal #14, SIGALRM, in clock_nanosleep() [caught]'
	trace -s alrm "$STORY" signals
	lacks 'Received signal #10' "$TRACE"
	has_like 'Received signal #14, SIGALRM'
}

@test "faults come before their signals" {
	trace "$STORY" fault
	in_order '    Incurred fault #6, FLTBOUNDS  %pc = 0x' '      siginfo: SIGSEGV SEGV_MAPERR addr=0x00000010' \
		'    Received signal #11, SIGSEGV [caught]' 'exit_group(0)'
	trace -m '!bounds' "$STORY" fault
	lacks 'Incurred fault' "$TRACE"
}

@test "job control: stopped, continued, and everybody but truss sees it as always" {
	"$TRUSS" -o "$TRACE" "$STORY" stop >"$DIR/facts" &
	STARTED+=($!)
	FACTS=$DIR/facts
	wait_for grep -q 'Stopped by signal #19, SIGSTOP' "$TRACE"
	kill -CONT "$(fact pid)"
	wait "${STARTED[-1]}"
	[ "$(fact continued)" = 1 ]
	in_order '    Received signal #19, SIGSTOP [default]' '    Stopped by signal #19, SIGSTOP' \
		'    Continued with signal #18, SIGCONT [caught]'
}

@test "exit status: the command's own, 128 and the signal" {
	run trace "$STORY" die 15
	[ "$status" = 143 ]
	has '    Received signal #15, SIGTERM [default]'
	run trace "$STORY" die 9
	[ "$status" = 137 ]
	has '    *** process killed ***'
	run trace sh -c 'exit 3'
	[ "$status" = 3 ]
}

@test "-f: children, their beginning and end; each death tells its parent once" {
	local child
	trace -f "$STORY" forks 3
	[ "$(fact sigchld)" = 3 ]
	for child in $(fact child); do
		has_like "^$child:	(fork|clone)\(\)	\(returning as child ...\)	+= [0-9]+$"
		has_like "^$child:	exit_group\([123]\)$"
	done
	trace "$STORY" forks 3
	lacks 'returning as child' "$TRACE"
	[ "$(fact sigchld)" = 3 ]
}

@test "vfork: the child comes first" {
	trace -f "$STORY" vforks
	has_like "^$(fact child):	(vfork|clone3?)\(\)	\(returning as child"
	has_like "^$(fact child):	execve\(\"/bin/true\", .*argc = 1"
}

@test "threads: each call of each of them, in lines that are whole" {
	local tid
	trace "$STORY" threads 6 200
	for tid in $(fact tid); do
		[ "$(grep -c "^/$tid:.*getppid()	*= [0-9]*$" "$TRACE")" = 200 ]
		has_like "^/$tid:.*exit\(0\)"
	done
	[ "$(grep -c 'returning as new lwp' "$TRACE")" = 6 ]
}

@test "an exec by another thread than the first is followed" {
	trace -f "$STORY" exec-by-thread "$DIR"
	has_like "^$(fact pid):	execve\(\"/proc/self/exe\", .*argc = 3"
	has_like "^$(fact pid):	exit_group\(0\)"
}

@test "-d, -D, -E: time fields, behind the prefix" {
	trace -d -D -E -l "$STORY" files "$DIR"
	[[ $(head -n 1 "$TRACE") == 'Base time stamp:  '*'  [ '*' ]' ]]
	lacks '^[^/B]' "$TRACE"
	has_like '^/[0-9]+:	 [0-9]\.[0-9]{4}	 [0-9]\.[0-9]{4}	 [0-9]\.[0-9]{4}	close\('
}

@test "a call that sleeps is shown, and again when it returns; not with -i" {
	trace sleep 1.5
	has_like '^clock_nanosleep\(.*\(sleeping\.\.\.\)$'
	has_like '^clock_nanosleep\(.*	*= 0$'
	trace -i sleep 1.5
	lacks sleeping "$TRACE"
}

@test "a parent in vfork: waits for its child" {
	trace -t vfork "$STORY" long-vfork
	has_like '^vfork\(\)	+\(waiting for child to exit\(\)/exec\(\)\.\.\.\)$'
	has_like '^vfork\(\)	+= [0-9]+$'
}

@test "-c: counts what was done, with errors, signals and faults" {
	trace -c "$STORY" files "$DIR"
	has_like '^unlink +[0-9]*\.[0-9]{3} +1$'
	has_like '^unknown +\.[0-9]{3} +1 +1$'
	has_like '^usr time: '
	has_like '^elapsed: '
	trace -c "$STORY" signals
	has "$(printf 'SIGUSR1\t\t   3')"
	trace -c "$STORY" fault
	has "$(printf 'FLTBOUNDS\t   1')"
	trace -c -f "$STORY" forks 5
	has_like '^exit_group +\.[0-9]{3} +6$'
}

@test "-y: what descriptors are" {
	trace -y -t read,close "$STORY" files "$DIR"
	has_like "^read\(3<$DIR/a \"file\"\\\\n>, "
	has_like "^close\(3<$DIR/a \"file\"\\\\n>\)"
	has_like "^close\(3\)	.*EBADF"
}

@test "-y: a thread with a descriptor table of its own" {
	echo shared >"$DIR/shared"
	echo apart >"$DIR/apart"
	trace -y -t read,fcntl python3 -c '
import ctypes, os, socket, sys, threading
turn = threading.Barrier(2)
def use(file, name):
    s = socket.socket(socket.AF_UNIX)
    s.bind("\0" + name + "-of-the-test-" + str(os.getpid()))
    os.dup2(os.open(file, os.O_RDONLY), 50)
    os.dup2(s.fileno(), 51)
    for _ in range(3):
        turn.wait()
        os.read(50, 1)
        os.close(os.dup(51))
def leave():
    if ctypes.CDLL(None).unshare(0x400): os._exit(1)
    use(sys.argv[2], "apart")
t = threading.Thread(target=leave)
t.start()
use(sys.argv[1], "shared")
t.join()' "$DIR/shared" "$DIR/apart"
	for name in shared apart; do
		[ "$(grep -cE "read\(50<$DIR/$name>, \" ?[${name:0:1}${name:1:1}${name:2:1}]\"" "$TRACE")" = 3 ]
		[ "$(grep "fcntl(51<" "$TRACE" | grep -c "$name-of-the-test-")" = 3 ]
	done
}

@test "-y: connections, pipes, and a number that becomes another file" {
	local fd
	trace -y -t write "$TARGETS/events" descriptors
	fd=$(fact fd)
	in_order "write($fd<TCP 127.0.0.1:$(fact client) -> 127.0.0.1:$(fact port)>, \" x\", 1)" \
		"write($((fd + 1))<TCP 127.0.0.1:$(fact port) -> 127.0.0.1:$(fact client)>, \" x\", 1)" \
		"write($((fd + 3))<pipe:[" "write($fd<pipe:[" "write($fd</dev/null>, \" x\", 1)"
}

@test "-j: each line is JSON and says the same" {
	trace -j "$STORY" files "$DIR"
	[ "$(jq -r 'select(.type == "syscall" and .name == "close" and .errno == 9) | .error' "$TRACE")" = EBADF ]
	[ "$(jq -r 'select(.type == "syscall" and .name == "write" and .args[0] == 3) | .result' "$TRACE")" = 40 ]
	[ "$(jq -r 'select(.type == "exit") | .status' "$TRACE")" = 0 ]
	trace --json "$STORY" signals
	[ "$(jq -r 'select(.type == "signal" and .name == "SIGUSR1") | .disposition' "$TRACE" | sort -u)" = caught ]
}

@test "-k: a filter shows the same calls, in children and threads, too" {
	trace -k -f -t unlink,getppid "$STORY" threads 4 50
	[ "$(grep -c 'getppid()' "$TRACE")" = 200 ]
	lacks 'mmap' "$TRACE"
	trace -k -t open "$STORY" files "$DIR"
	has_like '^open\("/nonexistent/file"'
	lacks '^write' "$TRACE"
	trace -k -t unlink "$STORY" forks 2
	[ "$(fact sigchld)" = 2 ]
	trace -k -t unlink "$STORY.32" files "$DIR"
	[ "$(grep -c '^unlink(' "$TRACE")" = 1 ]
}

@test "-k: the command dies with truss" {
	"$TRUSS" -k -o "$TRACE" "$STORY" stop >"$DIR/facts" &
	FACTS=$DIR/facts
	STARTED+=($!)
	wait_for grep -q '^pid=' "$FACTS"
	kill -KILL "${STARTED[-1]}"
	gone() { [ ! -e "/proc/$1" ] || is_zombie "$1"; }
	wait_for gone "$(fact pid)"
}
