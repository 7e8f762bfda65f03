#!/bin/sh
# SPDX-License-Identifier: MIT
# The leak verdict on Go servers, each recorded for a few seconds: for servers that leak, the report
# names the responsible function, with numbers; the others have no leak.
. "$(dirname "$0")/lib.sh"
need go
need python3
export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
go build -ldflags '-s -w' -o "$work/climbs" "$(dirname "$0")/../targets/go/climbs.go" \
	>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"

leaking='producer agents bodies tickers day-leak steps nil'
healthy='fixed pool day'
targets=$(cd "$(dirname "$0")/../targets" && pwd)
cd "$work" || exit 1
for story in $leaking $healthy; do
	"$work/climbs" $story 50 >"$story.out" 2>&1 </dev/null &
	started="$started $!"
	echo $! >"$story.pid"
done
for story in $leaking $healthy; do until_true grep -q ready "$story.out"; done
recorders=
for story in $leaking $healthy; do
	"$client" record "$(cat "$story.pid")" -o "$story.grmon" -i 0.1 --for 60 2>"$story.err" &
	recorders="$recorders $!"
done
started="$started $recorders"
# The live report runs at the same time as the recordings.
"$client" report "$(cat producer.pid)" --for 6 --fail >live.txt 2>live.err
live=$?
# A busy machine takes fewer samples in the same time.
recorded() { for story in $leaking $healthy; do [ "$(wc -l <"$story.grmon")" -gt 75 ] || return; done; }
until_true recorded
# shellcheck disable=SC2086
{ kill -INT $recorders; wait $recorders; }
# The program is restarted. Its leaks from before are kept, and a restart does not count as their end.
kill "$(cat agents.pid)"
"$work/climbs" fixed 50 >again.out 2>&1 </dev/null &
again=$!
started="$started $again"
until_true grep -q ready again.out
cp agents.grmon again.grmon
"$client" record "$again" -o again.grmon -i 0.1 --for 1.5 2>again.err

leaks='in leaks.*'
leak='verdict~=leak|proof'
# leaks STORY QUESTION: asks about the report of a recording.
leaks() { "$client" report -f json "$1.grmon" >"$1.json" && ask_file "$1.json" "$2"; }
finds() { # finds STORY FUNCTION CREATOR: the report names that function and its creator
	check "$1: $2 leaks, which $3 starts" leaks "$1" \
		"$leaks values function $leak = $2 and $leaks values creator $leak = $3 and $leaks row $leak has tasks>20 per_minute>60"
}
finds producer main.newProducer.func1 main.newProducer
check 'producer: the report has the first and the last number of tasks, and how many came and left' leaks producer \
	"$leaks row $leak has to>@from from>0 came>10 left=0 state=chan-send"
finds agents main.heartbeat main.reconnectAgent
check 'bodies: the readLoop and the writeLoop of each connection are one leak' leaks bodies \
	"$leaks row parts.*.function=net/http.(*persistConn).writeLoop has
	 function~='net/http\..\*persistConn..readLoop|main.endless' parts.0.part_of=@id !part_of ran.steps>0"
finds tickers main.refresh main.subscribe
check 'day-leak: sessions that stay are a leak beside those that vary with the time of day' leaks day-leak \
	"$leaks values function $leak = main.session"
finds steps main.heartbeat main.reconnectAgent
check 'steps: the report has the size of the steps and their period' leaks steps \
	"$leaks row $leak has steps.size=16 steps.period_ns>0.7e9 steps.period_ns<1.6e9 evidence*='steps: +16 every'"
check 'nil: one goroutine on a nil channel is a proven leak' leaks nil \
	"$leaks row $leak has function=main.forget verdict=proof proofs=nil-channel proven=1"
for story in $healthy; do
	check "$story: the report has no leak" leaks $story "$leaks no $leak and has tasks>1"
done
ok $((live != 1)) 'a live report with --fail ends with status 1' "$live $(cat live.err)"
check 'a live report names the function and its creator' \
	grep -q '^Leak 1: chan-send in main.newProducer.func1 at climbs.go:[0-9]*, created by main.newProducer' live.txt
# shellcheck disable=SC2086
python3 "$targets/../e2e/leak_table.py" $leaking -- $healthy
check 'after a restart the leak is listed as an earlier one' leaks again \
	"$leaks no $leak and has earlier.#=1 earlier.0.site*=main.heartbeat earlier.0.evidence*='From '"
mkdir -p known/grmon-c unwanted/grmon-c
echo '{"acknowledge": ["fn:heartbeat"]}' >known/grmon-c/config.json
echo '{"suppress": ["fn:heartbeat"]}' >unwanted/grmon-c/config.json
XDG_CONFIG_HOME=$work/known "$client" report --fail agents.grmon >known.txt 2>&1
ok $? 'an acknowledged leak does not fail with --fail' "$(cat known.txt)"
check 'an acknowledged leak is listed separately' sh -c \
	"grep -q '^Acknowledged' known.txt && grep -q '^- [0-9]* chan-recv in main.heartbeat' known.txt && grep -q '^0 leaks' known.txt"
XDG_CONFIG_HOME=$work/known "$client" report --stuck chan-recv=1s agents.grmon >waits.txt 2>&1
check 'stuck tasks that no leak shows have a plot if their number changes' sh -c \
	"grep -A4 '^- [0-9]* stuck.*main.heartbeat' waits.txt | grep -qE '^  .*[0-9]+ to [0-9]+ tasks'"
XDG_CONFIG_HOME=$work/unwanted "$client" report --fail agents.grmon >unwanted.txt 2>&1
ok $? 'a suppressed leak does not fail with --fail' "$(cat unwanted.txt)"
check 'a suppressed leak is not listed' sh -c "! grep -q heartbeat unwanted.txt && grep -q '^0 leaks' unwanted.txt"
"$client" report --fail fixed.grmon >fixed.txt 2>&1
ok $? 'without leaks --fail exits with status 0' "$(cat fixed.txt)"
plan $tests
