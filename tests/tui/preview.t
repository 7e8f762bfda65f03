#!/bin/sh
# SPDX-License-Identifier: MIT
# The preview of the row under the cursor: below the rows, at the right of wide terminals, none on
# small ones; it follows the cursor and the samples; Tab, z, Z, its size by keys and mouse, kept by W.
. "$(dirname "$0")/lib.sh"
plan 51

esc=$(printf '\033')
config=$XDG_CONFIG_HOME/grmon-c/config.json
# Bytes that a terminal sends for a mouse: BUTTON X Y, from 1, pressed or moved, or released.
mouse() { tmux -L "$server" send-keys -t view -l "$(printf '\033[<%d;%d;%dM' "$1" "$2" "$3")"; }
release() { tmux -L "$server" send-keys -t view -l "$(printf '\033[<0;%d;%dm' "$1" "$2")"; }
border() { screen | grep -nE '^(──|━━|--|==)' | cut -d: -f1; }
border_is() { [ "$(border)" = "$1" ]; }
at_top() { [ "$(cursor_line | cut -d: -f1 | tail -1)" = 5 ]; }
# select_row TEXT: moves the cursor of the table to the row with the text.
select_row() { until_true goes_to_row "$1"; }
goes_to_row() {
	press Home
	until_true at_top || return 1
	for _ in 1 2 3 4 5 6 7 8; do
		cursor_is_at "$1" && return
		line=$(cursor_place)
		press j
		until_true cursor_has_left "$line" || return 1
	done
	cursor_is_at "$1"
}
line_is() { colored | sed -n '/━━/,$p' | grep -E "$esc\[([0-9;]*;)?7m" | grep -qF "$1"; }
# down_to TEXT: from the first line of the preview down to one that has the text.
down_to() {
	at=1
	until line_is "$1"; do
		at=$((at + 1))
		press Down
		wait_for " line $at of " || return 1
	done
}

start_target
open_shell 80 28
view "--stuck 1s $target"
expect '^! +t[0-9]+ +mutex .*waiter-3' "the table is there"
wait_for '^! [0-9]' # the line of warnings
[ "$(screen | grep -cE '^. +t[0-9]+ ')" -eq 9 ]
ok $? "all nine threads have a row"
until_true border_is 14
ok $? "the preview is below them, and has the rows that they leave free"
press / s l e e p e r Enter
wait_for '1 of 9 shown'
until_true border_is 8
ok $? "with a filter it has more"
press Escape
wait_for ' 9 shown'
until_true border_is 14
ok $? "and less when the rows come back"
press e
until_true border_is 16
ok $? "a row that is unfolded gets its lines, as far as half of the screen"
press e
wait_for '^! +t[0-9]+ +mutex .*waiter-3'
until_true border_is 14
ok $? "which it gives back"
press g
wait_for 'COUNT'
groups=$(screen | grep -oE '[0-9]+ by stack' | cut -d' ' -f1)
until_true border_is $((groups + 5))
ok $? "so it is in the groups"
press q
wait_for ' 9 shown'
select_row waiter-2
expect '^── t[0-9]+  waiter-2 ─' "its border names the task under the cursor"
expect '^ ! +stuck: waits for .*; threshold 1.0s$' "why it is marked comes first, in one line"
expect "^ Waits on +mutex 0x[0-9a-f]+, held by t$target" "then what it waits on"
expect "^ Held by +t$target +signal-wait .*tui_tasks" "who holds it"
expect '^ Also wait +t[0-9]+, t[0-9]+$' "and who else waits"
expect '^ +[0-9]+  waiter  .*tui_tasks.c:[0-9]+' "its stack, with the program's own frame"
expect '^ +> +[0-9]+ +pthread_mutex_lock\(&lock\);' "with the line of source code"
select_row sleeper
expect '^── t[0-9]+  sleeper ─' "the preview follows the cursor"
expect '^ Waits on +16m40s' "with what that task waits on"

resize 80 23
wait_gone '^──'
ok $? "with 23 lines there is no preview"
press Tab
expect 'the preview needs a terminal of at least 24 lines' "Tab says what it needs"
press z
expect 'the preview needs' "so does z"
resize 20 5
expect '^. ID +STATE' "20x5 shows the table"
resize 80 24
expect '^── t[0-9]+  sleeper ─' "it comes back with the terminal's size"

press Tab
expect '^━━ t[0-9]+  sleeper ━.* line 1 of [0-9]+  Tab back ━' "Tab goes into it, and the border says so"
press Down Down
expect ' line 3 of [0-9]+ ' "arrows move in it"
press End
expect ' line ([0-9]+) of \1 ' "End shows its last line"
expect '^ Switches +[0-9]+ ' "nothing is left out then"
press Tab
expect '^── t[0-9]+  sleeper ─' "Tab goes back to the rows"
press Tab
wait_for '^━━ t'
press Escape
expect '^── t[0-9]+  sleeper ─' "and so does Esc"
select_row '×3'
expect '^ Stands for +3 tasks, alike in state, place and WAITS ON, not in NAME; below is' \
	"of a fold it says what its tasks have in common"
resize 80 40 # and unfolds
wait_for ' mutex .*waiter-1 '
resize 80 24
wait_for '^── t'
select_row waiter-1
press Tab
wait_for ' line 1 of '
down_to 'Held by'
press Enter
expect "^ Task +t$target +tui_tasks" "Enter in it opens the task that its line names"
press q
expect '^── t' "q goes back"

select_row waiter-1
press z
expect '^ Other tasks that wait on it \(2\)' "z shows everything about the task"
sees_not 'ID +STATE'
ok $? "in place of the rows"
page_to '^ Figures'
ok $? "down to its figures"
press z
expect 'ID +STATE' "z again shows the rows"

until_true border_is 14
press K K K
until_true border_is 11
ok $? "K makes it larger"
press J
until_true border_is 12
ok $? "J makes it smaller"
mouse 0 30 12
mouse 32 30 10
release 30 10
until_true border_is 10
ok $? "the mouse drags its border"
mouse 0 20 16
expect '^━━ t' "a click in it goes into it"
mouse 0 20 5
expect '^── t' "a click on a row goes back"
press W
expect 'settings saved' "W saves"
grep -q '"preview_rows": 13' "$config"
ok $? "its size too"
press Z
wait_gone '^──'
ok $? "Z hides it"
press W q
wait_for '^status=0'
grep -q '"preview": false' "$config"
ok $? "W keeps that"
view "--stuck 1s $target"
sees_not '^──'
ok $? "it stays hidden"
press Z
until_true border_is 10
ok $? "Z shows it in the size that was kept"

resize 200 50
expect 'ID +STATE.*│ t[0-9]+ ' "from 160 columns on it is at the right"
wait_for '^! +t[0-9]+ mutex'
press n
expect "│ Held by +t$target " "with the same lines"
press W
wait_for 'settings saved'
press q
wait_for '^status=0'
view "--ascii --no-color --stuck 1s $target"
expect 'ID +STATE.*[|] t[0-9]+ ' "--ascii: its border is ASCII"
[ "$(colored | LC_ALL=C tr -d '\000-\177' | wc -c)" -eq 0 ]
ok $? "--ascii: no byte beyond ASCII"

press q
wait_for '^status=0'
sleep 1000 &
alone=$!
started="$started $alone"
view "$alone"
wait_for 'ID +STATE.*│ t[0-9]+ '
press w
wait_for 'No task is known to hold up another'
until_true sees_not '│'
ok $? "where there is no row, there is no border"
