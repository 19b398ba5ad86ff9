# SPDX-License-Identifier: MIT
# What all of the load tests use: results, ports, processes, and pfiles' output compared with /proc.

# --- results -----------------------------------------------------------------------------------------

failures=0
passes=0
skips=0

# result STATUS WORDS...: counts a check. Shown if it failed, or under --tap.
result() {
	local status=$1
	shift
	if [ "$status" = 0 ]; then
		passes=$((passes + 1))
		[ -z "${TAP-}" ] || echo "ok - $*"
	else
		failures=$((failures + 1))
		echo "not ok - $*"
	fi
	return "$status"
}

skip() {
	skips=$((skips + 1))
	echo "ok - $1 # SKIP $2"
}

note() {
	printf '%s\n' "$@" | cut -c1-300 | sed 's/^/# /'
}

# same WHAT WANT GOT
same() {
	[ "$2" = "$3" ]
	result $? "$1" || note "expected: $2" "found:    $3"
}

# none WHAT TEXT: the text must be empty.
none() {
	[ -z "$2" ]
	result $? "$1" || note "$2"
}

# --- processes and ports -------------------------------------------------------------------------------

# A port of the loopback where nobody listens, below those that connect() takes.
free_port() {
	local port
	while port=$((15000 + RANDOM % 16000)); do
		(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo $port
}

# await SECONDS COMMAND...: until the command succeeds.
await() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

listens() {
	(: <"/dev/tcp/127.0.0.1/$1")
}

# tree PID...: these and all their descendants, as far as they still are. (awk would give up at the first
# process that ends meanwhile.)
tree() {
	cat /proc/[0-9]*/stat 2>/dev/null | awk -v roots="$*" '
		{
			pid = $1
			sub(/^.*\) /, "")
			parent[pid] = $2
		}
		END {
			n = split(roots, list, " ")
			for (i = 1; i <= n; i++)
				for (p in parent)
					if (parent[p] == list[i])
						list[++n] = p
			for (i = 1; i <= n; i++)
				if (list[i] in parent)
					print list[i]
		}'
}

# Ends processes and all their descendants for certain: the list is made before the first of them ends.
end_trees() {
	local list left round pid
	mapfile -t list < <(tree "$@")
	for round in {1..100}; do
		left=()
		for pid in "${list[@]}"; do
			case $(state "$pid") in
			'' | Z) ;;
			*) left+=("$pid") ;;
			esac
		done
		[ ${#left[@]} -gt 0 ] || return 0
		[ "$round" = 1 ] && kill -TERM "${left[@]}"
		[ "$round" -gt 60 ] && kill -KILL "${left[@]}"
		sleep 0.05
	done 2>/dev/null
	return 1
}

# status WORD PID [TID]
status_of() {
	awk -v w="$1:" '$1 == w { print $2 }' "/proc/$2/task/${3:-$2}/status" 2>/dev/null
}

ended() {
	case $(state "$1") in
	'' | Z) return 0 ;;
	*) return 1 ;;
	esac
}

state() {
	status_of State "$1"
}

# What an inspection could leave behind in a process: shared anonymous memory, which the agent maps, unnamed
# memory with code, a thread, a blocked signal, a stop, a tracer.
traces() {
	local pid=$1 tid
	[ -d "/proc/$pid" ] || return
	printf 'pid %s zero %s' "$pid" "$(grep -c '/dev/zero (deleted)' "/proc/$pid/maps")"
	# A compiler of its own makes such memory whenever it likes.
	[ -n "${JIT-}" ] || printf ' code %s' "$(awk 'NF == 5 && $2 ~ /x/' "/proc/$pid/maps" | wc -l)"
	printf ' threads'
	if [ -n "${THREADS-}" ]; then
		cat "/proc/$pid/task"/*/status 2>/dev/null | awk '/^(TracerPid|SigBlk):/ { print $2 } $1 == "State:" && /[Tt]/' |
			sort -u | tr '\n' ' '
		echo
		return
	fi
	for tid in "/proc/$pid/task"/*; do
		tid=${tid##*/}
		# An allocator's, which it makes when it likes.
		[ "$(cat "/proc/$pid/task/$tid/comm" 2>/dev/null)" != jemalloc_bg_thd ] || continue
		printf ' %s' "$(status_of TracerPid "$pid" "$tid")" "$(status_of SigBlk "$pid" "$tid")"
		case $(status_of State "$pid" "$tid") in
		T | t) printf ' stopped' ;;
		esac
	done
	echo
}

# Where each thread of these is, and what of the agent's is mapped: to see what was left behind.
where() {
	local pid task
	for pid; do
		for task in "/proc/$pid/task"/*; do
			note "$task $(cat "$task/comm" "$task/wchan" "$task/syscall" 2>&1 | tr '\n' ' ')$(grep -E \
				'^(State|SigPnd|SigBlk|TracerPid):' "$task/status" 2>&1 | tr '\n\t' '  ')"
		done
		note "$(grep -E '/dev/zero|\[vdso' "/proc/$pid/maps" 2>&1)"
	done
}

# Number of unnamed mappings; the allocator makes some, a leak with each run would make thousands.
unnamed() {
	awk 'NF == 5' "/proc/$1/maps" 2>/dev/null | wc -l
}

# --- pfiles' words -------------------------------------------------------------------------------------

# facts PID: pfiles, each descriptor as one line of fields with a | after each.
facts() {
	"$PFILES" "$1" | awk '
		/^ *[0-9]+: / { if (n++) print ""; sub(/^ */, ""); printf "%s|", $0; next }
		n { sub(/^[ \t]*/, ""); printf "%s|", $0 }
		END { if (n) print "" }'
}

# against_proc PID FACTS: every descriptor that /proc has is there, with its inode or path, and no other.
# Prints what is not so.
against_proc() {
	local fd target
	for fd in "/proc/$1/fd"/*; do
		target=$(readlink "$fd") && printf '%s\t%s\t%s\n' "${fd##*/}" "$(stat -L -c %i "$fd")" "$target"
	done | FACTS=$2 awk -F '\t' '
		BEGIN {
			n = split(ENVIRON["FACTS"], line, "\n")
			for (i = 1; i <= n; i++)
				fact[line[i] + 0] = line[i]
		}
		{
			seen[$1] = 1
			f = fact[$1]
			if (f == "")
				print $1 " is missing: " $3
			else if (!index(f, " ino:" $2 " "))
				print $1 " has not inode " $2 ": " f
			else if ($3 ~ /^socket:/ ? f !~ /^[0-9]+: S_IFSOCK .*\|SOCK_/ : !index(f, "|" $3 "|"))
				print $1 " is not " $3 ": " f
		}
		END {
			for (fd in fact)
				if (!(fd in seen))
					print "a descriptor too many: " fact[fd]
		}'
}

# What lsfd, lslocks and ss say otherwise of an idle process. It may do something by itself meanwhile, so a difference
# has to be there twice.
against_peers() {
	local first
	first=$(python3 "$HERE/peers.py" "$PFILES" "$1")
	[ -z "$first" ] || comm -12 <(sort <<<"$first") <(python3 "$HERE/peers.py" "$PFILES" "$1" | sort)
}

# truth_of WHAT PID: all of the above once, for a process that is idle.
truth_of() {
	local f open wrong
	# It may do something by itself meanwhile, save what it has, say.
	for _ in {1..5}; do
		f=$(facts "$2") open=$(find "/proc/$2/fd" -mindepth 1 | wc -l) wrong=$(against_proc "$2" "$f")
		[ "$open" != "$(grep -c . <<<"$f")" ] || [ -n "$wrong" ] || break
		sleep 1
	done
	same "$1: as many descriptors as in /proc" "$open" "$(grep -c . <<<"$f")"
	none "$1: type, inode and path as in /proc" "$wrong"
	none "$1: as lsfd, lslocks and ss have it" "$(against_peers "$2")"
}

# has WHAT FACTS REGEX...: one and the same descriptor has all of these.
has() {
	local what=$1 facts=$2 lines=$2 regex
	shift 2
	for regex; do
		lines=$(grep -E -e "$regex" <<<"$lines")
	done
	[ -n "$lines" ]
	result $? "$what" || note "no descriptor with: $*" "$facts"
}

listening() {
	has "$1: listens on port $3" "$2" '\|[^|]*SO_ACCEPTCONN' "\\|sockname: AF_INET 127\\.0\\.0\\.1  port: $3\\|"
}

connected() {
	has "$1: its client's port is $3" "$2" "\\|peername: AF_INET 127\\.0\\.0\\.1  port: $3\\|"
}

# The port of this shell's own end of descriptor FD, as the kernel has it.
own_port() {
	local socket
	socket=$(readlink "/proc/$BASHPID/fd/$1")
	awk -v i="${socket//[^0-9]/}" '$10 == i { sub(/.*:/, "", $2); print $2 }' /proc/net/tcp |
		while read -r hex; do echo $((16#$hex)); done
}
