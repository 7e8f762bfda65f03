#!/bin/sh
# SPDX-License-Identifier: MIT
# A Go program with four periodic jobs, one of which forgets the bodies of its responses: what
# grows is in Go's own code, and the job that runs whenever it grows is named, with its line. The
# connections' goroutines are one leak. Recordings say the same, in every format.
. "$(dirname "$0")/lib.sh"
need go
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
source=$(cd "$(dirname "$0")/../targets/go" && pwd)/jobs.go
export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
go build -ldflags '-s -w' -o "$work/jobs" "$source" \
	>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"
cd "$work" || exit 1
line_of() { grep -n "$1" "$source" | head -1 | cut -d: -f1; }

start ./jobs 30
jobs=$last
until_true grep -q ready log || give_up 'the program does not start'
start "$client" record "$jobs" -o jobs.grmon -i 0.05
recorder=$last

leaks='in leaks.*'
guilty='ran.functions.0.frame.function=main.(*checker).run'
report() { "$client" report jobs.grmon -f json >jobs.json 2>/dev/null && ask_file jobs.json "$1"; }
named() { report "$leaks row $guilty"; }
until_true named
check 'the job that forgets bodies is named' ask_file jobs.json "$leaks row $guilty"
check 'after a few of its runs' ask_file jobs.json \
	"$leaks row $guilty has ran.steps>=3 ran.steps<=25 ran.functions.0.steps>=3"
one="$leaks row $guilty has ran.functions.#=1"
until_true report "$one"
check 'and no other one' ask_file jobs.json "$one"
check 'with the lines of its calls' ask_file jobs.json "$leaks row $guilty has
	ran.functions.0.frame.line=$(line_of 'c.outdated(name)')
	ran.functions.0.inner.function=main.(*checker).outdated
	ran.functions.0.inner.line=$(line_of 'http.Get(registry + "/v2')"
check 'it runs at most of the steps, and rarely otherwise' python3 -c '
import json
for leak in json.load(open("jobs.json"))["leaks"]:
    ran = leak["ran"]
    if ran and ran["functions"]:
        job = ran["functions"][0]
        assert job["steps"] >= 0.6 * ran["steps"], ran
        assert job["otherwise"] <= 0.2 * ran["otherwise"], ran'
connections="$leaks row parts.*.function=net/http.(*persistConn).writeLoop has
	function=net/http.(*persistConn).readLoop parts.*.part_of=@id"
until_true report "$connections"
check 'both goroutines of a connection are one leak' ask_file jobs.json "$connections"
server="$leaks row parts.*.created_by.0.function=net/http.(*Server).Serve has
	function=net/http.(*persistConn).readLoop"
until_true report "$server"
check "so are those of the server's connections" ask_file jobs.json "$server"
way="$leaks row $guilty has made_by.0.frame.function=net/http.(*Transport).dialConn
	 made_by.*.of_type=net/http.(*Transport) made_by.*.calls.*.frame.function=main.(*checker).outdated"
until_true report "$way"
check 'the way back: methods of the transport are called by the jobs' ask_file jobs.json "$way"
check 'what shares their channels' ask_file jobs.json \
	"$leaks row $guilty has shared_with.*.frame.function=net/http.(*persistConn).writeLoop"

kill "$recorder"
wait "$recorder" 2>/dev/null
for format in text markdown html; do
	"$client" report jobs.grmon -f $format >"report.$format" 2>/dev/null
	tr -d '\\' <"report.$format" | tr -s ' \n' '  ' >"flat.$format"
	check "the sentence in a report as $format" grep -qE \
		'In [0-9]+ of [0-9]+ steps main\.\(\*checker\)\.run was running \(jobs\.go:[0-9]+, in main\.\(\*checker\)\.outdated at jobs\.go:[0-9]+\); it runs in [0-9]+ of [0-9]+ samples otherwise\.' \
		"flat.$format"
	check "the parts in a report as $format" grep -qE 'Leak 1, part 2(: |<)' "flat.$format"
done
sentence() { grep -oE 'In [0-9]+ of [0-9]+ steps main.*samples otherwise\.' "$1" | head -1; }
"$client" check --no-leak jobs.grmon >checked 2>&1
ok $(($? != 1)) 'check fails'
tr -s ' \n' '  ' <checked >flat.check
same() { [ -n "$(sentence flat.check)" ] && [ "$(sentence flat.check)" = "$(sentence flat.text)" ]; }
check 'with the same sentence' same
count() { sed -n 's/^\([0-9]*\) leaks*, .*/\1/p; s/^check: \([0-9]*\) leaks*$/\1/p; s/^check: \([0-9]*\) leaks*, .*/\1/p' "$1"; }
counts() { echo "$(count report.text), $(count checked)" && [ "$(count report.text)" = "$(count checked)" ]; }
check 'both count the leaks alike' counts
leads() { report "$leaks count verdict=leak > 0" && [ "$(python3 -c '
import json
print(sum(l["verdict"] == "leak" for l in json.load(open("jobs.json"))["leaks"]))')" -le "$(count report.text)" ]; }
check 'so does the JSON, apart from timers' leads
plan $tests
