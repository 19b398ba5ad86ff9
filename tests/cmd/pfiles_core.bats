#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pfiles on core files: what they tell, and what the journal has kept.

bats_require_minimum_version 1.5.0
load ../lib/target

setup() {
	target_setup
	cd "$DIR" || return
	# Cores lie in the working directory, or somebody else takes them.
	[ "$(cat /proc/sys/kernel/core_pattern)" = core ] || skip "cores are not written here"
}

teardown() {
	cd /
	target_teardown
}

# make_core COMMAND...: a core of it in $DIR/core, its pid in $PID.
make_core() {
	bash -c 'ulimit -c unlimited; "$@" < <(sleep 2) & echo $! >pid; sleep 0.3; kill -ABRT $!; wait' - "$@" 2>/dev/null || true
	PID=$(cat pid)
	[ -f core ] || skip "cores are not written here"
}

@test "a core file: its process, and a sentence about descriptors" {
	make_core sleep 100
	run --separate-stderr "$PFILES" core
	[ "$status" = 0 ]
	[ "${lines[0]}" = "core 'core' of $PID:"$'\t'"sleep 100" ]
	[[ ${lines[1]} == "  [a core file tells nothing of descriptors; "* ]]
	"$PFILES" -j "$DIR/core" >json
	[ "$(jq -c '[.core, .pid, .command, .descriptors]' json)" = "[\"$DIR/core\",$PID,\"sleep 100\",[]]" ]
	[ "$(jq -r .descriptors_unknown json)" != null ]
}

@test "the core file of a 32-bit program" {
	mkdir files
	# By a short name: a core holds no more than 79 bytes of the command.
	cp "$TARGETS/kinds.32" narrow
	make_core ./narrow "$DIR/files"
	run "$PFILES" core
	[ "${lines[0]}" = "core 'core' of $PID:"$'\t'"./narrow $DIR/files" ]
}

@test "files that are no cores: a reason, and the next operand" {
	make_core sleep 100
	head -c 300 core >short
	printf '\177ELF\2\1\1' >torn
	cp "$PFILES" program
	for file in short torn program /etc/passwd; do
		run --separate-stderr "$PFILES" "$file" core
		[ "$status" = 1 ]
		# shellcheck disable=SC2154 # set by run
		[ "$stderr" = "pfiles: neither a process nor a core file: $file" ]
		[ "${lines[0]}" = "core 'core' of $PID:"$'\t'"sleep 100" ]
	done
}

# An entry of the journal as systemd-coredump(8) makes it, in the format of systemd.journal-fields(7).
export_entry() {
	local list
	list=$(printf '0:/dev/null\npos:\t0\nflags:\t0100002\nmnt_id:\t24\n\n3:%s\npos:\t17\nflags:\t02100001\nmnt_id:\t27\n\n4:socket:[123]\npos:\t0\nflags:\t02\nmnt_id:\t9\n\nx' \
		$'/tmp/a \033file')
	list=${list%x}
	printf '__REALTIME_TIMESTAMP=1700000000000000\n__MONOTONIC_TIMESTAMP=1000\n'
	printf '_BOOT_ID=0123456789abcdef0123456789abcdef\nMESSAGE=a core\n%s\nCOREDUMP_OPEN_FDS\n' "$1"
	printf '%b' "$(printf '\\x%02x\\x%02x\\0\\0\\0\\0\\0\\0' $((${#list} & 255)) $((${#list} >> 8)))"
	printf '%s\n\n' "$list"
}

# in_journal FIELDS COMMAND...: the command with a journal that has one such entry.
in_journal() {
	rm -rf log
	mkdir -p log/journal
	export_entry "$1" >entry
	/lib/systemd/systemd-journal-remote --output="$DIR/log/journal/test.journal" entry >/dev/null 2>&1
	shift
	# shellcheck disable=SC2016 # for the other shell
	unshare -m bash -c 'mount --bind "$0" /var/log; exec "$@"' "$DIR/log" "$@"
}

@test "the journal's list of a core's descriptors: by its path, and by its attributes when it was moved" {
	[ "$(id -u)" = 0 ] || skip "needs root for a namespace"
	unshare -m true || skip "no mount namespaces here"
	[ -x /lib/systemd/systemd-journal-remote ] || skip "no systemd-journal-remote"
	make_core sleep 100
	in_journal "COREDUMP_FILENAME=$DIR/core" "$PFILES" core >out
	diff -u - out <<-END
		core 'core' of $PID:	sleep 100
		   0: (not known: type, device, inode, owner: the process has ended)
		      O_RDWR|O_LARGEFILE
		      /dev/null
		      offset:0
		   3: (not known: type, device, inode, owner: the process has ended)
		      O_WRONLY|O_LARGEFILE FD_CLOEXEC
		      /tmp/a \\x1bfile
		      offset:17
		   4: (not known: type, device, inode, owner: the process has ended)
		      O_RDWR
		      socket:[123]
	END
	in_journal "COREDUMP_FILENAME=$DIR/core" "$PFILES" -j -p 3 core >json
	[ "$(jq -c '.descriptors | map([.fd, .offset, .cloexec, .flags])' json)" = '[[3,17,true,["O_WRONLY","O_LARGEFILE"]]]' ]
	mv core moved
	in_journal "COREDUMP_FILENAME=$DIR/core" "$PFILES" moved >out
	grep -q 'tells nothing of descriptors' out
	python3 - "$PID" <<-END || skip "no attributes in this file system"
		import os, sys
		os.setxattr("moved", "user.coredump.pid", sys.argv[1].encode())
		os.setxattr("moved", "user.coredump.timestamp", b"1700000000000000")
	END
	in_journal "COREDUMP_PID=$PID"$'\n'COREDUMP_TIMESTAMP=1700000000000000 "$PFILES" moved >out
	grep -qx '   3: .*' out
}
