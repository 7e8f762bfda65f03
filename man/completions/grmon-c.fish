# fish completion for grmon-c
# SPDX-License-Identifier: MIT

function __grmon_c_targets
	grmon-c ls 2>/dev/null | string match -rg '^ *([0-9]+ +\S+ +\S+ +\S+)' |
		string replace -r '^(\S+) +\S+ +\S+ +(\S+)' '$1\t$2\n$2\t$1' | string split '\n'
end

function __grmon_c_columns
	grmon-c help columns-list 2>/dev/null
end

function __grmon_c_states
	grmon-c help states-list 2>/dev/null
end

# Filters are made of words; the last one is completed.
function __grmon_c_filter
	set -l head (commandline -ct | string replace -r '^--filter=' '' | string match -r '^.*[ (!|]')
	for state in (__grmon_c_states)
		echo "$head""state:$state"
	end
	for column in (__grmon_c_columns)
		echo "$head$column:"
	end
end

function __grmon_c_list
	set -l head (commandline -ct | string replace -r '^--[a-z]+=' '' | string match -r '^.*[,+-]')
	for name in ($argv[1])
		echo "$head$name$argv[2]"
	end
end

set -l commands run ls dump record report diff check export help
set -l bare "not __fish_seen_subcommand_from $commands"

complete -c grmon-c -f
complete -c grmon-c -n "$bare" -a run -d 'Start a command with the agent inside and watch it'
complete -c grmon-c -n "$bare" -a ls -d 'List the processes that can be watched'
complete -c grmon-c -n "$bare" -a dump -d 'Print one snapshot'
complete -c grmon-c -n "$bare" -a record -d 'Write what is seen to a file'
complete -c grmon-c -n "$bare" -a report -d 'Watch for a while and say what leaks'
complete -c grmon-c -n "$bare" -a diff -d 'Say what is new, gone, grown, shrunk'
complete -c grmon-c -n "$bare" -a check -d 'Exit 1 when a limit is broken, for CI'
complete -c grmon-c -n "$bare" -a export -d 'Serve numbers to Prometheus'
complete -c grmon-c -n "$bare" -a help -d 'Explain states, columns, filter, keys, sources or formats'
complete -c grmon-c -n "$bare" -a '(__grmon_c_targets)'
complete -c grmon-c -n '__fish_seen_subcommand_from dump record report diff check export' -a '(__grmon_c_targets)'
complete -c grmon-c -n '__fish_seen_subcommand_from run' -a '(__fish_complete_subcommand --fcs-skip=2)'
complete -c grmon-c -n '__fish_seen_subcommand_from help' -a 'states columns filter keys sources formats run ls dump'

complete -c grmon-c -s s -l source -x -a '(grmon-c help sources-list 2>/dev/null)' -d 'Where the rows come from'
complete -c grmon-c -s i -l interval -x -d 'Between two looks'
complete -c grmon-c -l filter -x -a '(__grmon_c_filter)' -d 'Show only rows that match'
complete -c grmon-c -l sort -x -a '(__grmon_c_list __grmon_c_columns)' -d 'Order of the rows'
complete -c grmon-c -l columns -x -a '(__grmon_c_list __grmon_c_columns)' -d 'Columns'
complete -c grmon-c -l stuck -x -a '(__grmon_c_list __grmon_c_states =)' -d 'When a blocked task counts as stuck'
complete -c grmon-c -l threads -d 'Show the threads of a runtime too'
complete -c grmon-c -l runtime -d 'Show frames and goroutines of the runtime too'
complete -c grmon-c -l ptrace -d 'Allow to stop threads for their stacks'
complete -c grmon-c -l no-color -d 'No colours'
complete -c grmon-c -l ascii -d 'Nothing but ASCII'
complete -c grmon-c -s h -l help -d 'Say the usage'
complete -c grmon-c -s V -l version -d 'Say the version'
complete -c grmon-c -n "$bare; or __fish_seen_subcommand_from dump record report check export" -s p -l pid -x -a '(__fish_complete_pids)' -d 'Process id'
complete -c grmon-c -n "$bare; or __fish_seen_subcommand_from dump record report diff check export" -l user -x -d 'Name and password for a URL'
complete -c grmon-c -n "$bare; or __fish_seen_subcommand_from dump record report diff check export" -l header -x -d 'Send it with every request'
complete -c grmon-c -n "$bare; or __fish_seen_subcommand_from dump record report check" -l dump -x -d 'Which dump of a text with several'
complete -c grmon-c -n "$bare" -l wait -d 'Wait for the process to start and to come back'
complete -c grmon-c -n '__fish_seen_subcommand_from ls dump' -s f -l format -x -a '(grmon-c help formats-list 2>/dev/null)' -d 'Format'
complete -c grmon-c -n '__fish_seen_subcommand_from dump diff' -l stacks -d 'Whole stacks'
complete -c grmon-c -n '__fish_seen_subcommand_from report' -s f -l format -x -a 'text json markdown html' -d 'Format'
complete -c grmon-c -n '__fish_seen_subcommand_from report' -l fail -d 'Exit 1 when something leaks'
complete -c grmon-c -n '__fish_seen_subcommand_from diff' -s f -l format -x -a 'text json' -d 'Format'
complete -c grmon-c -n '__fish_seen_subcommand_from diff' -l fail -d 'Exit 1 when something is new or more'
complete -c grmon-c -n '__fish_seen_subcommand_from dump record report diff check export' -l allow-partial -d 'Go on where the waits may not be read'
complete -c grmon-c -n '__fish_seen_subcommand_from dump report' -l prove -d 'Prove which goroutines nothing alive can wake'
complete -c grmon-c -n '__fish_seen_subcommand_from dump' -l at -x -d 'Time in a recording'
complete -c grmon-c -n '__fish_seen_subcommand_from check' -l max-stuck -x -d 'At most N tasks may be stuck'
complete -c grmon-c -n '__fish_seen_subcommand_from check' -l max-tasks -x -d 'At most N tasks may exist'
complete -c grmon-c -n '__fish_seen_subcommand_from check' -l no-leak -d 'Nothing may leak'
complete -c grmon-c -n '__fish_seen_subcommand_from check' -l max-long -x -d 'At most N tasks may be in a long wait'
complete -c grmon-c -n '__fish_seen_subcommand_from check' -l no-deadlock -d 'Nothing may be in a deadlock'
complete -c grmon-c -n '__fish_seen_subcommand_from check' -l count-existing -d 'Count what was stuck before, too'
complete -c grmon-c -n '__fish_seen_subcommand_from dump run record report diff' -s o -l output -r -F -d 'File to write'
complete -c grmon-c -n '__fish_seen_subcommand_from record report check' -l for -x -d 'Stop after this time'
complete -c grmon-c -n '__fish_seen_subcommand_from record' -l rotate -x -d 'Begin a new file'
complete -c grmon-c -n '__fish_seen_subcommand_from record' -l keep-files -x -d 'Old files to keep'
complete -c grmon-c -n '__fish_seen_subcommand_from run' -l keep -d 'Leave the command running'
complete -c grmon-c -n '__fish_seen_subcommand_from export' -l listen -x -d 'Where it is served'
complete -c grmon-c -n '__fish_seen_subcommand_from export' -l top-groups -x -d 'The largest groups too'
complete -c grmon-c -n "$bare; or __fish_seen_subcommand_from run export" -l warm-up -x -d 'Before growth is a leak'
