#!/bin/sh
# SPDX-License-Identifier: MIT
# v on a Python thread, on a task of asyncio and on their group: arguments and variables of the program's functions.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip_all 'needs python3'
plan 10

python3 "$(dirname "$0")/../targets/python/locals.py" "$work/told" >"$work/ready" 2>&1 &
target=$!
started="${started:-} $target"
until_true is_ready
cd "$work" || exit 1
open_shell 120 30
view "$target"
press /
typed 'name:texts'
press Enter
wait_for ' 1 of [0-9]+ shown'
press v
expect '^ Task +t[0-9]+ +texts +cond: event 0x' 'v on a thread'
expect 'passwords, tokens or names' 'says that texts can be secrets'
expect 'Variables of frame [0-9]+ texts' 'it has the variables of its function'
expect "url = 'https://user:xxxxx@host.example/a\?b=c'" 'with their values, and no password'
press q
wait_for 'ID +STATE'
press /
press C-u
typed 'name=task-1'
press Enter
wait_for ' 1 of [0-9]+ shown'
press v
expect '^ Task +c[0-9]+ +task-1 +cond' 'v on a task of asyncio'
expect "name = 'child 1'" 'it has the variables of the coroutine that waits'
expect 'Variables of frame [0-9]+ parent' 'and of the one that awaits it'
press q
wait_for 'ID +STATE'
press /
press C-u
typed 'name:task-'
press Enter
wait_for ' 3 of [0-9]+ shown'
press g
wait_for 'COUNT'
press v
expect '^ Group +tasks in child' 'v on a group'
expect '3 different values of name' 'says what differs'
press q q
wait_for 'ID +STATE'
press y
bare() { grep -q task-1 grmon-c-*.json && ! grep -q 'child 1' grmon-c-*.json; }
until_true bare
ok $? 'the file that y writes has none'
press q
kill -9 "$target"
