#!/bin/sh
# SPDX-License-Identifier: MIT
# Tasks of asyncio in the view: rows, the tree of waits with its deadlocks, and groups.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip_all 'needs python3'
plan 11

python3 "$(dirname "$0")/../targets/python/asyncio_deadlock.py" >"$work/ready" 2>&1 &
target=$!
started="${started:-} $target"
until_true is_ready
open_shell 120 30
view "$target"
expect 'c[0-9]+ +join .*task mutual-0, c[0-9]+ +joiner' 'a task has a row, with the task that it awaits'
expect 'deadlock' 'the header says that tasks are in a deadlock'
press w
expect 'mutual-0' 'the waits have tasks that await each other'
expect 'late' 'and tasks that wait behind a deadlock'
press q
wait_for 'ID +STATE'
press g
expect 'enter' 'tasks are grouped by what they do'
press q q
kill -9 "$target"
wait_for '^back>.*$'

: >"$work/ready"
python3 "$(dirname "$0")/../targets/python/asyncio_several.py" >"$work/ready" 2>&1 &
target=$!
started="$started $target"
until_true is_ready
view "$target --filter name=dead-gather"
expect 'c[0-9]+ +waitgroup .*gather of 2, 2 not done' 'a task that waits for several has a row'
press Enter
expect '^ *It waits for all of 2' 'its detail lists them'
press q
wait_for 'ID +STATE'
press q
wait_for 'status='
view "$target --filter name=dead-gather-want"
press Enter
expect '^ *Awaited by' 'the detail of one of them says who awaits it'
press q
wait_for 'ID +STATE'
press w
expect 'gather of 2, 2 not done: c[0-9]+, c[0-9]+' 'and so does the tree of waits'
press q q
kill -9 "$target"
wait_for '^back>.*$'

: >"$work/ready"
python3 "$(dirname "$0")/../targets/python/asyncio_waits.py" "$work/frames" >"$work/ready" 2>&1 &
target=$!
started="$started $target"
until_true is_ready
view "$target"
wait_for 'ID +STATE'
press w '\' 'is waited for, itself'
expect '^match' 'a task that others await is waited for'
press Escape
wait_for '^. help  Esc back'
press '\' 'holds waitgroup'
expect '^no match' 'and holds nothing'
press Escape q q
kill -9 "$target"
