#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# truss and strace tell the same: call, result and path, thread by thread. What need not agree is listed, with the
# reasons, in tests/lib/truth.allowed.

# shellcheck disable=SC2030,SC2031 # each test is a shell of its own

bats_require_minimum_version 1.5.0
load ../lib/target

setup() {
	target_setup
	command -v strace python3 >/dev/null || skip 'no strace or no python3'
	TRUTH=("$BATS_TEST_DIRNAME/../lib/truth.py" "$BATS_TEST_DIRNAME/../lib/truth.allowed")
}

teardown() {
	target_teardown
}

# same_story COMMAND...: both tools on it, in folders that look alike (@ is its path).
same_story() {
	run_both "$@"
	python3 "${TRUTH[0]}" "${TRUTH[1]}" "$DIR/truss" "$DIR/strace"
}

run_both() {
	local ours=0 theirs=0
	mkdir -p "$DIR/work"
	rm -f "$DIR"/strace.* "$DIR/truss"
	timeout --foreground "$PATIENCE" "$TRUSS" -f -j -o "$DIR/truss" "${@//@/$DIR/work}" >"$DIR/out.ours" 2>&1 \
		3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- || ours=$?
	timeout --foreground "$PATIENCE" strace -f -ff -s 4096 -o "$DIR/strace" "${@//@/$DIR/work}" >"$DIR/out.theirs" \
		2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- || theirs=$?
	[ "$ours" = "$theirs" ]
}

# All families of calls, and at least as many calls as there must be.
each_family() {
	local mode
	for mode in $("$TARGETS/deeds"); do
		echo "$mode"
		same_story "$TARGETS/deeds$1" "$mode" @
	done
}

@test "a program for each family of calls" {
	each_family ''
}

@test "the same, static" {
	each_family .static
}

@test "the same, 32-bit" {
	each_family .32
}

@test "children, threads, faults, and an exec by another thread than the first" {
	local variant mode
	for variant in '' .32; do
		for mode in 'forks 3' vforks 'threads 1 30' fault confined; do
			# shellcheck disable=SC2086 # a mode and its arguments
			same_story "$TARGETS/story$variant" $mode
		done
	done
}

# The first run, by nobody, leaves behind what the next ones find.
# shellcheck disable=SC2016 # for the shell inside
@test "real programs: ls, find, tar, git, gcc, python3, pipes" {
	ls -la /etc >/dev/null
	same_story ls -la /etc
	same_story find /usr/include/linux -name 's*.h'
	tar cf "$DIR/x.tar" -C /usr/include linux
	same_story tar cf "$DIR/x.tar" -C /usr/include linux
	same_story sh -c 'for i in 1 2 3; do (echo $i | cat | tr 1 a); done; exit 3'
	echo 'int main(void) { return 0; }' >"$DIR/small.c"
	"${CC:-gcc}" -S -o "$DIR/small.s" "$DIR/small.c"
	same_story "${CC:-gcc}" -S -o "$DIR/small.s" "$DIR/small.c"
	PYTHONDONTWRITEBYTECODE=1 same_story "$(python3 -c 'import sys; print(sys.executable)')" -S -c 'import json; print(json.dumps([1, 2]))'
}

@test "git status" {
	command -v git >/dev/null || skip 'no git'
	git init -q "$DIR/repo"
	echo a >"$DIR/repo/a"
	git -C "$DIR/repo" add a
	echo b >"$DIR/repo/b"
	sleep 1.1 # a file as young as the index is looked into again
	git -C "$DIR/repo" status >/dev/null
	same_story git -C "$DIR/repo" status
}

# answers PORT: somebody listens there.
answers() {
	(: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

free_port() {
	PORT=$((15000 + RANDOM % 16000))
	while answers "$PORT"; do PORT=$((15000 + RANDOM % 16000)); done
}

@test "a client of a server" {
	command -v curl >/dev/null || skip 'no curl'
	free_port
	# It answers with one write: how many reads that takes is not chance.
	python3 -c '
import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    c = s.accept()[0]
    if c.recv(4096):
        c.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")
    c.close()
' "$PORT" 3>&- &
	STARTED+=($!)
	wait_for answers "$PORT"
	run_both curl -s "http://127.0.0.1:$PORT/file"
	[ "$(cat "$DIR/out.ours")" = hello ]
	# How often it looks whether there is something is chance.
	python3 "${TRUTH[0]}" "${TRUTH[1]}" "$DIR/truss" "$DIR/strace" \
		openat,newfstatat,socket,connect,sendto,recvfrom,setsockopt,getsockopt,getsockname,write,mmap,munmap
}

# same_service CALLS LOAD...: both tools attached to the processes in PIDS, one after the other, while LOAD runs.
same_service() {
	local calls=$1 pid tracer args=()
	shift
	traced() {
		for pid in "${PIDS[@]}"; do
			[ "$(sed -n 's/^TracerPid:[[:space:]]*//p' "/proc/$pid/status")" != 0 ] || return 1
		done
	}
	timeout --foreground 60 "$TRUSS" -f -j -o "$DIR/truss" -p "${PIDS[@]}" 3>&- &
	tracer=$!
	STARTED+=("$tracer")
	wait_for traced
	sleep 0.5 # those that sleep in a call that must not be interrupted are waited for
	"$@"
	kill "$tracer"
	wait "$tracer"
	for pid in "${PIDS[@]}"; do args+=(-p "$pid"); done
	timeout --foreground 60 strace -f -ff -s 4096 -o "$DIR/strace" "${args[@]}" 2>"$DIR/strace.said" 3>&- &
	tracer=$!
	STARTED+=("$tracer")
	wait_for traced
	sleep 0.5
	"$@"
	kill "$tracer"
	wait "$tracer" || true
	python3 "${TRUTH[0]}" "${TRUTH[1]}" "$DIR/truss" "$DIR/strace" "$calls"
}

@test "nginx under load, attached to" {
	command -v nginx >/dev/null || skip 'no nginx'
	free_port
	mkdir "$DIR/www"
	head -c 900 /dev/zero | tr '\0' x >"$DIR/www/file"
	cat >"$DIR/conf" <<-EOF
		$([ "$(id -u)" != 0 ] || echo 'user nobody nogroup;')
		daemon off; pid $DIR/pid; worker_processes 2; error_log $DIR/error.log warn;
		events { worker_connections 64; }
		http { access_log off; sendfile on; client_body_temp_path $DIR/b; proxy_temp_path $DIR/p;
			fastcgi_temp_path $DIR/f; uwsgi_temp_path $DIR/u; scgi_temp_path $DIR/s;
			server { listen 127.0.0.1:$PORT; root $DIR/www; } }
	EOF
	nginx -p "$DIR" -e "$DIR/error.log" -c "$DIR/conf" 3>&- &
	STARTED+=($!)
	wait_for answers "$PORT"
	mapfile -t PIDS < <(pgrep -P "${STARTED[-1]}")
	STARTED=("${PIDS[@]}" "${STARTED[@]}") # workers outlive a master that is killed
	PIDS+=("${STARTED[-1]}")
	same_service accept4,recvfrom,openat,fstat,newfstatat,sendfile,writev \
		python3 "$BATS_TEST_DIRNAME/../lib/requests.py" "$PORT" /file 4 60
	grep -q '"name":"sendfile".*"result":900' "$DIR/truss"
	[ ! -s "$DIR/error.log" ]
}

@test "redis under load, attached to" {
	command -v redis-check-rdb redis-benchmark >/dev/null || skip 'no redis'
	free_port
	(cd "$DIR" && exec -a redis-server redis-check-rdb --port "$PORT" --bind 127.0.0.1 --save '' >"$DIR/log" 3>&-) &
	STARTED+=($!)
	wait_for answers "$PORT"
	PIDS=("${STARTED[-1]}")
	[ "$(tr '\0' ' ' <"/proc/${PIDS[0]}/cmdline" | cut -c1-12)" = redis-server ]
	# Its own statistics, which it reads now and then, are longer.
	same_service 'accept4,read<200,write' redis-benchmark -h 127.0.0.1 -p "$PORT" -n 300 -c 4 -t set,get --csv
}
