#!/bin/sh
# SPDX-License-Identifier: MIT
# The line of warnings below the header, `!` which goes through their places, and the graph of tasks.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

# warning: the line of warnings; nothing if there is none.
warning() { screen | sed -n 3p | sed -n 's/^! \([0-9a-z].*\)/\1/p' | grep -v '^ID '; }
warns() { warning | grep -qE -- "$1"; }
warns_not() { ! warns "$1"; }
# warned PATTERN NAME
warned() {
	until_true warns "$1"
	ok $? "$2"
}
footer() { screen | tail -n 2 | tr '\n' ' ' | tr -s ' '; }
says() { footer | grep -qE -- "$1"; }
said() {
	until_true says "$1"
	ok $? "$2"
}

# A deadlock, with twelve threads behind it.
: >ready
mkfifo hold
"$BUILD/tests/targets/lock_cycles" wide 12 <hold >ready 2>/dev/null &
locks=$!
started="$started $locks"
exec 8>hold
until_true is_ready || give_up 'the target does not start'
open_shell 120 24
view "--interval 0.2 $locks"
warned '^1 deadlock of t[0-9]+ and t[0-9]+, 12 wait behind *$' "a deadlock is named below the header"
[ "$(warning | grep -c stuck)" -eq 0 ]
ok $? "its tasks are not stuck for another reason"
colored | sed -n 3p | grep -qE "$(printf '\033')\[[0-9;]*(196|91|31)m1 deadlock"
ok $? "what is proven is red"
line=$(warning)
for size in 80x24 200x24 80x10; do
	resize "${size%x*}" "${size#*x}"
	until_true warns '12 wait behind *$'
	ok $? "$size: the most severe warning is whole"
done
expect ' tasks 15 .*rss' "80x10: the header still counts tasks"
resize 120 9
expect '^lock_cycles .* 1 deadlock ' "120x9 has no line for warnings, the header counts them"
sees_not '^! 1 deadlock'
ok $? "120x9: the table has the row"
resize 200 24
expect 'tasks 15 +▇{12} 15 for [0-9]+[sm]  threads 15 ' "the graph of tasks has a scale: flat is flat"
resize 120 24
expect 'tasks 15 +▇{6,12} 15 for [0-9]+[sm]  .*rss .*fds .*cpu' "120 columns have it too"
resize 100 24
expect 'tasks 15 +▇{6} 15 for [0-9]+[sm]  rss [^ ]+  fds [0-9]+  cpu [0-9]+%$' \
	"100 columns have a short one, and not what repeats the tasks or is 0"
resize 100 24
press !
expect '^Deadlock 1: ' "! goes to the deadlock in the waits"
until_true cursor_is_at 'Deadlock 1:'
ok $? "the cursor is on it"
said 'warning 1 of 1: deadlock: t[0-9]+ in .* wait for each other for .*12 more wait behind' \
	"the footer says it in a whole sentence"
press Escape
expect '^! +ID +STATE' "Esc goes back"
press !
wait_for '^Deadlock 1:'
press t
expect '^! +ID +STATE' "t goes to the tasks as ever"
press Escape
sees '^! +ID +STATE'
ok $? "then Esc does not go back further"
press q
wait_for '^status=0'
"$client" record "$locks" -o file.grmon -i 0.2 --for 1.5 >/dev/null 2>&1
view file.grmon
press ']' ']' ']' ']'
same() { [ "$(warning)" = "$line" ]; }
until_true same
ok $? "the replay of a recording has the same warnings"
press !
expect '^Deadlock 1: ' "! works there too"
press q q
wait_for '^status=0'
view "--ascii --interval 0.2 $locks"
warned '^1 deadlock' "--ascii has warnings"
[ "$(colored | LC_ALL=C tr -d '\000-\177' | wc -c)" -eq 0 ]
ok $? "--ascii: no byte beyond ASCII"
press q
wait_for '^status=0'
exec 8>&-

# Two warnings at the same time; a filter of the user.
# The target has five descriptors and those that this test has inherited; that is above
# 80 % of a limit of one more.
exec 5</dev/null 6</dev/null
start_target
exec 5<&- 6<&-
set -- "/proc/$target/fd/"*
limit=$(($# + 1))
prlimit --nofile="$(($# * 4)):$(($# * 4))" --pid "$target" 2>/dev/null || give_up 'no prlimit'
resize 160 30
view "--interval 0.2 --stuck 1s $target"
warned '^3 wait for a mutex held by t[0-9]+ at rest( in main)?, signal-wait for [0-9]+[sm]' \
	"waiters of one lock are one warning, with its holder"
prlimit --nofile="$limit:$limit" --pid "$target"
warned " · descriptors at [0-9]+% of $limit *\$" "descriptors near their limit are another"
press / s l e e p Enter
expect 'filter: sleep' "a filter is set"
press !
expect 't[0-9]+ holds mutex .*3 wait' "! goes to the holder in the waits"
said 'warning 1 of 2: 3 tasks wait for a mutex at 0x[0-9a-f]+ held by t[0-9]+ .*at rest' "and says so"
press !
expect "^! $((limit - 1)) of $limit fds" "! again goes to the limits"
said "warning 2 of 2: $((limit - 1)) of $limit descriptors \(ulimit -n\) are in use" "and says so"
press !
expect 't[0-9]+ holds mutex' "after the last comes the first"
press Escape
expect '^! +ID +STATE' "Esc goes back to where it began"
sees 'filter: sleep'
ok $? "the filter is as before"
resize 70 30
warned '^3 wait for a mutex .* … \+1 *$' "what does not fit is counted at the end"
resize 160 30
wait_for ' · descriptors'
# A click, in the middle of the second warning.
esc=$(printf '\033')
at=$(screen | sed -n 3p | sed 's/descriptors.*//' | wc -m)
place=$(printf '\\%o\\%o' $((32 + at + 4)) 35)
# shellcheck disable=SC2059
typed "$(printf "${esc}[M\\040$place")$(printf "${esc}[M\\043$place")"
expect "^! $((limit - 1)) of $limit fds" "a click on a warning goes to its place"
press Escape
wait_for 'filter: sleep'
press Escape
wait_gone 'filter: sleep'
press q
wait_for '^status=0'
kill -9 "$target"

# What is over stays for a moment, and says so.
mkfifo pipe
exec 7<>pipe
yes >pipe &
writer=$!
started="$started $writer"
view "--interval 0.2 --stuck 1s $writer"
warned '^1 stuck in io-write' "a task that is stuck for no other reason is counted by its state"
press !
expect 'filter: state=io-write state:stuck|warning 1 of 1: 1 task is stuck in io-write' "! shows these tasks"
until_true cursor_is_at io-write
ok $? "the cursor is on it"
press Escape
wait_gone 'warning 1 of 1'
cat <pipe >/dev/null &
reader=$!
started="$started $reader"
warned '^1 stuck in io-write.*, over' "a warning that is over says so"
until_true warns_not .
ok $? "and goes after a moment"
expect '^! +ID +STATE' "without warnings the table has the row"
[ "$(screen | grep -nE '^! +ID +STATE' | cut -d: -f1)" -eq 3 ]
ok $? "it begins below the classes"
press !
expect 'there are no warnings' "! says that there are none"
press q
wait_for '^status=0'
kill -9 "$writer" "$reader"
exec 7>&-

# A leak in a Go program.
if [ "$(uname -m)" != x86_64 ] || ! command -v go >/dev/null ||
	! GOFLAGS='' GOTOOLCHAIN=local go build -ldflags '-s -w' -o "$work/climbs" \
		"$beside/../targets/go/climbs.go" >"$work/build.log" 2>&1; then
	echo '# skipped: leaks of Go programs'
	plan $tests
	exit
fi
"$work/climbs" steps 60 >climbs.out 2>&1 </dev/null &
leaking=$!
started="$started $leaking"
until_true grep -q ready climbs.out || give_up 'the target does not start'
resize 160 40
view "--interval 0.1 --warm-up 3s $leaking"
warned '^leak in main\.heartbeat: \+16 every 1(\.[0-9])?s, now [0-9,]+ *$' "a leak has the words of the trend"
expect 'tasks [0-9,]+ +[▁▂▃▄▅▆]+▇+ [0-9]+ to [0-9,]+ in [0-9]+s' "the graph rises, with its scale"
resize 120 40
expect 'tasks [0-9,]+ +[▁▂▃▄▅▆]+▇+ [0-9]+ to [0-9,]+ in [0-9]+[sm]  threads' "120 columns have it too"
resize 160 40
wait_for ' fds '
press !
expect '^ Blocked at +main\.heartbeat' "! opens the group"
said 'warning 1 of 1: leak in main\.heartbeat at climbs\.go:[0-9]+, created by main\.reconnectAgent: \+16' \
	"and says what leaks"
press Escape
expect '^! +ID +STATE|^!  ID' "Esc goes back to the tasks, not to the groups"
press q
wait_for '^status=0'
plan $tests
