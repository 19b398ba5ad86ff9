#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The use of truss: options, operands, processes that run already, letting go, signals, streams.

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

untraced() {
	[ "$(sed -n 's/^TracerPid:[[:space:]]*//p' "/proc/$1/status")" = 0 ]
}

traced() {
	! untraced "$1"
}

stopped() {
	[ "$(state_of "$1")" = T ]
}

# begin_trace ARGUMENT...: truss in the background, as TRACER.
begin_trace() {
	"$TRUSS" -o "$TRACE" "$@" &
	TRACER=$!
	STARTED+=("$TRACER")
}

# ended STATUS: the tracer ends with that.
ended() {
	local status=0
	wait "$TRACER" || status=$?
	[ "$status" = "$1" ]
}

# shellcheck disable=SC2154 # stderr is set by run
@test "usage: no operand, unknown option, bad words" {
	run --separate-stderr "$TRUSS"
	[ "$status" = 2 ]
	[[ $stderr == "usage: truss "* ]]
	for words in '-t nosuch:unrecognized syscall: nosuch' '-s nosuch:unrecognized signal name/number: nosuch' \
		'-m nosuch:unrecognized fault name/number: nosuch' \
		'-r 65536:filedescriptor not in range[0..65535]: 65536' '-v 99999:unrecognized syscall: 99999'; do
		# shellcheck disable=SC2086 # an option and its argument
		run --separate-stderr "$TRUSS" ${words%%:*} true
		[ "$status" = 2 ]
		[[ $stderr == "truss: ${words#*:}"$'\n'"usage: truss "* ]]
	done
	run --separate-stderr "$TRUSS" -k -p 1
	[ "$status" = 2 ]
}

@test "a command that cannot be found, or executed" {
	run "$TRUSS" nosuchcommand
	[ "$status" = 2 ]
	[ "$output" = 'truss: cannot find program: nosuchcommand' ]
	run "$TRUSS" /etc/passwd
	[ "$status" = 2 ]
	[ "$output" = 'truss: cannot execute program: /etc/passwd' ]
	printf '\177ELFnonsense' >"$DIR/broken"
	chmod 755 "$DIR/broken"
	run "$TRUSS" "$DIR/broken"
	[ "$status" = 2 ]
	[[ $output == *'truss: cannot execute program: '* ]]
}

@test "set-id programs: root traces them, others are refused" {
	cp /bin/true "$DIR/setid"
	chown 1:1 "$DIR/setid"
	chmod 4755 "$DIR/setid"
	run "$TRUSS" -o "$TRACE" "$DIR/setid"
	[ "$status" = 0 ]
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$TRUSS" "$DIR/setid"
	[ "$status" = 2 ]
	[ "$output" = "truss: cannot trace set-id or unreadable object file: $DIR/setid" ]
}

@test "set-id programs keep their rights when a traced program executes them" {
	cp "$(command -v id)" "$DIR/id"
	chown 1 "$DIR/id"
	chmod 4755 "$DIR/id"
	run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups "$TRUSS" sh -c "'$DIR/id'; exit 7"
	[ "$status" = 7 ]
	[[ $output == *'euid=1('* ]]
	run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups "$TRUSS" -f sh -c "'$DIR/id'; exit 7"
	[ "$status" = 7 ]
	[[ $output == *'euid=1('* ]]
	[[ $stderr == *"*** cannot trace across exec() of $DIR/id ***"* ]]
	# Root's truss goes on, and says what the program has become.
	run --separate-stderr "$TRUSS" -f setpriv --reuid 65534 --regid 65534 --clear-groups "$DIR/id"
	[ "$status" = 0 ]
	[[ $output == *'euid=1('* ]]
	[[ $stderr == *'*** SUID: ruid/euid/suid = 65534 / 1 / 1  ***'* ]]
}

@test "-p: bad operands are told, the others traced" {
	start_target "$STORY" asleep
	"$TRUSS" -o "$TRACE" -p "$TARGET" 99999999 "$TARGET" nonsense 2>"$DIR/err" &
	TRACER=$!
	STARTED+=("$TRACER")
	wait_for traced "$TARGET"
	wait_for grep -q nonsense "$DIR/err"
	grep -qx 'truss: no such process: 99999999' "$DIR/err"
	grep -qx "truss: duplicate process-id ignored: $TARGET" "$DIR/err"
	run "$TRUSS" -p "$TARGET"
	[ "$status" = 2 ]
	echo "$output"
	[[ $output == "truss: process is traced: $TARGET: by pid $TRACER (truss)" ]]
	kill "$TRACER"
	ended 1
	untraced "$TARGET"
	finish_target
}

@test "coming and going, also by kill -9, interrupts no call that waits without end" {
	local how
	start_target "$STORY" asleep
	for how in TERM KILL TERM KILL TERM KILL; do
		begin_trace -p "$TARGET"
		wait_for traced "$TARGET"
		sleep 0.1 # not in the few microseconds in which a call has been interrupted already
		kill "-$how" "$TRACER"
		wait "$TRACER" || true
		wait_for untraced "$TARGET"
	done
	finish_target
	[ "$(fact interrupted)" = 0 ]
}

@test "-p with threads: only these; none yet: waits" {
	local tids
	start_target "$STORY" asleep
	mapfile -t tids < <(cd "/proc/$TARGET/task" && printf '%s\n' *)
	begin_trace -p "$TARGET/${tids[2]}"
	wait_for traced "${tids[2]}"
	sleep 0.1
	untraced "${tids[1]}"
	untraced "$TARGET"
	kill "$TRACER"
	ended 0
	begin_trace -p "$TARGET/4000000-"
	wait_for grep -q '(Warning: no matching active LWPs found, waiting)' "$TRACE"
	kill "$TRACER"
	ended 0
	finish_target
}

@test "-p: a stopped process stays stopped, and says when it is continued" {
	start_target "$TARGETS/odd" threads 0
	kill -STOP "$TARGET"
	begin_trace -p "$TARGET"
	wait_for traced "$TARGET"
	sleep 0.2
	kill "$TRACER"
	ended 0
	[ "$(state_of "$TARGET")" = T ]
	kill -CONT "$TARGET"
	finish_target
}

@test "-p -a: the command line" {
	# As much of it as the original shows.
	cp "$STORY" "$DIR/story"
	start_target "$DIR/story" asleep
	begin_trace -a -p "$TARGET"
	wait_for grep -q "psargs: $DIR/story asleep" "$TRACE"
	kill "$TRACER"
	ended 0
	finish_target
}

@test "-T, -S, -M with -p: the process stays stopped at the event, and goes on" {
	# A shell that does something again and again.
	sh -c 'while sleep 0.1; do :; done' &
	local pid=$!
	STARTED+=("$pid")
	run timeout --foreground "$PATIENCE" "$TRUSS" -o "$TRACE" -T wait4 -p "$pid"
	[ "$status" = 0 ]
	wait_for stopped "$pid"
	untraced "$pid"
	[[ $(tail -n 1 "$TRACE") == *'wait4('* || $(tail -n 2 "$TRACE") == *'wait4('* ]]
	kill -CONT "$pid"
	[ "$(state_of "$pid")" != T ]
	kill "$pid"
}

@test "-T with a command: it stays stopped, though the job is over" {
	local pid
	# Set apart as a shell with job control does it: the group of the job has nobody but truss and the command.
	bash -mc '"$@" & wait' - "$TRUSS" -o "$TRACE" -T exit_group "$STORY" stop <&- >"$DIR/facts" &
	FACTS=$DIR/facts
	wait_for grep -q '^pid=' "$FACTS"
	pid=$(fact pid)
	STARTED+=("$pid")
	wait_for grep -q 'Stopped by signal' "$TRACE"
	kill -CONT "$pid"
	wait_for grep -q '^exit_group(0)' "$TRACE"
	wait_for untraced "$pid"
	wait_for stopped "$pid"
	sleep 0.1
	stopped "$pid"
	kill -CONT "$pid"
	gone() { [ ! -e "/proc/$1" ] || is_zombie "$1"; }
	wait_for gone "$pid"
}

@test "kill -9 while a program works: it goes on, with each signal it was to get" {
	for round in 1 2 3 4 5 6 7 8; do
		"$TRUSS" -o "$TRACE" "$STORY" forks 40 >"$DIR/facts" &
		TRACER=$!
		STARTED+=("$TRACER")
		FACTS=$DIR/facts
		sleep "0.0$round"
		kill -KILL "$TRACER" 2>/dev/null || true
		wait "$TRACER" || true
		# It began before the tracer died, or never will; once begun, it ends well.
		if [ -s "$FACTS" ]; then
			wait_for grep -q '^sigchld=40$' "$FACTS"
		fi
	done
}

@test "a reader that goes away ends the trace, not the program" {
	bash -c '"$1" "$2" forks 50 2> >(head -n 1 >/dev/null) >"$3"' - "$TRUSS" "$STORY" "$DIR/facts"
	FACTS=$DIR/facts
	[ "$(fact sigchld)" = 50 ]
}

@test "standard descriptors may be closed" {
	"$TRUSS" -o "$TRACE" true <&- >&- 2>&-
	grep -q 'exit_group(0)' "$TRACE"
}

@test "an output that cannot be written is told" {
	run "$TRUSS" -o /dev/full true
	[ "$status" = 2 ]
	[[ $output == 'truss: /dev/full: No space left on device' ]]
	run "$TRUSS" -o /nonexistent/file true
	[ "$status" = 2 ]
	[[ $output == 'truss: /nonexistent/file: No such file or directory' ]]
}

@test "-o: the last one, for all to read and write but what umask takes; the command has no descriptor of it" {
	(
		umask 002
		"$TRUSS" -o "$DIR/first" -o "$TRACE" ls -l /proc/self/fd >"$DIR/out" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
	)
	[ ! -e "$DIR/first" ]
	[ "$(stat -c %a "$TRACE")" = 664 ]
	ls -l /proc/self/fd >"$DIR/without" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
	[ "$(grep -c ' -> ' "$DIR/out")" = "$(grep -c ' -> ' "$DIR/without")" ]
	lacks "$TRACE\|latency\|socket:" "$DIR/out"
}

@test "HUP, INT and QUIT are for the command where truss writes to a file; TERM ends the trace, not the command" {
	local command signal
	# Not ignored from birth, as a shell without job control would have it.
	perl -e '$SIG{INT} = $SIG{QUIT} = "DEFAULT"; exec @ARGV' "$TRUSS" -o "$TRACE" sleep 1000 3>&- &
	TRACER=$!
	STARTED+=("$TRACER")
	wait_for pgrep -P "$TRACER" -x sleep
	command=$(pgrep -P "$TRACER" -x sleep)
	STARTED+=("$command")
	wait_for grep -q nanosleep "$TRACE"
	for signal in HUP INT QUIT; do kill "-$signal" "$TRACER"; done
	sleep 0.3
	traced "$command"
	kill -TERM "$TRACER"
	wait_for untraced "$command"
	kill -0 "$command"
	kill "$command"
	# Of a process that runs already they end the trace.
	for signal in HUP INT QUIT PIPE USR1; do
		start_target "$STORY" asleep
		perl -e '$SIG{INT} = $SIG{QUIT} = "DEFAULT"; exec @ARGV' "$TRUSS" -o "$TRACE" -p "$TARGET" 3>&- {TARGET_IN}>&- &
		TRACER=$!
		STARTED+=("$TRACER")
		wait_for traced "$TARGET"
		# It catches signals once it has everybody.
		caught() { [ "$((0x$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$TRACER/status") & 1))" = 1 ]; }
		wait_for caught
		kill "-$signal" "$TRACER"
		ended 0
		is_over "$TRACER"
		untraced "$TARGET"
		finish_target
	done
}

# ptrace_access_vm(), kernel/ptrace.c: not even its tracer, unless that is root.
@test "the memory of a program that makes itself undumpable is for root to see; others see addresses" {
	"$TRUSS" -o "$TRACE" "$TARGETS/events" undumpable 3>&-
	grep -q '^access("after that", F_OK)' "$TRACE"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$TRUSS" "$TARGETS/events" undumpable 2>"$DIR/out" 3>&-
	[[ $(grep -A 1 '^prctl(PR_SET_DUMPABLE, 0)' "$DIR/out" | tail -n 1) =~ ^access\(0x[0-9A-F]+,\ F_OK\) ]]
	grep -q '^exit_group(0)' "$DIR/out"
}

@test "-c: interrupted, it reports" {
	"$TRUSS" -c -o "$TRACE" sleep 30 &
	TRACER=$!
	STARTED+=("$TRACER")
	wait_for pgrep -P "$TRACER" -x sleep
	local command
	command=$(pgrep -P "$TRACER" -x sleep)
	STARTED+=("$command")
	kill -TERM "$TRACER"
	wait_for grep -q '^sys totals:' "$TRACE"
	untraced "$command"
	kill "$command"
}

@test "words for completions" {
	"$TRUSS" --list-calls | grep -qx openat
	"$TRUSS" --list-signals | grep -qx SIGTERM
	"$TRUSS" --list-faults | grep -qx FLTBOUNDS
}

# as_without COMMAND...: its output and status are the same with and without truss.
as_without() {
	local with=0 without=0
	"$@" >"$DIR/without" 2>&1 || without=$?
	"$TRUSS" -f -o "$TRACE" "$@" >"$DIR/with" 2>&1 || with=$?
	[ "$with" = "$without" ]
	cmp "$DIR/with" "$DIR/without"
	[ -s "$TRACE" ]
	lacks '^[0-9/]*:	*sys#' "$TRACE"
}

# shellcheck disable=SC2016 # for the shells inside
@test "programs behave as without: pipes, job control, signals, compilers" {
	as_without ls -l /etc
	as_without find /usr/include -name 's*.h'
	as_without tar cf - -C /etc passwd group
	as_without sh -c 'for i in 1 2 3; do (echo $i | cat | tr 1 a); done; exit 3'
	as_without bash -c 'set -m; sleep 0.1 & wait %1; trap "echo usr" USR1; kill -USR1 $$; kill -TERM $$'
	echo 'int main(void) { return 0; }' >"$DIR/small.c"
	as_without "${CC:-gcc}" -S -o - "$DIR/small.c"
}

@test "a shell with job control on a terminal, and a program that reads from it" {
	command -v python3 >/dev/null || skip 'no python3'
	run timeout 60 python3 "$BATS_TEST_DIRNAME/../lib/terminal.py" "$TRACE" "$TRUSS"
	[ "$status" = 7 ]
	[[ $output == *'Stopped                 sleep 50'*'got hello'* ]]
	grep -q 'Received signal #20, SIGTSTP, in clock_nanosleep() \[default\]' "$TRACE"
	grep -q 'Stopped by signal #20, SIGTSTP' "$TRACE"
	grep -q 'Continued with signal #18, SIGCONT \[default\]' "$TRACE"
	grep -q 'Received signal #2, SIGINT' "$TRACE"
}

@test "programs under seccomp of their own end as without truss" {
	# Through the strict mode: a write, and an exit that it allows.
	as_without "$STORY" confined
	grep -q '^[0-9]*:	exit(5)' "$TRACE"
}

# "name result" of each call, as both tools say it.
ours() {
	sed -nE 's/^[0-9]+(\/[0-9]+)?:	+([a-z_0-9]+)\(.*\)[	 ]*(= (0x[0-9A-F]+|-?[0-9]+)|Err#[0-9]+ ([A-Z_]+)).*/\2 \4\5/p' \
		<(grep -v 'returning as' "$1")
}

theirs() {
	sed -nE 's/^[0-9]+ +([a-z_0-9]+)\(.*\) += (-1 ([A-Z]+) .*|(0x[0-9a-f]+|-?[0-9]+).*)$/\1 \3\4/p' "$1"
}

# What differs between two runs of one program: ids, addresses, times, and calls that depend on them.
same_each_time() {
	sed -E 's/0x[0-9A-Fa-f]+/ADDRESS/; s/^(getpid|gettid|set_tid_address|clone|clone3|wait4|getppid) .*/\1/' |
		grep -vE '^(getrandom|brk|munmap|mprotect|write|futex|madvise|rt_sigreturn|syscall_)'
}

@test "results and errors are those that strace sees" {
	local mode
	for mode in "files $DIR" signals fault; do
		# shellcheck disable=SC2086 # a mode and its arguments
		"$TRUSS" -f -o "$TRACE" -x all -t '!execve' "$STORY" $mode >/dev/null
		# shellcheck disable=SC2086
		strace -f -e trace='!execve' -o "$DIR/strace" "$STORY" $mode >/dev/null
		ours "$TRACE" | same_each_time | sed -E 's/ERESTART[A-Z_]*/RESTART/' >"$DIR/a"
		theirs "$DIR/strace" | same_each_time >"$DIR/b"
		[ "$(wc -l <"$DIR/b")" -gt 20 ]
		# strace shows a call that is to be restarted with a question mark.
		diff -u "$DIR/b" <(grep -v RESTART "$DIR/a")
	done
}

@test "the calls of a run are those that strace sees" {
	command -v strace >/dev/null || skip 'no strace'
	local names=$DIR/names
	for mode in "files $DIR" signals "forks 3" "threads 1 20"; do
		# shellcheck disable=SC2086 # a mode and its argument
		"$TRUSS" -f -o "$TRACE" -x all "$STORY" $mode >/dev/null
		# shellcheck disable=SC2086
		strace -f -o "$DIR/strace.pids" "$STORY" $mode >/dev/null
		sed 's/^[0-9]* *//' "$DIR/strace.pids" >"$DIR/strace"
		grep -oE '^([0-9/]+:	+)[a-z_0-9]+\(' <(grep -v 'returning as' "$TRACE") | grep -oE '[a-z_0-9]+\(' |
			grep -vE '^(getrandom|brk|munmap|mprotect|wait4|write|futex|madvise)' >"$names.ours"
		grep -oE '^[a-z_0-9]+\(' "$DIR/strace" | grep -vE '^(getrandom|brk|munmap|mprotect|wait4|write|syscall_|futex|madvise)' >"$names.theirs"
		# When a child dies is not of the program's choosing.
		case $mode in
		forks* | threads*) diff -u <(sort "$names.theirs") <(sort "$names.ours") ;;
		*) diff -u "$names.theirs" "$names.ours" ;;
		esac
	done
}
