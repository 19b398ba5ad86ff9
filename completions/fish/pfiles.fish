# SPDX-License-Identifier: MIT
# fish completion for pfiles(1): options, and process ids with their names.

complete -c pfiles -f
complete -c pfiles -s F -d 'A running thread may be stopped'
complete -c pfiles -s H -d 'Stop all threads while looking'
complete -c pfiles -s O -d 'Only what the original shows'
complete -c pfiles -s a -d 'Ask for all options, search all processes for far ends'
complete -c pfiles -s b -d 'Borrow descriptors only, stop nobody'
complete -c pfiles -x -s d -d 'Look twice, so many seconds apart: what differs'
complete -c pfiles -l json -s j -d 'As JSON'
complete -c pfiles -s n -d 'Only the first line of each descriptor'
complete -c pfiles -x -s p -d 'Only these descriptors'
complete -c pfiles -s s -d 'Say how the process was reached and who was stopped'
complete -c pfiles -s h -d 'Show help'
complete -c pfiles -s V -d 'Show the version'
complete -c pfiles -a '(__fish_complete_pids)' -d Process
