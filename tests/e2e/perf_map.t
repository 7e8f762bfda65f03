#!/bin/sh
# SPDX-License-Identifier: MIT
# Code that a runtime made in memory has the names that the runtime wrote to
# /tmp/perf-PID.map: JavaScript of node, on the stack of a thread that is not stopped.
. "$(dirname "$0")/lib.sh"
need node
need python3
plan 6

program=$PWD/tests/targets/waits.js
# launch [OPTION…]: node on the program, in a folder of its own, as it leaves a log there;
# its pid in $target.
launch() {
	: >"$work/out"
	(cd "$work" && exec node "$@" "$program") >"$work/out" 2>&1 </dev/null &
	target=$!
	started="$started $target"
	until_true grep -q '^ready' "$work/out"
}
stack() { dump "$target" && query "$(echo "$1" | sed "s/MAIN/having(id='t$target')[0]/g")"; }

launch --perf-basic-prof --interpreted-frames-native-stack
map=/tmp/perf-$target.map
names="[f['function'] for f in MAIN['stack']]"
callers="[(f['function'], f['line']) for f in MAIN['stack'] if (f['file'] or '').endswith('/tests/targets/waits.js')]"
line() { grep -n "$1" tests/targets/waits.js | cut -d: -f1; }
check 'functions of JavaScript have their names, files and lines' until_true stack \
	"${callers}[:2] == [('waitForNobody', $(line 'function waitForNobody')), ('serveRequest', $(line 'function serveRequest'))]"
check 'between those of node' query "$(echo "[n for n in $names if (n or '').startswith(('v8::', 'node', 'libnode', 'Builtins_'))]" | sed "s/MAIN/having(id='t$target')[0]/g")"
shown() { "$client" dump "$target" --filter "id:t$target" | grep -q 'waitForNobody  *waits.js:'; }
check 'the row names the first of them' until_true shown
kill "$target"
wait "$target" 2>/dev/null
rm -f "$map"

# As another user would write it, and as a link: neither is read.
launch --interpreted-frames-native-stack
map=/tmp/perf-$target.map
echo '0 7fffffffffff planted' >"$work/planted"
ln -s "$work/planted" "$map"
nameless() { stack "not [f for f in MAIN['stack'] if f['function'] == 'planted'] and [f for f in MAIN['stack'] if not f['function']]"; }
check 'a link in its place is not followed' until_true nameless
rm -f "$map"
cp "$work/planted" "$map"
if [ "$(id -u)" -eq 0 ]; then
	chown 65534 "$map"
	check "nor is another user's file read" nameless
else
	ok 0 "nor is another user's file read # SKIP only root can make one"
fi
[ "$(id -u)" -ne 0 ] || chown 0 "$map"
planted() { stack "[f for f in MAIN['stack'] if f['function'] == 'planted']"; }
check 'that of its own user is, also when it comes later' until_true planted
rm -f "$map"
kill "$target"
