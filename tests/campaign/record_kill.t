#!/bin/sh
# SPDX-License-Identifier: MIT
# 1,000 recorders (KILLS) of a target with large samples are killed at random moments: each loses only
# the line that it was writing. They write one after the other to one file, and others to files that
# rotate.
. "$(dirname "$0")/../e2e/lib.sh"
need python3
plan 6
kills=${KILLS:-1000}
cd "$work" || exit 1
# The interpreter itself, not a wrapper script that starts it, because its threads are counted.
python=$(python3 -c 'import sys; print(sys.executable)')

# Every thread changes its wait all the time, so a line has about 50 kB.
start env LD_PRELOAD="$agent" "$python" "$beside/record_kill_target.py"
target=$last
until_true grep -q ready "$work/log"

"$python" "$beside/record_kill_recorders.py" "$client" "$target" one "$kills" >moments
ok $? "$kills recorders were killed"

whole() { "$python" "$beside/record_kill_whole.py" one >samples; }
check "each killed recorder loses at most the line that it was writing" whole
cat said
read_all() {
	"$client" report -f json one >report.json && ask_file report.json "has looks=$(cat samples)"
}
check "grmon-c reads every complete sample of that file" read_all
last_one() {
	end=$("$client" dump -f json one | sed -n 's/.*"time": "\([^"]*\)".*/\1/p')
	grep -a '"clock_ns"' one | "$python" -c '
import json, sys
for line in sys.stdin.buffer:
    try: last = json.loads(line)["time"]
    except ValueError: pass
assert last == sys.argv[1], (last, sys.argv[1])' "$end"
}
check "grmon-c reads that file up to its last sample" last_one

"$python" "$beside/record_kill_recorders.py" "$client" "$target" turns $((kills / 5)) --rotate 200k --keep-files 255 >moments
ok $? "$((kills / 5)) recorders were killed while their files rotated"
each() {
	count=0
	for file in $(ls turns turns.* | sort -t. -k2 -n -r); do
		cat "$file" >>all
		count=$((count + 1))
	done
	"$python" "$beside/record_kill_whole.py" all >samples && [ $count -gt $((kills / 50)) ] && "$client" report -f json turns >report.json && ask_file report.json "has looks=$(cat samples)"
}
check "all rotated files together lose no more than these lines either" each
cat said
