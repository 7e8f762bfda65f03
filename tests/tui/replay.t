#!/bin/sh
# SPDX-License-Identifier: MIT
# A recording in the view: the header says so, pictures are stepped through, ages stand.
. "$(dirname "$0")/lib.sh"
plan 5

start_target LD_PRELOAD="$agent"
cd "$work" || exit 1
"$client" record "$target" -o file.grmon -i 0.1 --for 1 || echo "Bail out! no recording"
open_shell 110 30
view "$work/file.grmon"
expect 'REPLAY [0-9:]*Z' "the header says that it is a recording, and of when"
expect 'sleeper' "its tasks are there"
age() { screen | grep sleeper | grep -oE '[0-9.]+m?s ' | head -n 1; }
newest=$(age)
press '['
changed() { [ -n "$(age)" ] && [ "$(age)" != "$newest" ]; }
for _ in 1 2 3 4 5; do press '['; done
until_true changed
ok $? "steps back show younger tasks"
for _ in 1 2 3 4 5 6; do press ']'; done
same() { [ "$(age)" = "$newest" ]; }
until_true same
ok $? "and steps on bring the newest picture, which has not aged"
press '{'
until_true changed
ok $? "a jump goes back as far as there is something"
press q
