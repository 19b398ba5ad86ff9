# SPDX-License-Identifier: MIT
# fish completion for pstop(1): options, process ids, and thread ids behind a process, with their names.

function __fish_pstop_threads
	set -l begun (string match -r '^([0-9]+)/([0-9,-]*[,-])?' -- (commandline -ct))
	or return
	for tid in (path basename /proc/$begun[2]/task/*)
		printf '%s%s\t%s\n' $begun[1] $tid (cat /proc/$begun[2]/task/$tid/comm 2>/dev/null)
	end
end

complete -c pstop -f
complete -c pstop -s r -d 'The descendants too, parents first'
complete -c pstop -x -s t -d 'How long to wait for each to stop'
complete -c pstop -s h -d 'Show help'
complete -c pstop -s V -d 'Show the version'
complete -c pstop -a '(__fish_complete_pids)' -d Process
complete -c pstop -a '(__fish_pstop_threads)' -d Thread
