#!/bin/sh
# SPDX-License-Identifier: MIT
# A target that is several processes: their columns, counts, ids and names in every view.
. "$(dirname "$0")/lib.sh"
plan 42

has_producers() { "$client" dump "$1" | grep -q newProducer; }
go_to() { step j cursor_is_at "$1"; } # go_to TEXT: moves the cursor down to a row

service=$(dirname "$0")/../data/fuzz/fuzz_stream/service.json
open_shell 120 24
view "$service"
expect '^shop +3 processes +1 cannot be read' "the header has the number of processes, and how many cannot be read"
expect '^! +ID +PID +PROCESS +STATE' "each row has its process"
expect '^ +g17 +41 api +select' "an id beside its process is short"
press /
typed 'pid:41'
press Enter
expect '2 of 6 shown' "pid: filters by process"
press Escape
wait_for '6 shown'
press Home
go_to '41 api     select'
press Enter
expect '^ Process +41 +api' "the detail names the process"
expect '^ Task +g17' "the task's id is short there"
press q
wait_for 'ID +PID'
press w
expect '^t|No task is known|holder unknown|waits' "the waits of several processes are shown"
press q q
wait_for '^status=0'

# Three native programs, one of which ends while it is watched.
[ -p "$work/hold" ] || mkfifo "$work/hold"
exec 9<>"$work/hold"
launch() { # launch PROGRAM ARG...: its pid is in $last
	: >"$work/ready"
	program=$1
	shift
	"$BUILD/tests/targets/$program" "$@" <"$work/hold" >"$work/ready" 2>/dev/null &
	last=$!
	started="$started $last"
	until_true is_ready || give_up "$program does not start"
}
launch tui_tasks
one=$last
launch tui_tasks
other=$last
launch lock_cycles wide 12
locks=$last
view "-i 0.2 --stuck 1s $one $other $locks"
expect ' 3 processes +native ' "several pids are one target"
wait_for '1 deadlock'
press P
expect '^ *PID. +PROCESS +TASKS +STUCK' "P lists the processes of the target"
expect "^ *$one +tui_tasks +9 .* lock [0-9]" "each has its counts, and its classes"
expect 'left out: .*SOURCE native' "what is the same for all of them is left out, and said"
press '>' '>'
expect 'TASKS▼' "they are sorted by any column"
press Home
until_true cursor_is_at lock_cycles
press Enter
expect "only tasks of lock_cycles $locks; Esc" "Enter shows the tasks of one"
expect '15 of 33 shown' "and no others"
press Escape
expect '(^|[^f]) 33 shown' "Esc shows those of all processes"
press P
wait_for 'CLASSES'
press P
expect 'Processes: [0-9]+ of' "P again lists every process of this machine"
until_true cursor_is_at "$locks"
ok $? "with the cursor on the same one"
press q
wait_for ' 33 shown'
press w
expect "^Deadlock 1 in lock_cycles $locks: t[0-9]+ and t[0-9]+ wait" "a deadlock says its process"
expect "^tui_tasks $one \\(t$one\\) holds mutex" "so does a holder"
press q
wait_for ' 33 shown'
press x
expect '^ +All of 3 processes, the largest first: n shows' "the resources are sums, with a line for each process"
expect "^ +lock_cycles $locks +rss" "with its own figures"
# A limit is that of the process that is nearest to it.
soft=$(sed -n 's/^Max open files  *\([0-9]*\) .*/\1/p' "/proc/$locks/limits")
set -- "/proc/$locks/fd/"*
prlimit --nofile=$#: --pid "$locks"
expect "^! $# of $# fds, 100%, in lock_cycles $locks" "the process whose limit is near is named"
prlimit --nofile="$soft": --pid "$locks"
wait_gone '^! .* 100%'
press n
expect '^ +Only [a-z_]+ [0-9]+, one of 3 processes' "n shows the resources of one"
press Escape
expect '^ +All of 3 processes' "Esc those of all"
press P
wait_for 'CLASSES'
press Home
until_true cursor_is_at lock_cycles
press x
expect "^ +Only lock_cycles $locks," "x in the list of processes shows those of the one under the cursor"
press Escape
wait_for '^ +All of 3 processes'
press q
wait_for ' 33 shown'
press g
wait_for 'COUNT'
typed '\waiter'
press Enter
until_true cursor_is_at waiter
press Enter
expect "^ Processes +in 2 of 3: tui_tasks $one with 3, tui_tasks $other with 3" "a group says how many of its tasks each process has"
press n n n n n n
expect "^ +!t[0-9]+ .* of tui_tasks $other" "and each of its tasks says its process"
press q q
wait_for ' 33 shown'
press u Home
go_to "$locks lock_cycles io-read"
kill -9 "$other"
expect "tui_tasks $other ended" "the footer says which process has ended"
expect ' 2 processes ' "the header counts those that are left"
until_true cursor_is_at "$locks lock_cycles io-read"
ok $? "the cursor stays on its task"
sees_not 'FAILING|failed'
ok $? "nothing has failed"
press q
wait_for '^status=0'

# What was recorded looks the same.
run_in_shell "cd $work"
view "-i 0.2 --stuck 1s $one $locks"
wait_for '1 deadlock'
press R
wait_for 'recording to '
press R
expect 'recorded to ' "several processes are recorded"
press q
wait_for '^status=0'
view "$work"/*.grmon
expect ' 2 processes +.*native' "and replayed"
press ']' ']'
press P
expect "^ *$one +tui_tasks +9 " "with their counts"
press q
wait_for ' 24 shown'
press w
expect "^tui_tasks $one \\(t$one\\) holds mutex" "and their waits"
press q q
wait_for '^status=0'

# A wait leads from one process of the target to another.
mkfifo "$work/pipe"
sleep 600 >"$work/pipe" &
writer=$!
cat "$work/pipe" >/dev/null &
reader=$!
started="$started $writer $reader"
view "-i 0.2 $writer $reader"
expect 'shown, .*NAME = PROCESS' "the name of a task that repeats its process is left out, and the footer says so"
sees '^! ID +PID +PROCESS +STATE' && sees_not 'ID +PID .* NAME '
ok $? "its column is not there"
press w
expect "^sleep $writer \\(t$writer\\) is waited for" "a wait leads to another process"
expect "cat $reader: fd [0-9]+ .*, with sleep $writer" "which is named, because it differs"
press q q
wait_for '^status=0'

# Two Go programs have goroutines with the same numbers.
if command -v go >/dev/null; then
	GOENV=off GOFLAGS="" GOTOOLCHAIN=local go build -o "$work/stories" \
		"$(dirname "$0")/../targets/go/stories.go" 2>"$work/build.log"
	"$work/stories" producer 20 >/dev/null 2>&1 </dev/null &
	first=$!
	"$work/stories" producer 20 >/dev/null 2>&1 </dev/null &
	second=$!
	started="$started $first $second"
	for pid in "$first" "$second"; do
		until_true has_producers "$pid"
	done
	view "-i 0.2 --filter 'fn:newProducer' $first $second"
	expect '×40 +several +.*chan-send' "equal places of two processes fold, and the row says that there are several"
	press /
	typed " pid:$second"
	press Enter
	wait_for '20 of '
	press u Home Enter
	expect "^ Process +$second +stories" "a goroutine belongs to its process"
	press v
	expect '^ What it holds' "what it holds is read from that process"
	press q q q
	wait_for '^status=0'
else
	for _ in 1 2 3; do
		ok 0 "# SKIP there is no go"
	done
fi
