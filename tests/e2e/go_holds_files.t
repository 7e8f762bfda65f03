#!/bin/sh
# SPDX-License-Identifier: MIT
# Where what goroutines hold appears, and where it does not: dumps, recordings and reports have it
# with --holds only, metrics never, and a bound is said. Strings can be secrets.
. "$(dirname "$0")/lib.sh"
need go
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
GOENV=off GOFLAGS='' GO111MODULE=off GOTOOLCHAIN=local go build -ldflags '-s -w' -o "$work/holds" \
	"$(dirname "$0")/../targets/go/holds.go" >"$work/build.log" 2>&1 ||
	skip_all "go cannot build: $(tail -1 "$work/build.log")"
"$work/holds" 1200 >"$work/out" 2>&1 </dev/null &
target=$!
started="$started $target"
until_true grep -q '^ready' "$work/out" || give_up 'the target is not ready'
secret='many\.example'

contains() { grep -q "$secret" "$1" || { echo "$1 does not contain it"; return 1; }; }
lacks() {
	[ -s "$1" ] || { echo "$1 is empty"; return 1; }
	! grep -m 1 "$secret" "$1" | cut -c 1-300 | grep .
}
refuses() { # refuses STATUS PATTERN ARG…: exits with this status and says why
	wanted=$1
	pattern=$2
	shift 2
	"$client" "$@" >"$work/refused" 2>"$work/why"
	status=$?
	cat "$work/why"
	[ $status -eq "$wanted" ] && [ ! -s "$work/refused" ] && grep -q -- "$pattern" "$work/why"
}

"$client" dump -f json "$target" >"$work/plain.json"
check 'a dump without --holds has no string of the memory' lacks "$work/plain.json"
check 'and no field for it' ask_file "$work/plain.json" 'no holds?' 'has !holds_of_groups?'
dump --holds "$target"
check 'with --holds the goroutines that are asked have it' ask 'count holds?.objects?>0 > 300 and count holds?.objects?>0 <= 1064'
check 'a sentence says that there are more' ask 'has errors.*~="1000 of 12.. tasks were asked what they hold.*"'
check 'the group says what all of them hold' ask \
	'in holds_of_groups.* row function=main.(*request).serve has text~="all [0-9]+: host many.example:8080.*path /many/.*"'
check 'and what differs' ask 'in holds_of_groups.* row function=main.(*request).serve has
	differing.*.reads=path differing.*.values>300'
"$client" dump --holds --filter 'name:"(*request).serve" id~^g.*7$' "$target" >"$work/text"
check 'text: the group' grep -q 'all [0-9]*: host many\.example:8080, path /many/… ([0-9]* different)' "$work/text"
check 'a group of which nothing is shown is left out' test "$(grep -c '^[0-9]* tasks, ' "$work/text")" = 1
check 'text: one of them' grep -q '^ *path  */many/[0-9]* .*step' "$work/text"
"$client" dump --ascii --holds --filter 'name:"(*request).serve" id~^g.*7$' "$target" >"$work/ascii"
check 'text in ASCII' sh -c 'grep -q "path /many/\.\.\." "$0" && ! LC_ALL=C grep -q "[^ -~]" "$0"' "$work/ascii"

"$client" record -o "$work/plain.grmon" --for 2s -i 0.3 "$target" 2>"$work/err"
check 'a recording without --holds has no string of the memory' lacks "$work/plain.grmon"
check 'nor does its replay, which says so' refuses 3 'record with --holds' dump --holds "$work/plain.grmon"
"$client" record --holds -o "$work/held.grmon" --for 4s -i 0.3 "$target" 2>"$work/err"
check 'with --holds it has' contains "$work/held.grmon"
check 'and a message says that they can be secrets' grep -q 'can be secrets' "$work/err"
check 'only its user can read it' test "$(stat -c %a "$work/held.grmon")" = 600
"$client" dump --holds -f json "$work/held.grmon" >"$work/dump.json"
check 'a replay shows them' ask 'count name="main.(*request).serve" holds?.objects?>0 > 400'
check 'and groups' ask 'in holds_of_groups.* row function=main.(*request).serve has text~="all [0-9]+: host many.*"'
"$client" dump -f json "$work/held.grmon" >"$work/dump.json"
check 'a dump of it does not, without --holds' lacks "$work/dump.json"

"$client" record --holds -o "$work/shell.grmon" --for 1s -i 0.3 $$ 2>"$work/err"
check 'of another program it says why there is nothing' grep -q 'holds: only what goroutines and Python' "$work/err"

for format in text json markdown html; do
	"$client" report --for 2s --stuck chan-recv=100ms -f $format "$target" >"$work/plain.$format" 2>/dev/null
	check "report as $format: none without --holds" lacks "$work/plain.$format"
	"$client" report --holds --for 2s --stuck chan-recv=100ms -f $format "$target" >"$work/held.$format" 2>/dev/null
	check "report as $format: what stuck tasks have in common, with --holds" contains "$work/held.$format"
done
tr -s '\n ' '  ' <"$work/held.text" >"$work/line"
check 'how many of them were read' grep -qE '\([0-9]+ of 1200 were read\)' "$work/line"
check 'report as JSON: with the fields of a group' ask_file "$work/held.json" \
	'in stuck.* row function=main.(*request).serve has holds.members>300 holds.tasks=1200 holds.shared.*.text=many.example:8080'

for format in folded pprof speedscope openmetrics; do
	check "$format has no place for it" refuses 2 "the format $format has no place" dump --holds -f $format "$target"
done
check 'export refuses it' refuses 2 'metrics are kept for years' export --holds "$target"
check 'so does a program that is not in Go' refuses 3 'only what goroutines and Python' dump --holds $$
kill -QUIT "$target" 2>/dev/null
until_true grep -q '^goroutine 1 ' "$work/out"
cp "$work/out" "$work/stacks"
check 'and a text with stacks' refuses 3 'this is a text or a URL' dump --holds "$work/stacks"
plan $tests
