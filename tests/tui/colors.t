#!/bin/sh
# SPDX-License-Identifier: MIT
# Colour says one thing: of a stuck row the mark, the state and the age are red and the rest is not;
# the row under the cursor has one background. Themes and keys come from config.json.
. "$(dirname "$0")/lib.sh"
plan 16

esc=$(printf '\033')
red='(31|91|38;5;196|38;5;160|38;5;203)'
# painted PATTERN: a line with its colours matches; "^" stands for the escape character.
painted() { colored | sed "s/$esc/^/g" | grep -qE -- "$1"; }
expect_painted() { until_true painted "$1"; ok $? "$2"; }
config() { mkdir -p "$work/config/grmon-c" && printf '%s\n' "$1" >"$work/config/grmon-c/config.json"; }

start_target
open_shell 120 24
tmux -L "$server" set-option -g default-terminal screen-256color
view --stuck 1s "$target"
press Home
# The mark, then the id in no colour, then the state.
more='(\^\[[0-9;]*m)*' # further changes of the colours
expect_painted "${red}m${more}!$more t[0-9]+ +$more\\^\\[[0-9;]*${red}m${more}mutex" \
	"the mark and the state of a stuck row are red, its id is not"
expect_painted "${red}m${more} *>[0-9.]+m?s\\^\\[" "its age is red"
painted "${red}m *(1|0\\.0|waiter|tui_tasks\\.c[^^]*)"
[ $? -ne 0 ]
ok $? "nothing else of it is red"
expect_painted '38;5;130m\?' "the mark of a long row has a colour of its own"
step j cursor_is_at 'mutex'
expect_painted "\\[([0-9]+;)*7m[^!]*!\\^?" "the row under the cursor is reversed from its mark on"
press g
wait_for 'COUNT'
expect_painted "${red}m${more}!" "a group with stuck tasks has a red mark"
painted "${red}m[^^]*tui_tasks\\.c"
[ $? -ne 0 ]
ok $? "its place is not red"
press q
press q
wait_for '^status=0'

for theme in dark:203 light:160; do
	config "{\"theme\": \"${theme%:*}\"}"
	run_in_shell "clear; TERM=screen-256color $client --stuck 1s $target; echo status=\$?"
	wait_for 'ID +STATE'
	expect_painted "38;5;${theme#*:}m" "theme ${theme%:*} has a red of its own"
	press q
	wait_for '^status=0'
done
config '{"theme": "none"}'
view --stuck 1s "$target"
wait_for '^!'
painted '\[([0-9]+;)*(3[0-8]|9[0-7])[;m]'
[ $? -ne 0 ]
ok $? "theme none has no colours"
painted '\[([0-9]+;)*7m'
ok $? "the cursor is still visible"
press q
wait_for '^status=0'

config '{"keys": {"help": "F3 H", "next": "?"}}'
"$client" help keys >"$work/keys"
grep -qE '^  F3 H +help ' "$work/keys" && grep -qE '^  \? +next ' "$work/keys"
ok $? "help keys prints the keys in force"
grep -qE '^  n +next ' "$work/keys"
[ $? -ne 0 ]
ok $? "and not those that they replace"
view "$target"
expect '^H |F3 help' "the footer names the new key"
press H
expect 'one row up' "the new key works"
press q
wait_for 'ID +STATE'
press q
wait_for '^status=0'
config '{"keys": {"nxt": "n"}}'
run_in_shell "clear; $client $target; echo status=\$?"
expect "line 1: \"keys\": unknown action 'nxt'" "an unknown action is refused, with its line"
