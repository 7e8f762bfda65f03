#!/bin/sh
# SPDX-License-Identifier: MIT
# Ancestors of goroutines, which the runtime keeps with GODEBUG=tracebackancestors: read from
# the process, stripped too, and from the runtime's own text, and shown by every output.
. "$(dirname "$0")/lib.sh"
need go
need python3
here=$(dirname "$0")
source=$here/../targets/go/ancestors.go
export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
for flags in '' '-s -w'; do
	go build -ldflags "$flags" -o "$work/family${flags:+-stripped}" "$source" \
		>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"
done

launch() {	# launch COMMAND…: its pid in $last, once it is ready
	rm -f "$work/stacks" "$work/out"
	"$@" >"$work/out" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true grep -q '^ready' "$work/out" || sed 's/^/# /' "$work/out"
}
keeping() { echo "GODEBUG=tracebackancestors=$1"; }
end() {
	kill -9 "$last"
	wait "$last" 2>/dev/null
}
# What grmon-c reads from $last is what it reads from the text that the runtime writes.
matches() {
	dump "$last" || return 1
	kill -USR1 "$last"
	until_true test -f "$work/stacks" || return 1
	"$client" dump -f json "$work/stacks" >"$work/text.json" || return 1
	python3 "$here/go_ancestors_compare.py" "$work/dump.json" "$work/text.json" 10
}
line_of() { grep -n "$1" "$source" | head -1 | cut -d: -f1; }

# The readLoop of the connection that the job has opened, and not the one of the news.
job='name=main.readLoop ancestors.1.stack.3.function=main.(*job).run'
for program in family family-stripped; do
	launch env "$(keeping 5)" "$work/$program" "$work/stacks"
	check "$program: as the runtime says" matches
	check "$program: the whole way from main to a readLoop" ask "row $job has
		ancestors.0.stack.0.function=main.dialConn ancestors.0.stack.0.line=$(line_of 'go readLoop')
		ancestors.1.stack.*.function=main.startDial ancestors.1.stack.#=4
		ancestors.1.stack.0.line=$(line_of 'go dialConn')
		ancestors.1.stack.1.function=main.roundTrip ancestors.1.stack.1.inlined
		ancestors.1.stack.2.function=main.send
		ancestors.2.stack.0.function=main.updateImages ancestors.2.stack.0.line=$(line_of 'go j.run')
		ancestors.3.stack.0.function=main.main ancestors.3.stack.0.line=$(line_of 'go updateImages')
		ancestors.3.id=g1 ancestors.#=4"
	check "$program: the first ancestor is the creator" ask \
		"every name=main.readLoop has ancestors.0.id=@parent ancestors.0.stack=@created_by"
	end
done

launch env "$(keeping 1)" "$work/family" "$work/stacks"
check 'with one ancestor: as the runtime says' matches
check 'of the next one, the go statement alone is known' ask \
	'row name=main.dialConn has ancestors.#=2 ancestors.0.stack.0.function=main.startDial !ancestors.1.id'
end

launch "$work/family" "$work/stacks"
check 'without the setting there are none, and the creator is known' sees "$last" \
	'no ancestors and every name=main.readLoop has created_by.0.function and
	 row name=main.dialConn has created_by.0.function=main.startDial created_by.#=1'
end

# grmon-c run sets it, and keeps what GODEBUG says of other things.
launch "$client" run --ancestors 3 -- "$work/family" "$work/stacks"
check 'run --ancestors: the program keeps them' sees "$last" "row $job has ancestors.#=4 !ancestors.3.id"
end
of_run() { GODEBUG=$1 "$client" run --ancestors "$2" -- env 2>/dev/null | sed -n 's/^GODEBUG=//p'; }
same() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }
check 'other settings of GODEBUG stay' same "$(of_run 'gctrace=0,tracebackancestors=9,madvdontneed=1' 4)" \
	gctrace=0,madvdontneed=1,tracebackancestors=4
check 'without GODEBUG it is the only setting' same "$(of_run '' 16)" tracebackancestors=16
for wrong in 0 17 five -1; do
	"$client" run --ancestors $wrong -- true >/dev/null 2>"$work/err"
	same "$? $(grep -c 'is not a number from 1 to 16' "$work/err")" '2 1'
	ok $? "run --ancestors $wrong is refused" "$(cat "$work/err")"
done

launch env "$(keeping 5)" "$work/family" "$work/stacks"
dump "$last"
cp "$work/dump.json" "$work/live.json"
"$client" record -o "$work/a.grmon" --for 1s -i 0.3 "$last" 2>/dev/null
"$client" dump -f json "$work/a.grmon" >"$work/recorded.json"
check 'a recording has the same' python3 -c '
import json, sys
a, b = ({t["id"]: t["ancestors"] for t in json.load(open(f))["tasks"]} for f in sys.argv[1:])
sys.exit(a != b or not any(a.values()))' "$work/live.json" "$work/recorded.json"
"$client" dump -f json "$work/live.json" >"$work/again.json"
check 'so has a dump that is read again' python3 -c '
import json, sys
a, b = ({t["id"]: t["ancestors"] for t in json.load(open(f))["tasks"]} for f in sys.argv[1:])
sys.exit(a != b or not any(a.values()))' "$work/live.json" "$work/again.json"
"$client" dump --stacks "$last" >"$work/text"
check 'the text has them below the creator' sh -c \
	'grep -A30 " main.readLoop " "$0" | tr -s " \n" "  " |
	grep -q "created by g[0-9]* #0 main.dialConn at [^ ]* which was created by g[0-9]* #0 main.startDial at"' "$work/text"
check 'a word of a filter finds them' sh -c \
	'[ "$("$0" dump --filter "updateImages name:readLoop" -f json "$1" | grep -c "\"kind\": \"goroutine\"")" -eq 1 ]' \
	"$client" "$last"
end

# The same place creates more: by its ancestors it is one that is new, not two that have grown.
launch env "$(keeping 5)" "$work/family" "$work/stacks" 3
dump "$last"
"$client" diff -f json "$work/live.json" "$work/dump.json" >"$work/diff.json"
check 'diff tells creators with other ancestors apart' ask_file "$work/diff.json" \
	'has by_ancestors and in groups.* count a=1 b=3 stack.0.function=main.readLoop = 2'
"$client" diff --stacks "$work/live.json" "$work/dump.json" >"$work/diff"
check 'and shows them' sh -c 'grep -q "which was created by  *main.startDial" "$0"' "$work/diff"
for format in text html markdown json; do
	"$client" report -f $format --for 1s -i 0.3 --stuck chan-recv=100ms "$last" >"$work/report.$format" 2>/dev/null
done
for format in text html markdown; do
	check "report as $format: of what is stuck" grep -qi 'which was created by' "$work/report.$format"
done
check 'report as JSON: of what is stuck' ask_file "$work/report.json" \
	'in stuck.* row function=main.readLoop has ancestors.1.stack.0.function'
end
plan $tests
