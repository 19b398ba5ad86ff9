# SPDX-License-Identifier: MIT
# fish completion for prun(1): options, process ids, and thread ids behind a process, with their names.

function __fish_prun_threads
	set -l begun (string match -r '^([0-9]+)/([0-9,-]*[,-])?' -- (commandline -ct))
	or return
	for tid in (path basename /proc/$begun[2]/task/*)
		printf '%s%s\t%s\n' $begun[1] $tid (cat /proc/$begun[2]/task/$tid/comm 2>/dev/null)
	end
end

complete -c prun -f
complete -c prun -s r -d 'The descendants too, children first'
complete -c prun -x -s t -d 'How long to wait for each to run'
complete -c prun -s h -d 'Show help'
complete -c prun -s V -d 'Show the version'
complete -c prun -a '(__fish_complete_pids)' -d Process
complete -c prun -a '(__fish_prun_threads)' -d Thread
