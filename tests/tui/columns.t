#!/bin/sh
# SPDX-License-Identifier: MIT
# Columns of the tables of tasks and of groups: at every width from 40 to 240, of five real programs,
# more width never shows less, and the late columns come when the others are whole. A column that is the same in every
# row, or repeats another, is left out: the footer says so, and c brings it back.
. "$(dirname "$0")/lib.sh"
plan 20

dump() { "$client" dump "$1" -f json >"$work/$2.json" 2>"$work/dump.err"; }
# never_less NAME: the dump in $work/NAME.json is drawn at every width.
never_less() {
	"$BUILD/tests/tui/render" "$work/$1.json" 2>"$work/wrong"
	ok $? "$1: more width never shows less"
	sed 10q "$work/wrong"
}
# launch PATTERN NAME COMMAND…: starts a program and dumps it when the pattern is in its dump.
launch() {
	pattern=$1
	name=$2
	shift 2
	"$@" >/dev/null 2>&1 </dev/null &
	started="$started $!"
	last=$!
	until_true has "$last" "$name" "$pattern" || echo "# $name is not ready"
}
has() { dump "$1" "$2" && grep -q "$3" "$work/$2.json"; }
without() { # without COUNT WHY: reports tests of a program that is not here
	for _ in $(seq "$1"); do
		tests=$((tests + 1))
		echo "ok $tests - # SKIP $2"
	done
}

start_target
until_true has "$target" tests waiter-3
never_less tests
cp "$(dirname "$0")/../data/fuzz/fuzz_stream/service.json" "$work/service.json"
never_less service

if command -v redis-server >/dev/null; then
	launch bio_lazy_free redis redis-server --port 0 --unixsocket "$work/redis" --save ''
	never_less redis
else
	without 1 'there is no redis-server'
fi

if command -v python3 >/dev/null; then
	launch worker-7 python python3 -c '
import threading
done = threading.Event()
for i in range(8):
    threading.Thread(target=done.wait, name="worker-%d" % i).start()
    open("/proc/self/task/%d/comm" % threading.enumerate()[-1].native_id, "w").write("worker-%d" % i)'
	never_less python
else
	without 1 'there is no python3'
fi

if command -v node >/dev/null; then
	launch epoll node node -e 'setInterval(() => {}, 100000)'
	never_less node
else
	without 1 'there is no node'
fi

no_preview
open_shell 120 40 # with room for every row
if command -v go >/dev/null; then
	GOENV=off GOFLAGS="" GOTOOLCHAIN=local go build -o "$work/stories" \
		"$(dirname "$0")/../targets/go/stories.go" 2>"$work/build.log"
	launch newProducer go "$work/stories" producer 20
	never_less go
	view --filter name:newProducer "$last"
	expect 'shown, all with LOCATION stories.go:26, the same CREATED BY' \
		"Go: what is the same in every row is left out, and NAME, which repeats FUNCTION"
	sees_not 'LABELS|CPU% -'
	ok $? "Go: the footer does not list what is empty or unknown"
	sees_not 'ID.*(NAME|CREATED BY)'
	ok $? "Go: their titles are gone"
	press c
	wait_for '\[~\] NAME '
	press G k k k k k k Space
	expect '\[x\] NAME ' "c marks a column to be shown always"
	press Escape
	expect 'ID.*NAME' "it is shown although it repeats another"
	press Escape
	expect 'CREATED BY' "with other rows a column comes back"
	press q
	wait_for '^status=0'
else
	without 7 'there is no go'
fi

run_in_shell "clear; $client --columns id,state,name,labels,cpu? $target; echo status=\$?"
wait_for 'ID +STATE'
expect 'STATE +NAME +LABELS' "--columns: a column that the user names is shown, even if it is empty"
press W
wait_for 'settings saved'
grep -q '"columns": "id,state,name,labels,cpu?"' "$work/config/grmon-c/config.json"
ok $? "W saves which columns may be left out"
press q
wait_for '^status=0'
run_in_shell "clear; $client --columns +labels,-cpu $target; echo status=\$?"
wait_for 'ID +STATE'
expect 'LABELS' "--columns +labels: shown, even if it is empty"
sees_not 'CPU%'
ok $? "--columns -cpu: not shown"
press q
wait_for '^status=0'

rm -f "$work/config/grmon-c/config.json"
resize 60 24
view "$target"
press l l
expect '^! ID +WAITS ON *$' "l scrolls the columns to the left, and ID stays"
expect 'held by t[0-9]+ *$' "a scrolled column is whole"
press h h
wait_for 'ID +STATE'
press c
wait_for '\[x\] STATE'
press j j j j l l l
expect '\[x\] STATE +1[0-9]' "l in the list of columns makes a column wider"
press Escape
wait_gone '^Columns'
press W
wait_for 'settings saved'
grep -qE '"columns": "mark,id,pid\?,process\?,state:1[0-9],age,waits\?' "$work/config/grmon-c/config.json"
ok $? "W saves the width"
press q
