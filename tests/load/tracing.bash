# SPDX-License-Identifier: MIT
# The same daemons with truss attached to all of their processes, again and again, while they serve. Sourced by `run`.

# trace_again TERM|KILL PID: until SIGTERM, `truss -f` on the tree under PID, for up to three tenths of a second each,
# which that signal ends. Counters as the prober has them; `lines` is how many truss wrote in all.
trace_again() {
	local how=$1 root=$2 runs=0 lines=0 over='' pid pids
	trap 'over=yes' TERM
	: >"$DIR/truss.said"
	until [ -n "$over" ]; do
		mapfile -t pids < <(tree "$root")
		"$TRUSS" -f -o "$DIR/truss" -p "${pids[@]}" 2>>"$DIR/truss.said" 8>&- 9>&- &
		pid=$!
		sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
		kill "-$how" "$pid" 2>/dev/null
		# Interrupted by our own SIGTERM: once more.
		wait "$pid" || wait "$pid"
		lines=$((lines + $(wc -l <"$DIR/truss")))
		runs=$((runs + 1))
	done 2>/dev/null
	echo "runs $runs"
	echo "lines $lines"
	# Who has ended meanwhile is told, and that is no complaint.
	grep -vE ': (no such process|zombie process|process has exited): ' "$DIR/truss.said" | sort | uniq -c | head -5 | sed 's/^ */bad /'
}

# traced_phase NAME traced|slain SECONDS: the load, while truss comes and goes.
traced_phase() {
	local name=$1 what=$2 how=TERM tracer requests failed longest start took
	[ "$what" = traced ] || how=KILL
	# Once more if no truss has come and gone in that time.
	for _ in 1 2 3; do
		trace_again $how "$DAEMON" >"$DIR/probe.$what" &
		tracer=$!
		start=${EPOCHREALTIME/[.,]/}
		"${name}_load" "$3" >"$DIR/load" 2>"$DIR/load.err" 8>&- 9>&-
		took=$((${EPOCHREALTIME/[.,]/} - start))
		read -r requests failed longest <"$DIR/load" || requests=0 failed=1 longest=-
		kill -TERM $tracer
		wait $tracer
		if [ "$failed" != 0 ] || [ "$(counter runs "$what")" -gt 0 ]; then
			break
		fi
	done
	[ "$(counter runs "$what")" -gt 0 ] && [ "$(counter lines "$what")" -gt 0 ]
	result $? "$name, $what: $(counter runs "$what") runs of truss, $(counter lines "$what") lines"
	none "$name, $what: truss had nothing to complain of" "$(grep '^bad ' "$DIR/probe.$what")"
	[ "$failed" = 0 ] && [ "$requests" -gt 0 ]
	result $? "$name, $what: $requests requests, $failed failed" || note "$(head -20 "$DIR/load.err")"
	rows+=("$name|$what|$requests|$failed|$longest|$(awk -v n="$requests" -v t=$took -v alone="$alone_rate" \
		'BEGIN { printf "%.2f", n / t / alone }')|$(counter runs "$what")|||||||")
}
