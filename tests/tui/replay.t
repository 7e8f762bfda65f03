#!/bin/sh
# SPDX-License-Identifier: MIT
# A recording in the view: the header says so, samples are stepped through, ages do not grow.
. "$(dirname "$0")/lib.sh"
plan 20

start_target LD_PRELOAD="$agent"
cd "$work" || exit 1
"$client" record "$target" -o file.grmon -i 0.1 --for 3 || give_up "no recording"
open_shell 110 30
view "$work/file.grmon"
expect 'REPLAY [0-9:]*Z' "the header says that this is a recording, and the time of the sample"
expect '\[ \] step +p play +\( \) speed' "the footer has its keys"
expect 'sleeper' "the tasks of the recording are shown"
age() { screen | grep sleeper | grep -oE '[0-9.]+m?s ' | head -n 1; }
newest=$(age)
press '['
changed() { [ -n "$(age)" ] && [ "$(age)" != "$newest" ]; }
for _ in 1 2 3 4 5; do press '['; done
until_true changed
ok $? "steps back show younger tasks"
for _ in 1 2 3 4 5 6; do press ']'; done
same() { [ "$(age)" = "$newest" ]; }
until_true same
ok $? "steps forward lead to the newest sample, which has not aged"
press '{'
until_true changed
ok $? "a jump goes back no further than the first sample"

go_to() {
	press @
	wait_for '^time:'
	typed "$1"
	press Enter
}
go_to start
expect 'REPLAY [0-9:]*Z 1/[0-9]+' "@ start goes to the first sample"
go_to +450ms
expect 'Z [3-6]/[0-9]+' "@ +TIME goes to a later time"
at() { screen | sed -n 's/.*REPLAY \([0-9:]*\)Z .*/\1/p'; }
shown=$(at)
go_to "$shown"
same_second() { [ "$(at)" = "$shown" ] && sees_not '^time:'; }
until_true same_second
ok $? "@ accepts a time as the header shows it"
press @
wait_for '^time:'
typed "noon"
press Enter
expect 'write a time as 10:04' "an invalid time is an error, and can be edited"
press Escape
expect_gone '^time:' "Esc changes nothing"
go_to 2020-01-01
expect 'the recording covers' "a time outside the recording is an error"
press ')'
expect 'Z [0-9]+/[0-9]+ 1x' ") plays the recording"
press ')'
press ')'
last() { screen | grep -qE 'REPLAY [0-9:]*Z ([0-9]+)/\1$'; }
until_true last
ok $? ") again plays faster, up to the end"
go_to start
wait_for 'Z 1/'
press p
expect 'Z [0-9]+/[0-9]+ 1x' "p plays the recording"
press p
expect 'paused; p plays' "p again pauses"
press q
wait_for '^status='

# A recording that is still being written.
"$client" record "$target" -o grows.grmon -i 0.1 --for 60 2>/dev/null &
recorder=$!
started="$started $recorder"
until_true grep -q '"seq": 3' grows.grmon
view -i 0.1 "$work/grows.grmon"
expect 'Z ([0-9]+[0-9])/\1$' "new samples are followed"
press p
number() { screen | sed -n 's,.*REPLAY [0-9:]*Z \([0-9]*\)/\([0-9]*\).*,\'"$1"',p'; }
stands() {
	before=$(number 1)
	total=$(number 2)
	[ -n "$before" ] && more() { [ "$(number 2)" -gt $((total + 2)) ] 2>/dev/null; } && until_true more && [ "$(number 1)" = "$before" ]
}
until_true stands
ok $? "p pauses while samples are added"
kill "$recorder"
press q
wait_for '^status='

# A recording from a pipe, judged by another threshold than the recorder's.
run_in_shell "clear; cat $work/file.grmon | $client --stuck 100ms,sleep=100ms -"
wait_for 'ID +STATE'
expect 'REPLAY .*' "a recording is read from the standard input"
expect '![0-9]+ stuck' "--stuck applies to recorded tasks"
press q
