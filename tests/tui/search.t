#!/bin/sh
# SPDX-License-Identifier: MIT
# Search with \ in every view: matches are marked while one types, n and N go through them until Esc,
# round the end with a word; in tables the match is a task, and a fold has what its tasks have.
. "$(dirname "$0")/lib.sh"
need python3
plan 41
escape=$(printf '\033')

# search TEXT: types it, and waits until all of it is in the line.
search() {
	press '\'
	wait_for '^search:'
	typed "$1"
	until_true is_typed "search: $1"
}
is_typed() { screen | grep -qF -- "$1"; }
end_search() {
	press Escape
	wait_gone '^search:'
}
# is_marked TEXT: it has the look of what is found: underlined on its own ground.
is_marked() { colored | grep -q "$escape\[0*;*4m$escape\[38;5;16m$escape\[48;5;220m$1"; }

start_target
open_shell 100 24
view --sort name "$target"
wait_for 'waiter-3'
search 'waiter'
expect '^match 1 of 3  Enter keeps' 'while one types, the number of matches'
until_true cursor_is_at 'waiter-'
ok $? 'the cursor goes to the first'
until_true is_marked waiter
ok $? 'and what is found is marked'
colored | grep 'sleeper' | grep -q "48;5;220"
[ $? -ne 0 ]
ok $? 'and nothing else'
press Enter
expect '^search: waiter: match 1 of 3.*n next +N previous +Esc ends' 'Enter keeps the search'
sees_not '^. help.* n next stuck'
ok $? 'the footer no longer offers n for something else'
press n
expect '^search: waiter: match 2 of 3;' 'n goes to the next match'
press n n
expect 'match 1 of 3, from the top again;' 'round the end, and says so'
press N
expect 'match 3 of 3, from the end again;' 'N goes back'
press N
expect 'match 2 of 3;' 'the word goes with the next key'
press j
expect '^search: waiter: (match [13] of 3|3 matches);' 'away from a match, it says how many there are'
end_search
until_true cursor_is_at 't'
ok $? 'Esc ends the search, not the view'
sees_not '48;5;220'
search 'Waiter'
expect '^no match' 'a capital counts; no match is said'
press Enter
expect '^no match' 'and Enter does not leave it'
press C-u
typed 'x-nowhere'
wait_for '^no match'
press Escape
wait_gone '^search:'
search 'flicker-2'
until_true cursor_is_at 'flicker-2'
press Enter
line=$(cursor_line | cut -d: -f1)
press S
has_moved() { cursor_is_at 'flicker-2' && [ "$(cursor_line | cut -d: -f1)" != "$line" ]; }
until_true has_moved
ok $? 'the match is the task, wherever its row goes'
expect 'search: flicker-2: match 1 of 1' 'and stays one'
press S
until_true cursor_is_at 'flicker-2'
end_search
press '\'
wait_for '^search:'
press Up
until_true is_typed 'search: flicker-2'
press Up Up
until_true is_typed 'search: waiter'
ok $? 'up recalls earlier searches'
press Escape
wait_gone '^search:'
press '\'
wait_for '^search:'
press Enter
expect '^search: flicker-2: match 1 of 1' 'Enter alone takes the last one again'
end_search

press Home
step j cursor_is_at 'waiter-1'
press Enter
wait_for '^ State +mutex'
press /
wait_for '^search:'
typed 'Object'
expect '^match 1 of 1' 'in a task, also with /'
until_true cursor_is_at 'mutex at 0x'
ok $? 'the cursor goes to the line'
press Enter
expect '^search: Object: match 1' 'and stays there'
end_search
press q
wait_for 'ID +STATE'
press g
wait_for 'FUNCTION +COUNT'
search 'mutex'
until_true cursor_is_at 'mutex'
ok $? 'in the groups'
press Enter
wait_for '^search: mutex: match 1 of 1'
end_search
press Enter
wait_for '^ Blocked at'
search 'Created by'
until_true cursor_is_at 'Created by'
ok $? 'in a group'
press Enter
end_search
press w
wait_for 'wait'
search 'waiter-2'
until_true cursor_is_at 'waiter-2'
ok $? 'in the waits'
press Enter
end_search
press x
wait_for 'fds'
search 'memory'
until_true is_marked memory
ok $? 'in the resources'
press Enter
end_search
press P
wait_for '^Processes: '
search 'tui_tasks'
until_true cursor_is_at 'tui_tasks'
ok $? 'in the processes'
press Enter
end_search
press q
wait_for 'ID +STATE'
press '?'
wait_for '^ Keys'
search 'semaphore'
until_true cursor_is_at 'semaphore'
ok $? 'in the help, far below'
sees_not '^ Keys'
ok $? 'which scrolls to it'
press Enter
wait_for '^search: semaphore: match 1 of'
resize 160 24
until_true is_marked semaphore
ok $? 'also in two columns'
resize 100 24
end_search
press q
wait_for 'ID +STATE'
press q
wait_for '^back>'

python3 "$(dirname "$0")/holds_make.py" 822 "$work/held.json" || give_up 'no dump'
view "$work/held.json"
wait_for '×822'
search 'g40'
expect '^match 1 of 1 in folded rows' 'a folded row has what one of its tasks has'
press Enter
wait_for '^search: g40: match 1'
press Enter
wait_for '▾×822'
expect '^search: g40: 11 matches' 'opened, each of them counts'
press n
until_true cursor_is_at 'g40 '
ok $? 'and n goes on in it'
press n
until_true cursor_is_at 'g400'
ok $? 'one by one'
press S
expect 'match [0-9]+ of 11' 'another order changes the number'
cursor_is_at 'g400'
ok $? 'not the task'
press v
wait_for '^ What it holds'
search 'function'
until_true cursor_is_at 'function'
ok $? 'what a task holds has the same search'
press Enter
wait_for '^search: function: match 1'
press n
expect '^search: function: match 2' 'with n'
end_search
press q
expect '^search: g40: match' 'each view keeps its own search'
end_search
press q
wait_for '^back>'

run_in_shell "clear; NO_COLOR=1 $client $work/held.json"
wait_for '×822'
search 'readloop'
plain="$escape\[39m$escape\[49m"
until_true sh -c "tmux -L $server capture-pane -p -e -t view | grep -q '1;4m${plain}readLoop'"
ok $? 'without colours, a match in the row of the cursor is bold and underlined'
press Enter
wait_for '^search: readloop: match'
end_search
search 'go:'
until_true sh -c "tmux -L $server capture-pane -p -e -t view | grep -q '4;7m.*go:.*9'"
ok $? 'and in other rows reversed'
press Escape
wait_gone '^search:'
press q
wait_for '^back>'
run_in_shell "clear; $client --ascii $work/held.json"
wait_for '[+]x822'
resize 36 10
search 'persist'
until_true sh -c "tmux -L $server capture-pane -p -e -t view | grep -q '48;5;220m~'"
ok $? 'where the text is cut, the sign of the cut is marked'
press Escape
wait_gone '^search:'
press q
wait_for '^back>'
