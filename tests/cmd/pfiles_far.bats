#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Who has the other ends of pipes, FIFOs and terminals: how far is searched, and what is said where it is not.

load ../lib/target

setup() {
	target_setup
}

teardown() {
	target_teardown
}

# In $DIR/out, of one descriptor.
ends_of() {
	awk -v fd="$1:" '/^ *[0-9]+: / { show = $1 == fd } show && /^      (end|.not known: far end)/' "$DIR/out"
}

for_nobody() {
	[ "$(id -u)" = 0 ] || skip "only root can become another user"
	cp "$PFILES" "$DIR"
	AS_NOBODY=(setpriv --reuid=65534 --regid=65534 --clear-groups)
}

@test "a process with very many descriptors is searched with -a, or when nobody else has the far end" {
	local writer reader many fd
	mkfifo "$DIR/fifo"
	# At its end: the first descriptors of every process are searched.
	start_target python3 -c 'import os, sys
for _ in range(2200): os.dup(0)
print(f"fd={os.open(sys.argv[1], os.O_RDWR)}\nready", flush=True)
sys.stdin.read()' "$DIR/fifo"
	many=$TARGET fd=$(fact fd)
	# shellcheck disable=SC2217 # they only have it open
	sleep 1000 <"$DIR/fifo" >/dev/null &
	reader=$!
	# shellcheck disable=SC2217
	sleep 1000 </dev/null >"$DIR/fifo" &
	writer=$!
	STARTED+=("$reader" "$writer")
	wait_for grep -qx sleep "/proc/$reader/comm"
	wait_for grep -qx sleep "/proc/$writer/comm"
	"$PFILES" -p 1 "$writer" >"$DIR/out"
	[ "$(ends_of 1)" = "      end process:sleep[$reader] fd:0 access:read" ]
	grep -qx '  \[far ends: [0-9]* process\(es\)\? with [0-9]* descriptors not searched; -a does\]' "$DIR/out"
	"$PFILES" -j -p 1 "$writer" | jq -e '.far_ends_unsearched | .processes > 0 and .descriptors > 2000'
	"$PFILES" -a -p 1 "$writer" >"$DIR/out"
	ends_of 1 | grep -qx "      end process:python3\[$many\] fd:$fd access:read-write"
	ends_of 1 | grep -qx "      end process:sleep\[$reader\] fd:0 access:read"
	lacks 'not searched' "$DIR/out"
	"$PFILES" -j -a -p 1 "$writer" | jq -e 'has("far_ends_unsearched") | not'
	kill "$reader"
	wait "$reader" || true
	"$PFILES" -p 1 "$writer" >"$DIR/out"
	[ "$(ends_of 1)" = "      end process:python3[$many] fd:$fd access:read-write" ]
	lacks 'not searched' "$DIR/out"
}

@test "ends in the hands of a process that may not be looked into: a line, and in JSON" {
	for_nobody
	mkfifo -m 666 "$DIR/fifo"
	exec {write}<>"$DIR/fifo"
	# shellcheck disable=SC2016 # for the other shell
	start_target "${AS_NOBODY[@]}" bash -c 'exec 7<"$0"; eval "exec $1<&-"; echo ready; read -r _' "$DIR/fifo" "$write"
	"${AS_NOBODY[@]}" "$DIR/pfiles" "$TARGET" >"$DIR/out"
	grep -qx '  \[far ends: [0-9]* process\(es\)\? may not be looked into\]' "$DIR/out"
	for fd in 0 7; do
		[ "$(ends_of $fd)" = "      (not known: far end: permission denied)" ]
	done
	"${AS_NOBODY[@]}" "$DIR/pfiles" -j "$TARGET" | jq -e '.far_ends_hidden > 0 and
		([.descriptors[] | select(.fd == 0 or .fd == 7) | .unknown] ==
			[{"far_end": "permission denied"}, {"far_end": "permission denied"}])'
	"$PFILES" "$TARGET" >"$DIR/out"
	ends_of 7 | grep -q "^      end process:.* fd:$write access:read-write$"
	exec {write}<&-
}
