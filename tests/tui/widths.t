#!/bin/sh
# SPDX-License-Identifier: MIT
# Widths of columns: a column without content is as wide as its title, a column whose content is
# narrower for some seconds becomes narrower, and columns do not move from sample to sample.
. "$(dirname "$0")/lib.sh"
plan 6

titles() { screen | grep -E 'ID +STATE'; }
# at TITLE: prints where a column begins.
at() { titles | awk -v title="$1" '{ print index($0, title) }'; }
is_left_of() { [ "$(at "$1")" -lt "$2" ]; }

start_target
open_shell 120 20
view "--columns +created,+cpu,+switches,+labels --interval 0.1 --source native $target"
expect 'CREATED BY {1,2}CPU%' "a column without content has the width of its title"
expect 'LABELS *$' "the last column without content has the width of its title"
wait_for ' 0\.[0-9] +[0-9]+ *$' # the CPU share is known from the second sample on
wait_for ' >1\.[0-9]s'
until sees ' >3\.[0-9]s'; do
	titles
done | sort -u >"$work/during"
[ "$(wc -l <"$work/during")" -eq 1 ]
ok $? "columns stay where they are while states change"
function=$(at FUNCTION)
typed '/'
typed 'state:signal-wait'
press Enter
until_true is_left_of FUNCTION "$function"
ok $? "with narrow rows only, the columns become narrower"
press Escape
wait_for 'waiter-0'
resize 70 20
expect_gone 'SWITCHES' "a narrower terminal leaves out columns"
resize 120 20
expect 'SWITCHES' "a wide terminal shows these columns again"
press q
