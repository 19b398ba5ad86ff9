#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# truss and programs that are traced by others, change what they are, or make children in numbers.

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

# trace ARGUMENT...: a run of truss with its lines in $TRACE and the program's output in $DIR/out.
trace() {
	timeout --foreground "$PATIENCE" "$TRUSS" -o "$TRACE" "$@" >"$DIR/out" 2>&1 3>&-
}

has_like() {
	grep -qE -- "$1" "$TRACE" || {
		echo "nothing like: $1"
		tail -40 "$TRACE"
		return 1
	} >&2
}

@test "a program that traces others is told that it cannot, and why" {
	command -v strace >/dev/null || skip 'no strace'
	run trace -f strace -o /dev/null true
	[ "$status" != 0 ]
	has_like 'ptrace\(.*Err#1 EPERM$'
	has_like '\*\*\* traced by truss: cannot be traced by another \*\*\*$'
}

@test "many children by vfork: make" {
	command -v make >/dev/null || skip 'no make'
	printf 'all: 1 2 3 4 5 6 ;\n%%:\n\t@echo made $@ | tr m M\n' >"$DIR/Makefile"
	trace -f make -s -j 3 -C "$DIR" MAKEFLAGS=
	[ "$(grep -c '^Made [1-6]$' "$DIR/out")" = 6 ]
	# Each of them began a program, and ended well.
	[ "$(grep -cE '^[0-9]+:	execve\("[^"]*/tr", .*  argc = 3$' "$TRACE")" = 6 ]
	lacks '^[0-9/]*:	*sys#' "$TRACE"
}

@test "a 64-bit program becomes a 32-bit one, and back" {
	trace sh -c "exec '$STORY.32' files '$DIR'"
	has_like '^execve\(".*story\.32", .*  argc = 3$'
	has_like '^open\("/nonexistent/file", O_RDONLY'
	has_like '^write\(3, " h e l l o ,   w o r l d"\.\., 40\)'
	lacks '^sys#[0-8]' "$TRACE"
	trace -f "$STORY.32" vforks
	has_like '^[0-9]+:	execve\("/bin/true", .*argc = 1$'
	# As the 64-bit program has them.
	has_like '^[0-9]+:	(newfstatat|fstat|pread64|arch_prctl)\('
}

@test "32-bit programs: socketcall(2) and ipc(2) are shown as what they stand for, also under a filter" {
	trace -t socketpair,shmat "$TARGETS/deeds.32" sockets "$DIR"
	has_like '^socketpair\(AF_UNIX, SOCK_STREAM, 0, \[[0-9]+,[0-9]+\]\)'
	trace -t semop,shmat -v semop "$TARGETS/deeds.32" ipc "$DIR"
	has_like '^semtimedop\([0-9]+, 0x[0-9A-F]{8}, 1, 0x[0-9A-F]{8}\)	+= 0$'
	has_like 'timeout: 1\.500000000 sec$'
	has_like '^shmat\([0-9]+, 0x00000000, 0\)	+= 0x[0-9A-F]{8}$'
	lacks '^(socketcall|ipc)' "$TRACE"
	trace -k -t socketpair "$TARGETS/deeds.32" sockets "$DIR"
	has_like '^socketpair\(AF_UNIX'
	lacks '^socketcall' "$TRACE"
}

@test "a program with a filter of its own, and one with a ring" {
	trace "$TARGETS/deeds" filter "$DIR"
	has_like '^getppid\(\)	+Err#18 EXDEV$'
	has_like 'Received signal #31, SIGSYS'
	trace "$TARGETS/deeds" uring "$DIR"
	has_like '^exit_group\(0\)$'
	grep -q '^io_uring_setup(.*Err#' "$TRACE" || has_like '^io_uring_enter\(.*= 1$'
}

# the_policies PID: of its threads but the first, each once.
the_policies() {
	local task
	for task in "/proc/$1/task"/*; do
		[ "${task##*/}" = "$1" ] || sed 's/.*) //' "$task/stat" 2>/dev/null | cut -d ' ' -f 39
	done | sort -u
}

@test "what keeps processors awake takes time from nobody, and ends with truss" {
	local pid mask
	mask=$(sed -n 's/^Cpus_allowed://p' /proc/self/status)
	chmod 777 "$DIR"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$TRUSS" -o "$TRACE" "$STORY" threads 1 1000000 >/dev/null 3>&- &
	pid=$!
	STARTED+=("$pid")
	wait_for pgrep -P "$pid" -x story
	STARTED+=("$(pgrep -P "$pid" -x story)")
	# Where the machine is not quiet there are none.
	for _ in {1..30}; do
		[[ $(the_policies "$pid") == '' || $(the_policies "$pid") == 5 ]] # SCHED_IDLE
		sleep 0.05
	done
	[ "$(sed -n 's/^Cpus_allowed://p' "/proc/${STARTED[-1]}/status")" = "$mask" ]
	kill -KILL "$pid"
	wait "$pid" || true
	[ "$(sed -n 's/^TracerPid:[[:space:]]*//p' "/proc/${STARTED[-1]}/status")" = 0 ]
	[ "$(sed -n 's/^Cpus_allowed://p' "/proc/${STARTED[-1]}/status")" = "$mask" ]
}

# all_taken PID
all_taken() {
	local task
	for task in "/proc/$1/task"/*; do
		lacks '^TracerPid:.0$' "$task/status" || return 1
	done
}

# exec_under ARGUMENT...: truss -p with them on a process of which another thread than the first executes a program
# then. Both end by themselves.
exec_under() {
	local args=() a tracer
	start_target "$STORY" exec-later "$DIR"
	for a in "$@"; do
		a=${a//PID/$TARGET}
		args+=("${a/TID/$(fact tid)}")
	done
	"$TRUSS" -o "$TRACE" "${args[@]}" 3>&- {TARGET_IN}>&- &
	tracer=$!
	STARTED+=("$tracer")
	case $* in
	*/*) wait_for grep -q "^TracerPid:.$tracer$" "/proc/$TARGET/task/${args[-1]#*/}/status" ;;
	*) wait_for all_taken "$TARGET" ;;
	esac
	finish_target
	wait "$tracer"
	is_over "$tracer"
}

@test "-p: another thread than the first executes a program, and has its id from then on" {
	exec_under -p PID
	has_like '^execve\("/proc/self/exe", .*argc = 3$'
	[ "$(grep -c 'execve(' "$TRACE")" = 1 ]
	has_like '^write\(.*, 40\)	+= 40$'
	[ "$(tail -n 1 "$TRACE")" = 'exit_group(0)' ]
	exec_under -f -p PID
	has_like "^$TARGET:	exit_group\(0\)$"
	exec_under -c -p PID
	has_like '^exit_group +\.[0-9]{3} +1$'
	# Only that thread: the first one, which dies by it, was never traced.
	exec_under -p PID/TID
	has_like 'execve\("/proc/self/exe", .*argc = 3$'
	[ "$(tail -n 1 "$TRACE")" = 'exit_group(0)' ]
	# Only the first one: nobody is left to be traced.
	exec_under -p PID/PID
	lacks 'write(' "$TRACE"
}

# as_nobody COMMAND...
as_nobody() {
	exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

# spinners_of PID: the threads of truss beside the one that traces.
spinners_of() {
	find "/proc/$1/task" -mindepth 1 -maxdepth 1 ! -name "$1" -printf '%f\n' 2>/dev/null
}

spin() {
	[ "$(spinners_of "$1" | wc -l)" = 2 ]
}

spins_no_more() {
	[ -z "$(spinners_of "$1")" ]
}

@test "spinners: idle policy, one processor each, no signals; gone with the calls, and with kill -9" {
	local tracer tid mask
	[ "$(nproc)" -gt 1 ] || skip 'one processor'
	chmod 777 "$DIR"
	start_target bash -c 'exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' - "$TARGETS/events" paced
	mask=$(grep -h ^Cpus_allowed: "/proc/$TARGET/task"/*/status)
	as_nobody "$TRUSS" -o /dev/null -p "$TARGET" 3>&- {TARGET_IN}>&- &
	tracer=$!
	STARTED+=("$tracer")
	wait_for grep -q "^TracerPid:.$tracer$" "/proc/$TARGET/status"
	PATIENCE=10 wait_for spin "$tracer" || {
		kill "$tracer"
		skip 'no processor is idle enough'
	}
	# They have settled before they spin.
	idle() { [ "$(the_policies "$tracer")" = 5 ]; }
	wait_for idle
	for tid in $(spinners_of "$tracer"); do
		grep -q '^SigBlk:.fffffffe7ffbfeff$' "/proc/$tracer/task/$tid/status"
		grep -qE '^Cpus_allowed_list:.[0-9]+$' "/proc/$tracer/task/$tid/status"
	done
	[ "$(grep -h ^Cpus_allowed: "/proc/$TARGET/task"/*/status)" = "$mask" ]
	kill -STOP "$TARGET"
	wait_for spins_no_more "$tracer"
	kill -CONT "$TARGET"
	if PATIENCE=10 wait_for spin "$tracer"; then
		kill -KILL "$tracer"
		wait "$tracer" || true
		[ ! -e "/proc/$tracer" ]
		[ -z "$(spinners_of "$tracer")" ]
	fi
	kill -KILL "$tracer" 2>/dev/null || true
	[ "$(grep -h ^Cpus_allowed: "/proc/$TARGET/task"/*/status)" = "$mask" ]
	grep -q '^TracerPid:.0$' "/proc/$TARGET/status"
	finish_target
}

@test "-p of many processes: each line says whose it is; some end, the others go on" {
	local pids=() pid tracer
	for _ in 1 2 3; do
		sh -c 'while sleep 0.1; do :; done' 3>&- &
		pids+=($!)
		STARTED+=($!)
	done
	"$TRUSS" -o "$TRACE" -p "${pids[@]}" 3>&- &
	tracer=$!
	STARTED+=("$tracer")
	for pid in "${pids[@]}"; do wait_for grep -q "^$pid:	wait4(" "$TRACE"; done
	kill -KILL "${pids[0]}"
	wait_for grep -q "^${pids[0]}:	    \*\*\* process killed \*\*\*$" "$TRACE"
	pid=$(grep -c "^${pids[2]}:" "$TRACE")
	more() { [ "$(grep -c "^${pids[2]}:" "$TRACE")" -gt "$pid" ]; }
	wait_for more
	lacks '^[^0-9]' "$TRACE"
	kill "$tracer"
	wait "$tracer"
	kill "${pids[1]}" "${pids[2]}"
}

# truss(1), CAVEATS. If a kernel no longer does that, the page is to say so.
@test "what a signal that does nothing cuts short is cut short by any tracer: a long write to a pipe" {
	"$STORY" long-write >"$DIR/out"
	grep -qx 'written=1048576' "$DIR/out"
	trace "$STORY" long-write
	grep -qx 'written=65536' "$DIR/out"
	has_like '^write\(.*, 1048576\)	+= 65536$'
	has_like 'Received signal #17, SIGCHLD.* \[default\]'
	strace -o "$DIR/strace" "$STORY" long-write >"$DIR/out"
	grep -qx 'written=65536' "$DIR/out"
}

@test "a signal that does nothing to a program interrupts no call of it" {
	local variant
	for variant in '' .32; do
		trace "$STORY$variant" discarded
		grep -qx 'returned=1' "$DIR/out"
		has_like 'Received signal #17, SIGCHLD.* \[default\]'
		has_like '^epoll_wait\(.*= 1$'
	done
}

# The number at the beginning of a file.
count_in() {
	od -An -tu4 -N4 "$1"
}

has_moved() {
	[ "$(count_in "$1")" != "$2" ]
}

# A thread that executes a program waits until the tracer has seen the others dead; and the tracer, who takes one after the
# other, for that program.
@test "-p of a process whose threads execute programs all the time: it is not held up" {
	local tracer
	start_target "$TARGETS/execs" "$DIR/count" 30
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		"$TRUSS" -o "$DIR/out" -p "$TARGET" 3>&- &
		tracer=$!
		sleep 0.3
		wait_for has_moved "$DIR/count" "$(count_in "$DIR/count")"
		kill -TERM "$tracer"
		wait "$tracer" || true
		wait_for has_moved "$DIR/count" "$(count_in "$DIR/count")"
	done
	finish_target
}
