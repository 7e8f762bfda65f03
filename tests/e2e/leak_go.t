#!/bin/sh
# SPDX-License-Identifier: MIT
# The leak verdict on Go servers, each recorded for a few seconds of its life: in those that
# leak the guilty function is named, with its numbers; the others are said to be fine.
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
	"$client" record "$(cat "$story.pid")" -o "$story.grmon" -i 0.1 --for 7.5 2>"$story.err" &
	recorders="$recorders $!"
done
# The live one beside the recordings.
"$client" report "$(cat producer.pid)" --for 6 --fail >live.txt 2>live.err
live=$?
# shellcheck disable=SC2086
wait $recorders
# The program is started anew: what it did before is not forgotten, nor taken for the end.
kill "$(cat agents.pid)"
"$work/climbs" fixed 50 >again.out 2>&1 </dev/null &
again=$!
started="$started $again"
until_true grep -q ready again.out
cp agents.grmon again.grmon
"$client" record "$again" -o again.grmon -i 0.1 --for 1.5 2>again.err

# leaks STORY PYTHON: on `leaks` of its report, whose verdict is leak, and their sites
leaks() {
	"$client" report -f json "$1.grmon" >"$1.json" || return 1
	python3 - "$1.json" "$2" <<'PY'
import json, sys
report = json.load(open(sys.argv[1]))
leaks = [l for l in report["leaks"] if l["verdict"] in ("leak", "proof")]
sites = [(l["function"], l["creator"]) for l in leaks]
result = eval(sys.argv[2])
print(result, sites, [l["evidence"] for l in leaks], report["earlier"], report["looks"])
sys.exit(not result)
PY
}
finds() { # finds STORY FUNCTION CREATOR
	check "$1: $2 leaks, which $3 starts" leaks "$1" \
		"sites == [('$2', '$3')] and leaks[0]['tasks'] > 20 and leaks[0]['per_minute'] > 60"
}
finds producer main.newProducer.func1 main.newProducer
check 'producer: numbers from, to, and how many came and left' leaks producer \
	"leaks[0]['to'] > leaks[0]['from'] > 0 and leaks[0]['came'] > 10 and leaks[0]['left'] == 0 and leaks[0]['state'] == 'chan-send'"
finds agents main.heartbeat main.reconnectAgent
check 'bodies: the readLoop and the writeLoop of each connection' leaks bodies \
	"{s[0] for s in sites} >= {'net/http.(*persistConn).' + l for l in ('readLoop', 'writeLoop')}"
finds tickers main.refresh main.subscribe
check 'day-leak: the sessions that stay, amid those that go with the time of day' leaks day-leak \
	"len(sites) == 1 and sites[0][0] == 'main.session'"
finds steps main.heartbeat main.reconnectAgent
check 'steps: their size and their period' leaks steps \
	"leaks[0]['steps']['size'] == 16 and 0.7e9 < leaks[0]['steps']['period_ns'] < 1.6e9 and 'steps: +16 every' in leaks[0]['evidence']"
check 'nil: one goroutine on a nil channel is proof enough' leaks nil \
	"sites[0][0] == 'main.forget' and leaks[0]['verdict'] == 'proof' and leaks[0]['proofs'] == ['nil-channel'] and leaks[0]['proven'] == 1"
for story in $healthy; do
	check "$story: no leak" leaks $story 'sites == [] and report["tasks"] > 1'
done
ok $((live != 1)) 'a live report with --fail ends with status 1' "$live $(cat live.err)"
check 'and names the function and its creator' \
	grep -q '^Leak 1: chan-send in main.newProducer.func1 at climbs.go:[0-9]*, created by main.newProducer' live.txt
# shellcheck disable=SC2086
python3 "$targets/../e2e/leak_table.py" $leaking -- $healthy
check 'climbing, then a restart: the leak is listed as one of earlier' leaks again \
	"sites == [] and len(report['earlier']) == 1 and 'main.heartbeat' in report['earlier'][0]['site'] and 'From ' in report['earlier'][0]['evidence']"
mkdir -p known/grmon-c unwanted/grmon-c
echo '{"acknowledge": ["fn:heartbeat"]}' >known/grmon-c/config.json
echo '{"suppress": ["fn:heartbeat"]}' >unwanted/grmon-c/config.json
XDG_CONFIG_HOME=$work/known "$client" report --fail agents.grmon >known.txt 2>&1
ok $? 'an acknowledged leak does not --fail' "$(cat known.txt)"
check 'but it is listed apart' sh -c \
	"grep -q '^Acknowledged' known.txt && grep -q '^- [0-9]* chan-recv in main.heartbeat' known.txt && grep -q '^0 leaks' known.txt"
XDG_CONFIG_HOME=$work/unwanted "$client" report --fail agents.grmon >unwanted.txt 2>&1
ok $? 'nor does a suppressed one' "$(cat unwanted.txt)"
check 'which is not listed' sh -c "! grep -q heartbeat unwanted.txt && grep -q '^0 leaks' unwanted.txt"
"$client" report --fail fixed.grmon >fixed.txt 2>&1
ok $? 'with nothing found --fail ends with status 0' "$(cat fixed.txt)"
plan $tests
