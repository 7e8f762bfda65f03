#!/bin/sh
# SPDX-License-Identifier: MIT
# Code that a runtime generated in memory has the names that the runtime wrote to /tmp/perf-PID.map:
# JavaScript in node, on the stack of a thread that is not stopped.
. "$(dirname "$0")/lib.sh"
need node
need python3
plan 6

program=$PWD/tests/targets/waits.js
# launch [OPTION…]: starts node with the program, in its own folder, where it leaves a log; its pid is
# in $target.
launch() {
	: >"$work/out"
	(cd "$work" && exec node "$@" "$program") >"$work/out" 2>&1 </dev/null &
	target=$!
	started="$started $target"
	until_true grep -q '^ready' "$work/out"
}
# stack QUESTION…: asks about the frames of the main thread in a new dump.
stack() { dump "$target" && ask "in stack.* of id=t$target : $1" ${2:+"in stack.* of id=t$target : $2"}; }

launch --perf-basic-prof --interpreted-frames-native-stack
map=/tmp/perf-$target.map
own='file$=/tests/targets/waits.js'
line() { grep -n "$1" tests/targets/waits.js | cut -d: -f1; }
check 'functions of JavaScript have their names, files and lines' until_true stack \
	"values function $own ^= waitForNobody serveRequest" \
	"values line $own ^= $(line 'function waitForNobody') $(line 'function serveRequest')"
check 'functions of JavaScript are between functions of node' ask "row id=t$target has stack.*.function~='(v8::|node|libnode|Builtins_).*'"
shown() { "$client" dump "$target" --filter "id:t$target" | grep -q 'waitForNobody  *waits.js:'; }
check 'the row names the first of these functions' until_true shown
kill "$target"
wait "$target" 2>/dev/null
rm -f "$map"

# A map that another user wrote, or that is a link, is not read.
launch --interpreted-frames-native-stack
map=/tmp/perf-$target.map
echo '0 7fffffffffff planted' >"$work/planted"
ln -s "$work/planted" "$map"
nameless() { stack 'no function=planted' 'row !function'; }
check 'a link in place of the map is not followed' until_true nameless
rm -f "$map"
cp "$work/planted" "$map"
if [ "$(id -u)" -eq 0 ]; then
	chown 65534 "$map"
	check "a map of another user is not read" nameless
else
	ok 0 "a map of another user is not read # SKIP only root can make one"
fi
[ "$(id -u)" -ne 0 ] || chown 0 "$map"
planted() { stack 'row function=planted'; }
check 'a map of the same user is read, also if it appears later' until_true planted
rm -f "$map"
kill "$target"
