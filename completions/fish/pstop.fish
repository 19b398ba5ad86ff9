# SPDX-License-Identifier: MIT
# fish completion for pstop(1): options, and process ids with their names.

complete -c pstop -f
complete -c pstop -s r -d 'The descendants too, parents first'
complete -c pstop -x -s t -d 'How long to wait for each to stop'
complete -c pstop -s h -d 'Show help'
complete -c pstop -s V -d 'Show the version'
complete -c pstop -a '(__fish_complete_pids)' -d Process
