#!/bin/sh
# SPDX-License-Identifier: MIT
# Marks: tasks that are new, gone or changed since a mark, groups that are new, gone, grown or
# shrunk, and several marks. The targets are a Go program that obeys orders, and the demo server
# with the agent.
. "$(dirname "$0")/lib.sh"
need go
need curl
export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
go build -ldflags '-s -w' -o "$work/rooms" "$(dirname "$0")/../targets/go/rooms.go" \
	>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"
plan 34

mkfifo "$work/orders"
: >"$work/done"
"$work/rooms" <"$work/orders" >"$work/done" 2>/dev/null &
target=$!
started="$started $target"
exec 9>"$work/orders"
order() { # gives the Go program an order and waits until it is done
	echo "$*" >&9
	until_true grep -qx "$*" "$work/done" || echo "# not done: $*"
	: >"$work/done"
}
until_true grep -q ready "$work/done"
order enter kitchen 5
order enter cellar 3

open_shell 120 50
view "-i 0.1 $target"
until_true sees 'tasks 9 '
press d
expect 'changes since the start [0-9:]+' "d shows what has changed since the start"
expect 'No task has changed since the mark' "nothing has changed yet"
order enter kitchen 2
two_new() { [ "$(screen | grep -cE '^. +g[0-9]+ +new +chan-recv .*main.kitchen')" -eq 2 ]; }
until_true two_new
ok $? "two tasks are new"
expect '2 new, 0 gone, 0 moved since the start' "the footer counts them"
press m
expect 'mark 1 [0-9:]+: d shows what changes' "m sets a mark"
expect_gone ' new +chan-recv' "nothing is new since the mark"
order leave kitchen 3
order enter attic 4
order leave cellar 3
expect '4 new, 6 gone, 0 moved since mark 1' "new and gone are counted apart"
gone() { [ "$(screen | grep -cE '^[^ ]? +g[0-9]+ +gone ')" -eq 6 ]; }
until_true gone
ok $? "tasks that are gone keep their last row"
expect '^[^ ]? +g[0-9]+ +gone +chan-recv .*main.cellar' "tasks that are gone have their last wait"

press g
expect '^. +main.attic.* +4 +new \+4 ' "a group is new"
expect '^- +main.cellar.* +0 +gone -3 ' "a group is gone"
expect '^. +main.kitchen.* +4 +-3 ' "a group has shrunk"
expect_gone 'main.main' "no unchanged group is shown"
order enter kitchen 6
expect '^. +main.kitchen.* +10 +\+3 ' "a group has grown"
press Home
step j cursor_is_at main.cellar
press Enter
expect 'Gone +none of its tasks is left' "a gone group can be opened"
expect 'Change +-3 since mark 1 [0-9:]+, when it had 3' "a gone group says what it was"
press q
wait_for '^! +FUNCTION'

press m
expect 'mark 2 [0-9:]+:' "m sets a second mark"
expect 'No group has changed since the mark' "nothing has changed since the second mark"
order enter cellar 1
expect '^. +main.cellar.* +1 +new \+1 ' "a group has changed since the second mark"
press M
expect 'compared with the start [0-9:]+, 1 of 3' "M compares with the start"
expect '^. +main.cellar.* +1 +-2 ' "there are fewer tasks since the start"
press M
expect 'compared with mark 1 [0-9:]+, 2 of 3' "M again compares with the first mark"
expect '^. +main.attic.* +new \+4 ' "the attic is new since the first mark"
press t
expect '9 new|[0-9]+ new, [0-9]+ gone' "the tasks are compared with the same mark"
order move attic 2
expect '^. +g[0-9]+ +new +mutex .*main.attic' "a new task that moves is still new"
press m
order move attic 1
expect '^. +g[0-9]+ +was select +mutex .*main.attic' "an earlier task has moved"
expect '0 new, 0 gone, 1 moved since mark 3' "moved tasks are counted"
press Home
press Enter
expect 'State +mutex' "Enter opens the task"
press q
wait_for '^! +ID +CHANGE'
press d
expect_gone 'changes since' "d again shows all tasks"
expect '^. +g[0-9]+ +chan-recv .*main.kitchen' "all tasks include unchanged ones"
press q
wait_for '^status=0'
exec 9>&-

"$BUILD/examples/leaky-server" --port 0 >"$work/line" 2>/dev/null &
target=$!
started="$started $target"
until_true grep -q pid "$work/line"
url=$(sed 's/ .*//' "$work/line")
curl -fsS --max-time 10 "$url?user=1" >/dev/null
view "-i 0.1 $target"
until_true sees 'tasks 3 '
press m d
wait_for 'changes since mark 1'
curl -fsS --max-time 10 "$url?user=2" >/dev/null
expect '^. +t[0-9]+ +new +chan-send .*send_product' "one request more is one thread more"
expect '1 new, 0 gone, 0 moved since mark 1' "earlier threads are not shown"
press g
expect '^. +send_product +2 +\+1 ' "the group of that thread has grown by one"
press b b b
expect '^. +request=/products\?user=2 +1 +new \+1 ' "the label of that request is new"
press q q
