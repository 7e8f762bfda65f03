#!/bin/sh
# SPDX-License-Identifier: MIT
# The page of a group that leaks: the job that runs whenever it grows, what else grows in step,
# and the way back to who calls what made it, at 80 and 120 columns; live, and in a recording.
. "$(dirname "$0")/lib.sh"
need go
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
GOFLAGS='' GOTOOLCHAIN=local go build -ldflags '-s -w' -o "$work/jobs" \
	"$(dirname "$0")/../targets/go/jobs.go" \
	>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"
"$work/jobs" 30 >"$work/out" 2>&1 </dev/null &
target=$!
started="$started $target"
until_true grep -q '^ready' "$work/out" || echo '# the target is not ready'
"$client" record "$target" -o "$work/jobs.grmon" -i 0.12 >/dev/null 2>&1 &
recorder=$!
started="$started $recorder"

# The words of the screen on one line, without those of a line that is wrapped.
words() { screen | tr -s ' \n' '  '; }
says() { words | grep -qE -- "$1"; }
expect_words() { until_true says "$1"; ok $? "$2"; }
ran='In [0-9]+ of [0-9]+ steps main\.\(\*checker\)\.run was running \(jobs\.go:[0-9]+, in main\.\(\*checker\)\.outdated at jobs\.go:[0-9]+\); it runs in [0-9]+ of [0-9]+ samples otherwise\.'
parts='In step with it grow .*net/http\.\(\*persistConn\)\.writeLoop at transport\.go:[0-9]+.*; together they are one leak\.'
open_group() {
	press g
	wait_for 'readLoop .*select'
	press /
	press C-u
	typed 'fn:readLoop state:select'
	press Enter
	wait_gone 'writeLoop'
	press Enter
	wait_for '^ *Blocked at +net/http\.\(\*persistConn\)\.readLoop'
}

# The view reads at most 240 samples of a recording, so it ends as soon as it tells enough.
recorded() {
	"$client" report "$work/jobs.grmon" 2>/dev/null | tr -s ' \n' '  ' >"$work/report"
	grep -qE "$ran" "$work/report" && grep -qE "$parts" "$work/report"
}
until_true recorded
ok $? 'a recording tells it as well'
kill "$recorder"
wait "$recorder" 2>/dev/null

open_shell 120 60
view "-i 0.05 --warm-up 4s $target"
open_group
expect_words "$ran" 'live: the job is named, with its numbers'
expect_words "$parts" 'live: what grows in step is the same leak'
expect '^ *Who made it' 'the way back has a heading'
expect_words 'Made by net/http\.\(\*Transport\)\.dialConn at transport\.go:[0-9]+' 'it begins with what created the tasks'
expect_words 'Methods of net/http\.\(\*Transport\) (are|were) called .*main\.\(\*checker\)\.outdated at jobs\.go:[0-9]+ \(' \
	'it leads to the function of the job'
expect_words 'Shares [0-9]+ of net/http\.\(\*persistConn\)\.writeLoop at transport\.go:[0-9]+ wait for the same objects' \
	'what shares their channels'
header() { [ "$(screen | sed -n 3p | grep -oE 'leak in ' | wc -l)" -eq 1 ]; }
until_true header
ok $? 'the header warns of one leak'
resize 80 60
expect_words "$ran" 'at 80 columns: the job'
expect_words "$parts" 'at 80 columns: what grows in step'
expect_words 'Methods of net/http\.\(\*Transport\) (are|were) called ' 'at 80 columns: the way back'
fits() { [ "$(screen | LC_ALL=C.UTF-8 wc -L)" -le 80 ]; }
check_fits() { fits; ok $? 'no line is wider'; }
check_fits
press q
press q
press q
wait_for 'status=0'

view "--warm-up 4s $work/jobs.grmon"
press End
open_group
expect_words "$ran" 'in a recording: the job'
expect_words "$parts" 'in a recording: what grows in step'
plan $tests
