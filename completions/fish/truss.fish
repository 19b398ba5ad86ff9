# SPDX-License-Identifier: MIT
# fish completion for truss(1): options, names of calls, signals and faults as the tool knows them, process ids, commands.

# The words of a list behind what is typed of it already.
function __truss_names
    set -l typed (commandline -ct | string replace -r '^-[a-zA-Z]+' '' | string match -rg '^(.*,!?|!?)')
    for name in all (truss --list-$argv[1] 2>/dev/null)
        echo $typed$name
    end
end

complete -c truss -f
complete -c truss -s D -d 'Time since the last line of the thread'
complete -c truss -s E -d 'Time spent in the call'
complete -c truss -s F -d 'Accepted for the sake of the original'
complete -c truss -s M -x -a '(__truss_names faults)' -d 'Faults that leave the process stopped'
complete -c truss -s P -r -F -d 'Only calls that are given such a path'
complete -c truss -s S -x -a '(__truss_names signals)' -d 'Signals that leave the process stopped'
complete -c truss -s T -x -a '(__truss_names calls)' -d 'Calls that leave the process stopped'
complete -c truss -s a -d 'Show the arguments of each program executed'
complete -c truss -s c -d 'Count instead of showing'
complete -c truss -s d -d 'Time since the first line'
complete -c truss -s e -d 'Show the environment of each program executed'
complete -c truss -s f -d 'Follow children'
complete -c truss -s i -d 'Do not show calls while they sleep'
complete -c truss -s j -l json -d 'One JSON object for each event'
complete -c truss -s k -d 'The command dies with truss'
complete -c truss -s l -d 'The thread id on each line'
complete -c truss -s m -x -a '(__truss_names faults)' -d 'Faults to show'
complete -c truss -s o -r -F -d 'Write to a file'
complete -c truss -s p -d 'Trace processes that run already'
complete -c truss -s r -x -d 'Descriptors of which all that is read is shown'
complete -c truss -s s -x -a '(__truss_names signals)' -d 'Signals to show'
complete -c truss -s t -x -a '(__truss_names calls)' -d 'Calls to show'
complete -c truss -s v -x -a '(__truss_names calls)' -d 'Calls whose structures are shown'
complete -c truss -s w -x -d 'Descriptors of which all that is written is shown'
complete -c truss -s x -x -a '(__truss_names calls)' -d 'Calls whose arguments are shown as numbers'
complete -c truss -s y -d 'Show what each descriptor is'
complete -c truss -s h -d 'Show help'
complete -c truss -s V -d 'Show the version'
complete -c truss -n '__fish_contains_opt -s p' -a '(__fish_complete_pids)' -d Process
complete -c truss -n 'not __fish_contains_opt -s p' -a '(__fish_complete_subcommand --fcs-skip=1)'
