#!/bin/sh
# SPDX-License-Identifier: MIT
# Sizes from 1x1 to 500x200, resizing while it runs, ASCII, NO_COLOR.
. "$(dirname "$0")/lib.sh"
plan 21

start_target
open_shell 200 50
view "$target"
press u u # a row for each task on small screens too
press Z
wait_for 'the preview is hidden'
expect 'ID +STATE +AGE.* WAITS ON +NAME +FUNCTION +LOCATION +(CPU% +)?SWITCHES' \
	"200x50 has room for every column that says something"
expect "held by t$target" "a wide screen shows whole texts"
sees_not '…'
ok $? "no text is cut"
press Z

resize 20 5
expect '^. ID +STATE' "20x5 shows a table"
lines=$(screen | grep -cE '^. +t[0-9]+ ')
[ "$lines" -ge 2 ]
ok $? "20x5 shows rows"
# Letters, not bytes: not every awk knows the difference.
[ "$(screen | LC_ALL=C.UTF-8 grep -cE '^.{21}')" -eq 0 ]
ok $? "20x5 is not exceeded"
press Enter
expect 'Task|^ t[0-9]+ ' "20x5 shows a task"
press '?'
expect 'Keys|row' "20x5 shows the help"
press q q
wait_for 'STATE'

for size in 1x1 2x2 500x200 7x3 40x1 80x24; do
	resize "${size%x*}" "${size#*x}"
	press j k e Enter
	press q e
	until_true test "$(state pane_width)x$(state pane_height)" = "$size"
done
expect 'ID +STATE +AGE' "the client survives sizes from 1x1 to 500x200"
view_pid >/dev/null
ok $? "the client is still the same process"

# A list that was scrolled on a small screen begins again above when the screen grows.
for menu in s c; do
	resize 80 9
	press "$menu" G
	wait_for '^ .*LABELS  '
	resize 80 40
	expect '^ .*! mark  ' "menu '$menu': a larger screen shows its first items again"
	press q
done
press q
expect '^status=0' "the client ends with status 0"

view "--ascii $target"
expect 'AGEv' "--ascii: the sort mark is ASCII"
wait_for 'tasks [0-9]+ +[#=]+ '
[ "$(colored | LC_ALL=C tr -d '\000-\177' | wc -c)" -eq 0 ]
ok $? "--ascii: no byte beyond ASCII"
press Enter '?'
wait_for 'one row up'
[ "$(colored | LC_ALL=C tr -d '\000-\177' | wc -c)" -eq 0 ]
ok $? "--ascii: no byte beyond ASCII in the help"
press q q q
wait_for '^status=0'

# 38;5;N, 3N and 9N set colours; bold, reverse and underline do not.
colors() { colored | grep -cE "$(printf '\033')\[([0-9]+;)*(3[0-8]|9[0-7]|4[0-8])[;m]"; }
has_colors() { [ "$(colors)" -gt 0 ]; }
# Of eight colours, those that cannot be read on both black and white are left out: something has to be stuck.
view "--stuck 1ms $target"
until_true has_colors
ok $? "colours are used if the terminal has them"
press q
wait_for '^status=0'
view "--no-color --stuck 1ms $target"
[ "$(colors)" -eq 0 ]
ok $? "--no-color: no colours are used"
press q
wait_for '^status=0'
run_in_shell 'export NO_COLOR=1'
view "--stuck 1ms $target"
[ "$(colors)" -eq 0 ]
ok $? "NO_COLOR: no colours are used"
colored | grep -q "$(printf '\033')\[[0-9;]*7m"
ok $? "the cursor is still visible"
press q
wait_for '^status=0'
run_in_shell 'unset NO_COLOR'
failed=
terms='vt100 linux xterm xterm-16color xterm-direct'
# On the Linux console ncurses loads libgpm, which leaks a few bytes.
case ${SAN:-} in *address*) terms='vt100 xterm xterm-16color xterm-direct' ;; esac
for term in $terms; do
	infocmp "$term" >/dev/null 2>&1 || continue
	# Some of these terminals leave the screen of the one before.
	run_in_shell clear
	wait_gone 'ID +STATE|status='
	run_in_shell "clear; TERM=$term $client $target; echo status=\$?"
	wait_for 'ID +STATE' || failed="$failed $term"
	press j q
	wait_for '^status=0' || failed="$failed $term"
done
[ -z "$failed" ]
ok $? "the view works with 0, 8, 16 and 16M colours$failed"
