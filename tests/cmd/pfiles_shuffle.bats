#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A process that puts other files under its numbers all the time: every fact that is told of one descriptor is of
# one file, on the page and in JSON, notes and far ends included.

load ../lib/target

setup() {
	target_setup
	mkdir "$DIR/files"
}

teardown() {
	target_teardown
}

# Numbers that change are of no interest where they are told as those of another file's ends and twins.
ways=("" -b -H)

# judge_json ARGUMENT...: of the victim.
judge_json() {
	local seen=0 options
	start_target "$TARGETS/shuffle" "$DIR/files" "$@"
	for _ in {1..40}; do
		for options in "${ways[@]}"; do
			# shellcheck disable=SC2086 # may be nothing
			"$PFILES" $options -js "$TARGET" 2>>"$DIR/err"
		done
	done >"$DIR/out"
	jq -c '
		def stays: . >= 30;
		def plain: del(.fd, .same_open_file, .end, .unknown.far_end)
			| (if .unknown == {} then del(.unknown) else . end)
			| (if .socket then del(.socket.unknown, .socket.receive_queue, .socket.send_queue,
				.socket.far_end, .socket.far_end_closed, .socket.tcp, .socket.timer, .socket.congestion)
				else . end);
		def ends: [(.end // [] | .[] | select(.fd | stays) | select(.access != "read" ) | .fd),
			(.socket.far_end // [] | .[].fd | select(stays))];
		(.descriptors | map(select((.fd | stays) and .fd < 40))) as $files
		| .descriptors[] | select(.fd >= 10 and .fd <= 12 and (.changed | not))
		| . as $d | [$files[] | select(plain == ($d | plain))] as $same
		| ($same[0] // null) as $file
		| {fd, file: $file.fd, other: (if $file then null else $d end),
			twins: [.same_open_file.fd // [] | .[] | select(stays and . != $file.fd)],
			ends: (ends - ($file // {} | ends) - [$file.fd]), gone: ($d.socket.far_end_closed // false)}' \
		"$DIR/out" >"$DIR/judged"
	jq -c 'select(.file == null or .twins != [] or .ends != [] or .gone)' "$DIR/judged" >"$DIR/mixed"
	head -5 "$DIR/mixed"
	[ ! -s "$DIR/mixed" ]
	# And it has seen all of them, each under each number.
	seen=$(jq -c '.file' "$DIR/judged" | sort -u | wc -l)
	echo "# $(wc -l <"$DIR/judged") blocks of $seen files" >&3
	[ "$seen" -ge 8 ]
	finish_target
}

# judge_page ARGUMENT...: of the victim.
judge_page() {
	local options
	start_target "$TARGETS/shuffle" "$DIR/files" "$@"
	for _ in {1..40}; do
		for options in "${ways[@]}"; do
			# shellcheck disable=SC2086 # may be nothing
			"$PFILES" $options -s "$TARGET" 2>>"$DIR/err"
		done
	done >"$DIR/out"
	# Of each page: blocks of the files that stay, then those of the numbers that change.
	awk '
		function keep() {
			if (fd >= 30 && fd < 40) stays[block] = 1
			if (fd >= 10 && fd <= 12) changes[++n] = block
			block = ""; fd = -1
		}
		function judge(  i) {
			keep()
			for (i = 1; i <= n; i++) {
				if (changes[i] ~ /changed while it was being looked at/) continue
				print (changes[i] in stays ? "same" : "other:" changes[i])
			}
			n = 0; split("", stays)
		}
		/^[0-9]+:\t/ { judge(); next }
		/^ *[0-9]+: / { keep(); fd = $1 + 0; sub(/^ *[0-9]+: /, "") }
		/^      (end|same-open-file) / || /^\t(state|timer|congestion|rtt|mss|retransmits|far end): / ||
			/not known: (queues|far end)/ { next }
		fd >= 0 { block = block $0 "\\n" }
		END { judge() }' "$DIR/out" >"$DIR/judged"
	grep '^other' "$DIR/judged" | sort | uniq -c | head -5
	lacks '^other' "$DIR/judged"
	[ "$(grep -c '^same' "$DIR/judged")" -ge 50 ]
	finish_target
}

@test "JSON: what is told of a number that changes is told of a file that stays" {
	judge_json
}

@test "on the page, too" {
	judge_page
}

@test "JSON, where no agent is needed" {
	judge_json plain
	lacks agent "$DIR/err"
}

@test "on the page, where no agent is needed" {
	judge_page plain
	lacks agent "$DIR/err"
}
