#!/bin/sh
# SPDX-License-Identifier: MIT
# Rows that are alike are one row with a count: by itself above a screenful; Enter and e show them, u
# turns it off. Cursor, filter and the next stuck task work through folds.
. "$(dirname "$0")/lib.sh"
need go
plan 13

GOENV=off GOFLAGS="" GOTOOLCHAIN=local go build -o "$work/stories" \
	"$(dirname "$0")/../targets/go/stories.go" 2>"$work/build.log"
"$work/stories" producer 40 >"$work/out" 2>&1 </dev/null &
last=$!
started="$started $last"
until_true grep -q '^ready' "$work/out" || give_up 'the program is not ready'

no_preview
open_shell 120 60
view --stuck 1s "$last"
wait_for ' g[0-9]+ .*chan-send'
sees_not '×40'
ok $? "on a screen that shows all rows, none is folded"
resize 120 20
expect '▸×40 +chan-send .*newProducer' "above a screenful, goroutines that are alike are one row"
expect '[0-9]+ shown in [0-9] rows' "the footer says so"
press Home
step j cursor_is_at '×40'
ok $? "the cursor moves to it"
expect '! +▸×40' "when they are stuck, they still are one row"
cursor_is_at '×40'
ok $? "the cursor stays on it from sample to sample"
press Enter
expect '▾×40' "Enter opens it"
expect '^!  g[0-9]+ +chan-send' "its rows follow"
press j Enter
wait_for '^ State +chan-send' && press q
expect '▾×40' "a row in it opens the task, and the way back leads to it"
step k cursor_is_at '×40'
press e
expect '▸×40' "e closes it"
press Home n
until_true cursor_is_at '×40'
ok $? "n goes to a fold that is stuck"
press /
typed 'newProducer'
press Enter
expect '40 of [0-9]+ shown in 1 rows?' "the filter counts the tasks in folds"
press u
expect '^! g[0-9]+ +chan-send' "u gives each task a row"
press q
