# SPDX-License-Identifier: MIT
# fish completion for pstack(1): options, process ids with their names, and core files.

complete -c pstack -s F -d 'Accepted for the sake of the original'
complete -c pstack -s H -d 'Stop all threads: one exact instant'
complete -c pstack -s a -d 'Arguments of functions'
complete -c pstack -s f -d 'One line for each stack, for flame graphs'
complete -c pstack -l json -s j -d 'As JSON'
complete -c pstack -s k -d 'The kernel part of each stack as well'
complete -c pstack -x -s n -d 'Only so many frames of each thread'
complete -c pstack -s r -d 'Names of functions as the linker has them'
complete -c pstack -s s -d 'Say who was stopped, and for how long'
complete -c pstack -s u -d 'Show a stack that several threads have only once'
complete -c pstack -s v -d 'Files, lines and inlined functions'
complete -c pstack -s h -d 'Show help'
complete -c pstack -s V -d 'Show the version'
complete -c pstack -a '(__fish_complete_pids)' -d Process
