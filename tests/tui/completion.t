#!/bin/sh
# SPDX-License-Identifier: MIT
# Tab in the filter: columns, operators, states, labels and values of the snapshot; what all candidates
# have in common first, then a list, through which Tab and shift-Tab go.
. "$(dirname "$0")/lib.sh"
need python3
plan 22

python3 - >"$work/labels.json" <<'EOF'
import json
paths = ["/api/cart", "/api/cash", "/login page"]
tasks = [{"id": f"t{100 + i}", "kind": "thread", "tid": 100 + i, "name": ["worker-a", "worker-b", "main"][i % 3],
          "state": ["mutex", "chan-send", "poll"][i % 3], "age_ns": 10**9,
          "waits_on": {"kind": "mutex", "text": "mutex 0x10"} if i % 3 == 0 else None,
          "stack": [{"function": f"main.handler{i % 4}", "file": "main.go", "line": i}],
          "labels": {"request": paths[i % 3], "user": "ada"}} for i in range(9)]
print(json.dumps({"grmon": 1, "target": {"pid": 7, "name": "shop", "sources": ["agent"], "runtime": None},
                  "time": "2026-11-21T10:00:00.000Z", "clock_ns": 5 * 10**9, "tasks": tasks}))
EOF

is_typed() { screen | grep -qF -- "$1"; }
# filter TEXT: types it into an empty filter.
filter() {
	press C-u
	typed "$1"
	until_true is_typed "filter: $1"
}
# completes_to TEXT NAME: the line is this now.
completes_to() {
	until_true is_whole "filter: $1"
	ok $? "$2"
}
is_whole() { screen | grep -qxF -- "$1"; }

open_shell 80 24
view "$work/labels.json"
wait_for '9 shown'
press /
expect 'Tab completes' 'the hint names Tab'
filter 'na'
press Tab
completes_to 'name:' 'a column that is the only one'
press Tab
completes_to 'name:' 'several values: what they have in common, here nothing'
expect '^main +worker-a +worker-b' 'and a list'
expect '^3: Tab takes the first' 'and how many there are'
press Tab
completes_to 'name:main' 'Tab takes the first'
expect '^1 of 3: Tab next' 'says which it is'
expect_gone 'worker-a +/api' 'and the filter is applied'
press Tab Tab Tab
completes_to 'name:main' 'round the end'
press BTab
completes_to 'name:worker-b' 'shift-Tab goes back'
typed ' st'
wait_gone '1 of 3'
sees_not '^main +worker'
ok $? 'another key keeps it and closes the list'
press Tab
completes_to 'name:worker-b sta' 'state and stack have three letters in common'
press Tab
completes_to 'name:worker-b state:' 'state comes first'
filter '!state:mu'
press Tab
completes_to '!state:mutex' 'a state, after a negation'
filter 'label.r'
press Tab
completes_to 'label.request:' 'the key of a label'
press Tab
press Tab
press Tab
completes_to 'label.request:/api/cart' 'its values'
press Tab Tab
expect '^filter: label.request:"/login page"' 'with quotes where there is a space' 
filter 'fn:handler2'
press Tab
completes_to 'fn:main.handler2' 'a value that contains what was typed'
filter 'age'
press Tab
expect '^age> +age< +age>= +age<=' 'the operators of a column'
filter 'name:nobody'
press Tab
expect '^nothing here completes this' 'nothing fits'
resize 40 8
filter 'state:chan'
press Tab
expect '^chan-send +chan-recv' 'in a small terminal too'
resize 80 24
press Escape
wait_for '9 shown'
press g
wait_for 'FUNCTION +COUNT'
press /
filter 'waits:m'
press Tab
completes_to 'waits:mutex' 'also in the groups'
press Escape
wait_gone '^filter:'
press q
