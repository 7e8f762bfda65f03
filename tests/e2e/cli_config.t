#!/bin/sh
# SPDX-License-Identifier: MIT
# The configuration file: its settings are used, the command line overrides them, and a file with
# an error is refused as a whole, with nothing written to stdout.
. "$(dirname "$0")/lib.sh"
need python3
plan 11

file=$XDG_CONFIG_HOME/grmon-c/config.json
mkdir "$XDG_CONFIG_HOME/grmon-c"
start sleep 600
pid=$last
check 'the target is running' until_true sees "$pid" 'row state=sleep'

header() { "$client" dump "$pid" "$@" | sed -n '/^$/{n;p;q;}'; }
refused() {
	printf '%s' "$1" >"$file"
	cp "$file" "$work/before"
	"$client" dump "$pid" >"$work/out" 2>"$work/err"
	code=$?
	cat "$work/err"
	[ $code -eq 2 ] && [ ! -s "$work/out" ] && grep -qF "$file" "$work/err" &&
		grep -qF -- "$2" "$work/err" && cmp "$file" "$work/before"
}

echo '{"columns": "id,state", "filter": "state:channel"}' >"$file"
ok "$([ "$(header)" = 'ID      STATE' ] || [ "$(header | tr -s ' ')" = 'ID STATE' ]; echo $?)" 'the columns of the file are used' "$(header)"
check 'the filter of the file is used' sees "$pid" 'has counts.tasks=1 and count = 0'
ok "$([ "$(header --columns age)" = '   AGE' ] || [ "$(header --columns age | tr -d ' ')" = AGE ]; echo $?)" 'the command line overrides the file' "$(header --columns age)"
check 'a file that is not JSON is refused' refused '{"columns": ' 'line 1'
check 'a value of a wrong type is refused' refused '{
"hide_idle": 7}' 'line 2: "hide_idle": the value must be true or false'
check 'an unknown key is refused with a suggestion' refused '{"colums": "id"}' 'did you mean "columns"'
check 'an invalid value is refused' refused '{"columns": "id,nosuch"}' 'nosuch'
broken_help() { "$client" --help >/dev/null && "$client" help states >/dev/null; }
check 'help works with a broken file' broken_help
if [ "$(id -u)" -eq 0 ]; then
	echo 'ok 10 - a file that cannot be read is an error # SKIP root can read every file'
	echo 'ok 11 - a home directory of somebody else has no file # SKIP root can read every file'
else
	echo '{}' >"$file"
	chmod 000 "$file"
	unreadable() { "$client" dump "$pid" 2>"$work/err"; [ $? -eq 2 ] && grep -qF "$file" "$work/err"; }
	check 'a file that cannot be read is an error' unreadable
	chmod 000 "$XDG_CONFIG_HOME"
	check 'a home directory of somebody else has no file' "$client" dump "$pid"
	chmod 700 "$XDG_CONFIG_HOME"
fi
