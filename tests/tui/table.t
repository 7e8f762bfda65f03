#!/bin/sh
# SPDX-License-Identifier: MIT
# The task table at 80x24: columns, sort, filter while it is typed, quick filters, pause, expand,
# column chooser, help, and quit.
. "$(dirname "$0")/lib.sh"
plan 41

start_target
open_shell 80 24
# The rows are where they are however long the tests take: no line of warnings comes, and
# no preview.
no_preview
view "--stuck 1h $target"
expect "^tui_tasks +pid $target " "the header names the target"
expect 'tasks [0-9]+ ' "the header counts tasks"
expect '0:all [0-9]+\]? +1:channel 0 +2:lock 4' "the classes are shown with their counts"
expect '^!? *ID +STATE +AGE▼' "the table is sorted by age, the oldest first"
expect '^. +t[0-9]+ +mutex .* waiter-1 ' "a row has a state and a name"
expect '\? help +q quit' "the footer names the keys"

# Prints the NAME column from top to bottom. Some functions have the same names.
names() {
	screen | awk '/^. +t[0-9]/ && match($0, /(waiter|flicker)-[0-9]|leaver|sleeper/) {
		printf "%s ", substr($0, RSTART, RLENGTH) }'
}
names_are() { [ "$(names)" = "$1" ]; }
# All tasks are in one function, so their order does not matter.
names_are_among() { [ "$(names | tr ' ' '\n' | sort | tr '\n' ' ')" = "$1" ]; }

press s
expect 'Sort by' "s opens the list of columns"
press G k k k k k k Enter
expect 'NAME▲' "Enter sorts by the chosen column"
until_true names_are 'flicker-1 flicker-2 leaver sleeper waiter-1 waiter-2 waiter-3 '
ok $? "rows are in the order of names"
press S
expect 'NAME▼' "S reverses the order"
until_true names_are 'waiter-3 waiter-2 waiter-1 sleeper leaver flicker-2 flicker-1 '
ok $? "rows are in the reverse order"
press '<'
expect 'WAITS ON[▲▼]' "< sorts by the column to the left"
press '>' '>'
expect 'FUNCTION[▲▼]' "> sorts by the column to the right"

press /
typed 'waiter'
until_true names_are_among 'waiter-1 waiter-2 waiter-3 '
ok $? "the filter is applied while it is typed"
typed '-2 fn~['
expect '^ {15,22}\^ ' "a mistake is marked below it"
names_are 'waiter-2 '
ok $? "the last valid filter still applies"
press Escape
wait_gone '^filter:'
until_true sees 'sleeper'
ok $? "Esc restores the filter before"
press f
typed 'state:mutex'
press Enter
expect '3 of [0-9]+ shown' "Enter keeps the filter, and the footer counts the matches"
expect 'filter: state:mutex' "the footer shows the filter"
press /
press C-u Up
expect '^filter: state:mutex' "up recalls an earlier filter"
press C-u
typed 'state:chansend'
expect 'did you mean chan-send\?' "an unknown state is refused with a suggestion"
press C-u Enter
wait_for 'sleeper'
press 2
expect '\[2:lock 4\]' "a digit filters by class"
sees_not 'sleeper'
ok $? "only tasks of that class are shown"
press 0
expect 'sleeper' "0 shows all again"
press i
expect 'idle hidden' "i hides idle tasks"
sees_not 'sleeper'
ok $? "idle rows are gone"
press i
wait_for 'sleeper'

press p
expect 'PAUSED' "p pauses and the header says so"
wait_for '^ +> +[0-9]+ ' # the preview reads the source code when the cursor rests
before=$(screen)
# The two flickers wake up six times a second and the view samples once: after this a table that is
# not paused shows other ages.
turns() {
	awk '/^voluntary_ctxt/ { sum += $2 } END { print sum }' "/proc/$target/task/"*/status
}
turns_before=$(turns)
have_turned() { [ "$(turns)" -ge $((turns_before + 12)) ]; }
until_true have_turned
[ "$before" = "$(screen)" ]
ok $? "a paused table does not change"
press Space
wait_gone 'PAUSED'

press s
wait_for 'Sort by'
press g j j j j j Enter
press Home e
expect '^ +(SWITCHES|CREATED BY|CPU%) ' "e shows the texts that do not fit"
press e c
wait_for 'Columns'
press g j j j j Space Escape
wait_gone 'Columns'
sees_not 'STATE'
ok $? "c hides a column"
press c
wait_for 'Columns'
press G Space Escape # shows it again
wait_gone 'Columns'

esc=$(printf '\033')
row_has_cursor() { colored | sed -n "$1p" | grep -qE "$esc\[[0-9;]*7m"; }
mouse 0 10 6
until_true row_has_cursor 6
ok $? "a click selects its row"
mouse 0 10 14
mouse 65 10 6
# If its bytes arrived with a pause between them, they were not read as a mouse event.
until_true row_has_cursor 9 || { mouse 65 10 6 && until_true row_has_cursor 9; }
ok $? "the wheel moves the cursor; a click below the rows did not"
mouse 0 4 3
expect 'ID *[▲▼]' "a click on a title sorts by it"
mouse 0 28 2
expect '\[2:lock 4\]' "a click on a class filters"
press 0 +
expect 'samples every 2.0s' "+ makes the interval longer"
press Home
row=$(cursor_place)
press j
until_true cursor_has_left "$row"
sees_not 'samples every'
ok $? "the next key ends the message of the one before"
cd "$work" || exit 1
tmux -L "$server" send-keys -t view y
wait_for 'written to '
file=$(screen | sed -n 's/.*written to \([^ ]*\).*/\1/p')
case $file in
/*) ;;
*) file=$(readlink "/proc/$(view_pid)/cwd")/$file ;;
esac
[ -s "$file" ] && grep -q waiter-1 "$file"
ok $? "y writes the snapshot to a file and says its name"
rm -f "$file"
press W
wait_for 'settings saved to ' && grep -q interval "$work"/config/grmon-c/config.json
ok $? "W saves the settings and says where"

press '?'
expect 'one row up' "? shows the help"
expect 'line 1 of [0-9]+' "the help says where in it the screen is"
press q
wait_gone 'one row up'
press q
expect '^status=0' "q ends the client with status 0"
