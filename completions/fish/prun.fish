# SPDX-License-Identifier: MIT
# fish completion for prun(1): options, and process ids with their names.

complete -c prun -f
complete -c prun -s r -d 'The descendants too, children first'
complete -c prun -x -s t -d 'How long to wait for each to run'
complete -c prun -s h -d 'Show help'
complete -c prun -s V -d 'Show the version'
complete -c prun -a '(__fish_complete_pids)' -d Process
