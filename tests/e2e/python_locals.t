#!/bin/sh
# SPDX-License-Identifier: MIT
# Arguments and variables of Python functions, by every interpreter that is installed: as the program itself writes
# them down, and only where they are asked for.
. "$(dirname "$0")/lib.sh"
need python3
pythons >"$work/pythons"
[ -s "$work/pythons" ] || skip_all 'there is no CPython from 3.8 on'
plan $((2 * $(wc -l <"$work/pythons") + 8))


same() { dump "$target" --holds && "$(dirname "$0")/python_locals_compare.py" "$work/dump.json" "$work/told"; }
# Both numbers of a pair were equal at every moment.
pairs() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		"$client" dump "$target" --holds --filter name=busy -f json >"$work/dump.json" || return 1
		grep -o '([0-9]*, [0-9]*)' "$work/dump.json"
	done | awk '{ gsub(/[(,)]/, "") } $1 != $2 { print; bad = 1 } END { exit bad }'
}

while read -r python; do
	version=$("$python" -c 'import platform; print(platform.python_version())')
	begin_python "$python" locals.py "$work/told"
	check "$version: variables of threads and tasks are as the program itself says" until_true same
	end_target
	begin_python "$python" locals.py "$work/told" busy
	check "$version: no value is of two moments" pairs
	end_target
done <"$work/pythons"

begin_python python3 locals.py "$work/told"
bounded() { ask 'every name=collections_of has holds.objects<401 holds.cut=false holds.why=null'; }
dump "$target" --holds
check 'what is read is counted' bounded
silent() { dump "$target" && ! grep -q 'host.example\|Müller' "$work/dump.json"; }
check 'a dump without --holds has no values' silent
text() { "$client" dump "$target" --holds --filter name=texts | grep -F "url = 'https://user:xxxxx@host.example/a?b=c'  (frame"; }
check 'text has them below the row, and passwords in URLs are not shown' text
groups() { "$client" dump "$target" --holds --filter 'name~^task-' | grep -F "3 different values of name, such as 'child"; }
check 'tasks at one place are compared' groups
record_some 2 "$work/tape" "$target" -i 0.1
bare() { [ -s "$work/tape" ] && ! grep -q 'host.example\|Müller' "$work/tape"; }
check 'a recording has none' bare
record_some 4 "$work/tape" "$target" -i 0.1 --holds
taped() { "$client" dump "$work/tape" --holds -f json >"$work/dump.json" && grep -q 'xxxxx@host.example' "$work/dump.json"; }
check 'a recording with --holds has them' taped
merged() {
	dump "$target" --holds --runtime && "$(dirname "$0")/python_locals_compare.py" "$work/dump.json" "$work/told"
}
check 'with frames of C between them, variables are of the same functions' until_true merged
end_target
start sleep 600
never() { "$client" dump "$last" --holds >"$work/log" 2>&1; [ $? -eq 3 ] && grep -q 'neither Go nor Python' "$work/log"; }
check 'a program of another language says why' never
