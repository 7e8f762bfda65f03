#!/bin/sh
# SPDX-License-Identifier: MIT
# Recorders that are killed, 1,000 of them (KILLS), at any moment, of a target whose samples
# are large: only the line that each was writing is lost. They run one after the other on one
# file, and others on files that rotate.
. "$(dirname "$0")/../e2e/lib.sh"
need python3
plan 6
kills=${KILLS:-1000}
cd "$work" || exit 1
# Itself, not a script that looks for it: its threads are counted.
python=$(python3 -c 'import sys; print(sys.executable)')

# Every thread changes its wait all the time, so a line is some 50 kB.
start env LD_PRELOAD="$agent" "$python" "$beside/record_kill_target.py"
target=$last
until_true grep -q ready "$work/log"

"$python" "$beside/record_kill_recorders.py" "$client" "$target" one "$kills" >moments
ok $? "$kills recorders were killed"

whole() { "$python" "$beside/record_kill_whole.py" one >samples; }
check "each lost at most the line it was writing" whole
cat said
read_all() {
	"$client" report -f json one >report.json && ask_file report.json "has looks=$(cat samples)"
}
check "and grmon-c reads every sample that is whole" read_all
last_one() {
	end=$("$client" dump -f json one | sed -n 's/.*"time": "\([^"]*\)".*/\1/p')
	grep -a '"clock_ns"' one | "$python" -c '
import json, sys
for line in sys.stdin.buffer:
    try: last = json.loads(line)["time"]
    except ValueError: pass
assert last == sys.argv[1], (last, sys.argv[1])' "$end"
}
check "up to the last" last_one

"$python" "$beside/record_kill_recorders.py" "$client" "$target" turns $((kills / 5)) --rotate 200k --keep-files 255 >moments
ok $? "$((kills / 5)) were killed while their files took turns"
each() {
	count=0
	for file in $(ls turns turns.* | sort -t. -k2 -n -r); do
		cat "$file" >>all
		count=$((count + 1))
	done
	"$python" "$beside/record_kill_whole.py" all >samples && [ $count -gt $((kills / 50)) ] && "$client" report -f json turns >report.json && ask_file report.json "has looks=$(cat samples)"
}
check "the same of all files together" each
cat said
