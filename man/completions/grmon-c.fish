# fish completion for grmon-c
# SPDX-License-Identifier: MIT

function __grmon_c_targets
	grmon-c ls 2>/dev/null | string match -rg '^ *([0-9]+ +\S+ +\S+ +\S+)' |
		string replace -r '^(\S+) +\S+ +\S+ +(\S+)' '$1\t$2\n$2\t$1' | string split '\n'
	printf '%s\t%s\n' name: 'All processes of this name' cgroup:/ 'All processes of a control group' \
		tree: 'A process and its children' container: 'All processes of a container'
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
	set -l taken (string split , -- $head | string replace -r '^[+-]' '' | string replace -r '[:=].*' '')
	for name in ($argv[1])
		contains -- $name $taken; or echo "$head$name$argv[2]"
	end
end

# Commands first, and processes once one has begun to write a name.
function __grmon_c_first
	printf '%s\t%s\n' \
		run 'Start CMD with the agent inside and watch it' \
		ls 'List the processes that can be watched' \
		dump 'Print one snapshot' \
		record 'Write snapshots to a file until ^C' \
		report 'Watch for a while, then report what leaks' \
		diff 'Compare snapshots: new, gone, grown, shrunk' \
		check 'Exit 1 when a limit is broken, for CI' \
		export 'Serve metrics to Prometheus' \
		help 'Explain states, columns, filters, keys'
	string length -q -- (commandline -ct); and __grmon_c_targets
end

set -l commands run ls dump record report diff check export help
set -l bare "not __fish_seen_subcommand_from $commands"

complete -c grmon-c -f
complete -c grmon-c -k -n "$bare" -a '(__grmon_c_first)'
complete -c grmon-c -n '__fish_seen_subcommand_from dump record report diff check export' -a '(__grmon_c_targets)'
complete -c grmon-c -n '__fish_seen_subcommand_from run' -a '(__fish_complete_subcommand --fcs-skip=2)'
complete -c grmon-c -n '__fish_seen_subcommand_from help' -a 'states columns filter keys sources formats run ls dump record report diff check export'

complete -c grmon-c -s s -l source -x -a '(grmon-c help sources-list 2>/dev/null)' -d 'How to read TARGET'
complete -c grmon-c -s i -l interval -x -d 'Time between two samples'
complete -c grmon-c -l filter -x -a '(__grmon_c_filter)' -d 'Show only matching rows'
complete -c grmon-c -l sort -x -a '(__grmon_c_list __grmon_c_columns)' -d 'Sort order'
complete -c grmon-c -l columns -x -a '(__grmon_c_list __grmon_c_columns)' -d 'Columns to show'
complete -c grmon-c -l stuck -x -a '(__grmon_c_list __grmon_c_states =)' -d 'Threshold for stuck and long tasks'
complete -c grmon-c -l threads -d 'Also show the threads that run goroutines'
complete -c grmon-c -l runtime -d 'Also show Go\'s own goroutines; frames of C'
complete -c grmon-c -l ptrace -d 'Allow stopping threads to read their stacks'
complete -c grmon-c -l no-color -d 'No colours, as with NO_COLOR=1'
complete -c grmon-c -l ascii -d 'Print only ASCII characters'
complete -c grmon-c -s h -l help -d 'Print the help'
complete -c grmon-c -s V -l version -d 'Print the version'
complete -c grmon-c -n "$bare; or __fish_seen_subcommand_from dump record report check export" -s p -l pid -x -a '(__fish_complete_pids)' -d 'Process id'
complete -c grmon-c -n "$bare; or __fish_seen_subcommand_from dump record report diff check export" -l user -x -d 'Name and password for a URL'
complete -c grmon-c -n "$bare; or __fish_seen_subcommand_from dump record report diff check export" -l header -x -d 'HTTP header to send with every request'
complete -c grmon-c -n "$bare; or __fish_seen_subcommand_from dump record report check" -l dump -x -d 'If a text has several dumps, read the Nth'
complete -c grmon-c -n "$bare" -l wait -d 'Wait for TARGET to start, also after it ends'
complete -c grmon-c -n '__fish_seen_subcommand_from ls dump' -s f -l format -x -a '(grmon-c help formats-list 2>/dev/null)' -d 'Output format'
complete -c grmon-c -n '__fish_seen_subcommand_from dump diff' -l stacks -d 'Print whole stacks and their creators\' stacks'
complete -c grmon-c -n '__fish_seen_subcommand_from report' -s f -l format -x -a 'text json markdown html' -d 'Output format'
complete -c grmon-c -n '__fish_seen_subcommand_from report' -l fail -d 'Exit 1 for a leak or deadlock'
complete -c grmon-c -n '__fish_seen_subcommand_from diff' -s f -l format -x -a 'text json' -d 'Output format'
complete -c grmon-c -n '__fish_seen_subcommand_from diff' -l fail -d 'Exit 1 when anything is new or has grown'
complete -c grmon-c -n '__fish_seen_subcommand_from dump record report diff check export' -l allow-partial -d 'Continue if the waits cannot be read'
complete -c grmon-c -n '__fish_seen_subcommand_from dump report' -l prove -d 'Prove which goroutines can never run again'
complete -c grmon-c -n '__fish_seen_subcommand_from dump record report' -l holds -d 'Go: also what each goroutine holds'
complete -c grmon-c -n '__fish_seen_subcommand_from dump' -l at -x -d 'Time in a recording'
complete -c grmon-c -n '__fish_seen_subcommand_from check' -l max-stuck -x -d 'Fail if more than N tasks are stuck'
complete -c grmon-c -n '__fish_seen_subcommand_from check' -l max-tasks -x -d 'Fail if more than N tasks exist'
complete -c grmon-c -n '__fish_seen_subcommand_from check' -l no-leak -d 'Fail if anything leaks'
complete -c grmon-c -n '__fish_seen_subcommand_from check' -l max-long -x -d 'Fail if more than N tasks are in a long wait'
complete -c grmon-c -n '__fish_seen_subcommand_from check' -l no-deadlock -d 'Fail if there is a deadlock'
complete -c grmon-c -n '__fish_seen_subcommand_from check' -l count-existing -d 'Also count tasks that were stuck at the start'
complete -c grmon-c -n '__fish_seen_subcommand_from dump run record report diff' -s o -l output -r -F -d 'Write to FILE'
complete -c grmon-c -n '__fish_seen_subcommand_from record report check' -l for -x -d 'Stop after this time'
complete -c grmon-c -n '__fish_seen_subcommand_from record' -l rotate -x -d 'Start a new FILE at this size or age'
complete -c grmon-c -n '__fish_seen_subcommand_from record' -l keep-files -x -d 'Old files to keep, FILE.1 to FILE.N'
complete -c grmon-c -n '__fish_seen_subcommand_from run' -l keep -d 'Leave CMD running when you quit the view'
complete -c grmon-c -n '__fish_seen_subcommand_from run' -l ancestors -x -d 'Go: keep the stacks of N creators (1-16)'
complete -c grmon-c -n '__fish_seen_subcommand_from export' -l listen -x -d 'Address to serve on'
complete -c grmon-c -n '__fish_seen_subcommand_from export' -l skip-zero -d 'Leave out series that have always been 0'
complete -c grmon-c -n '__fish_seen_subcommand_from export' -l top-groups -x -d 'Also serve the sizes of the N largest groups'
complete -c grmon-c -n "$bare; or __fish_seen_subcommand_from run export" -l warm-up -x -d 'Watch this long before calling growth a leak'
