#!/bin/sh
# SPDX-License-Identifier: MIT
# Ways out of the view: Esc goes back everywhere and every footer says it, o opens the line in the
# editor, Y copies to the clipboard of the terminal. Waits whose holder is unknown; figures that are 0.
. "$(dirname "$0")/lib.sh"
need python3
plan 23

cat >"$work/editor" <<'SH'
#!/bin/sh
echo "$# $*" >"${0%/*}/edited"
echo "an editor"
read -r line
SH
chmod +x "$work/editor"
start_target
open_shell 100 30
tmux -L "$server" set-option -g set-clipboard on
run_in_shell "export VISUAL=$work/editor"
view "--interval 0.2 --sort name $target"

back() { # back KEY PATTERN NAME
	press "$1"
	wait_for "$2" && wait_for '\? help +Esc back'
	ok $? "the footer of $3 says that Esc goes back"
	press Escape
	wait_for 'ID +STATE'
	ok $? "Esc goes back from $3"
}
back Enter '^ Task ' 'a task'
back g 'COUNT' 'the groups'
back w 'waiting for others' 'the waits'
back x 'watched for' 'the resources'
back '?' '^ *Keys' 'the help'
back P 'COMMAND' 'the processes'
sees '\? help +q quit'
ok $? "the footer of the tasks says that q quits"

select_waiter() { press Home && step Down cursor_is_at waiter-2; }
select_waiter
clipboard_has() { tmux -L "$server" show-buffer 2>/dev/null | grep -qE -- "$1"; }
press Y
until_true clipboard_has '^t[0-9]+  mutex  .*waiter-2.*tui_tasks.c:[0-9]+'
ok $? "Y copies the row"
expect 'the row is copied' "it says so"
press o
expect '^an editor' "o opens an editor on the terminal"
[ "$(cat "$work/edited")" = "2 +$(grep -n 'pthread_mutex_lock' "$beside/../targets/tui_tasks.c" | head -1 | cut -d: -f1) ./tests/targets/tui_tasks.c" ] ||
	grep -qE '^2 \+[0-9]+ .*/tui_tasks\.c$' "$work/edited"
ok $? "it has the line and the file"
press Enter
expect 'ID +STATE' "the view is back when it has ended"
press Enter
wait_for '^ Task '
step Down cursor_is_at 'waiter '
press Y
until_true clipboard_has '^[0-9]+  waiter  .*tui_tasks\.c:[0-9]+'
ok $? "in a task, Y on a frame copies the stack"
press Home
step Down cursor_is_at 'mutex at 0x'
press Y
until_true clipboard_has '^0x[0-9a-f]+$'
ok $? "on the object, Y copies the address"
press Escape
wait_for 'ID +STATE'
press x
wait_for 'watched for'
wait_for ' rss [0-9]'
sees_not '^ +(children|inotify|fifo) 0 '
ok $? "figures that have always been 0 have no graph"
press q q
wait_for '^status=0'

"$client" dump -f json "$target" >"$work/dump.json"
python3 - "$work/dump.json" <<'PY'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    dump = json.load(file)
for task in dump["tasks"]:
    if task["state"] == "mutex":
        for name in list(task["waits_on"]):
            if name.startswith("owner"):
                task["waits_on"][name] = None
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(dump, file)
PY
view "$work/dump.json"
press w
expect '^mutex 0x[0-9a-f]+: 3 waits?, holder unknown' "w shows waits whose holder is unknown, by object"
expect '└─[ !] .*waiter-2 ' "and the tasks that wait"
press q q
wait_for '^status=0'
