#!/bin/sh
# SPDX-License-Identifier: MIT
# What a goroutine holds, and what a group has in common: the pane of v on three widths, from
# a dump made by hand that contains what a terminal must not see.
. "$(dirname "$0")/lib.sh"
need python3
python3 "$(dirname "$0")/holds_make.py" 822 "$work/held.json" || give_up 'no dump'

# in_order PATTERN: all lines of the screen, joined by spaces, match.
in_order() { screen | tr '\n' ' ' | grep -qE -- "$1"; }
open_pane() { # open_pane WIDTH HEIGHT: of one of the goroutines
	resize "$1" "$2"
	press v
	wait_for '^ What it holds'
}

open_shell 80 40
view "$work/held.json"
press /
typed 'id:g17'
press Enter
wait_for '1 of 823 shown'
open_pane 80 40
expect '^ Task +g17 +net/http\.\(\*persistConn\)\.readLoop +select' 'the task and its state come first'
expect '^ Read +at 06:03:43: 140 objects in 1\.2 ms; r reads again' 'when it was read'
expect '^ Secrets +strings can be passwords' 'strings can be secrets'
until_true in_order 'connection .* path .* host .* header .* function +main\..* channel .* function +net/http.* value .* text .* Variables of frame 1 main\.\(\*job\)\.run'
ok $? 'the order tells the story: connections, hosts and paths, own functions first, variables last'
expect 'path +/v2/image-0/manifests/latest .*none of [0-9]+ others' 'what only this one holds is called so'
expect 'host +registry\.example:443 .*3 of 64 others' 'and how many others hold the rest'
expect '^ +retries = 5' 'variables have their names'
step Down cursor_is_at 'j = {name'
expect '^ local: j = \{name: "images", every: 47m0s\} long' 'the line of the cursor is below in full'
expect 'end of it' 'wrapped, up to its end'
typed '/'
wait_for '^search:'
typed 'example'
until_true cursor_is_at 'registry.example'
ok $? 'a search moves the cursor while it is typed'
press C-u
typed 'manifests'
press Enter
until_true cursor_is_at '/v2/image-0'
ok $? 'also backwards'
press C-u
press n
until_true cursor_is_at '/v2/image-0'
ok $? 'n goes on to the next, round the end'
typed '/'
typed 'nowhere'
press Enter
expect '^no match' 'what is not there is said'
press Escape
wait_for '^\? help'
press Escape
expect 'ID +STATE' 'Esc leads back to the tasks'

open_pane 200 40
expect 'path +/v2/image-0/manifests/latest +conn → req → URL\.Path +3 steps +none of [0-9]+ others' \
	'a wide line has the way and the steps'
expect 'header +Authorization\\x1b\]0;evil\\x07\\x0d\\x0a' 'control characters are escaped'
colored >"$work/colored"
[ "$(LC_ALL=C tr -d '\n -~\200-\377\033' <"$work/colored" | wc -c)" -eq 0 ] &&
	! grep -q "$(printf '\033]')" "$work/colored" && ! grep -q "$(printf '\342\200\256')" "$work/colored"
ok $? 'and none of them reaches the terminal'
press v
wait_for 'ID +STATE'
open_pane 120 40
expect 'path +/v2/image-0/manifests/latest +conn → req → URL\.Path +none of [0-9]+ others' \
	'a line of 120 columns has the way'
press '?'
wait_for 'what this goroutine holds'
press q
expect '^ What it holds' 'the help leads back'
press q
wait_for 'ID +STATE'
press Escape
wait_for '823 shown'

resize 220 50
press g
wait_for 'FUNCTION +COUNT'
press v
expect '^ Group +tasks in net/http\.\(\*persistConn\)\.readLoop' 'a group'
expect '^ Read +at [0-9:]+: 822 of 822, compared with ' 'how many were read'
until_true in_order 'What they have in common .*all 822 +host registry\.example:443 .*all 822 +connections to 10\.0\.0\.3:443 .*all 822 +path /v2/… \(822 different\)'
ok $? 'what they have in common: host, far end, beginning of the path'
expect '822 different paths, such as /v2/image-0/manifests/latest' 'what differs'
expect '^ What one of them holds: g17' 'and one of them'
press q
expect 'IN COMMON' 'the list of groups has a column for it'
expect 'all 822: host registry\.example:443, path /v2/' 'with the sentence'
press Enter
expect '^ Holds +all 822: host registry\.example:443, path /v2/… \(822 different\), ' \
	'and the detail of the group'
expect ' \(read at 06:03:43\)' 'which says when it was read'
press v
wait_for '^ What they have in common'
press q
expect '^ Holds ' 'q leads back to where v was pressed'
press t
wait_for 'ID +STATE'
press /
typed 'name:main.main'
press Enter
wait_for '1 of 823 shown'
press v
expect 'this recording does not say what it held; record with --holds' 'without holds it says why'
press q
press q
wait_for '^back>'
run_in_shell "clear; $client --ascii --filter id:g17 $work/held.json"
wait_for 'ID +STATE'
press v
expect 'conn -> req -> URL\.Path' 'without UTF-8, arrows are ASCII'
press q
press q
plan $tests
