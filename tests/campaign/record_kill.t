#!/bin/sh
# SPDX-License-Identifier: MIT
# Recorders that are killed, 1,000 of them (KILLS), at any moment, of a target whose samples
# are large: nothing is lost but the line that each was writing, whatever else is read from
# the file. One after the other on one file, with others on files that take turns.
. "$(dirname "$0")/../e2e/lib.sh"
need python3
plan 6
kills=${KILLS:-1000}
cd "$work" || exit 1
# Itself, not a script that looks for it: its threads are counted.
python=$(python3 -c 'import sys; print(sys.executable)')

# Every thread changes its wait all the time, so a line is some 50 kB.
cat >target.py <<'PY'
import random, threading, time
def turn():
    while True:
        time.sleep(random.random() / 2)
for i in range(200):
    threading.Thread(target=turn, daemon=True, name="turns").start()
print("ready", flush=True)
time.sleep(36000)
PY
start env LD_PRELOAD="$agent" "$python" target.py
target=$last
until_true grep -q ready "$work/log"

# kill.py FILE KILLS OPTION…: says when each recorder was killed.
cat >kill.py <<'PY'
import os, random, signal, subprocess, sys, time
client, target, name, kills = sys.argv[1:5]
def size():
    try:
        return os.stat(name).st_size, os.stat(name).st_ino
    except FileNotFoundError:
        return 0, 0
for _ in range(int(kills)):
    before = size()
    recorder = subprocess.Popen([client, "record", target, "-o", name, "-i", "0.01"] + sys.argv[5:])
    # Some while they begin, most while they write.
    until = time.monotonic() + 20
    while random.random() > 0.001 and size() == before and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(random.random() * random.choice((0, 0.02, 0.2)))
    now = time.time_ns()
    recorder.send_signal(signal.SIGKILL)
    recorder.wait()
    print(now, flush=True)
PY
"$python" kill.py "$client" "$target" one "$kills" >moments
ok $? "$kills recorders were killed"

# What is read by nobody's reader but this one.
cat >whole.py <<'PY'
import json, statistics, sys
moments = [int(line) for line in open("moments")]
samples = cut = headers = expected = last = 0
broken = begins = False
late = []
def over():
    # The last sample that is whole is of just before the kill: none was kept back.
    while moments and moments[0] < last:
        moments.pop(0)
    if last and moments:
        late.append(moments[0] - last)
for line in open(sys.argv[1], "rb"):
    try:
        sample = json.loads(line)
    except ValueError:
        assert not broken, "two lines in a row"
        broken = True
        cut += line != b"\n"
        continue
    if "stream" in sample:
        over()
        headers += 1
        broken, begins = False, True
        continue
    # The number goes on in the next file of one recorder.
    if begins:
        assert sample["key"] and sample["seq"] in (0, expected), sample["seq"]
        expected = sample["seq"]
    assert not broken and sample["seq"] == expected, (samples, sample["seq"])
    begins = False
    samples += 1
    expected += 1
    last = sample["real_ns"]
over()
print(f"# {headers} headers, {samples} samples, {cut} lines cut, the last whole one "
      f"{statistics.median(late) / 1e6:.1f} ms old at the kill, at most {max(late) / 1e6:.0f} ms", file=open("said", "w"))
assert cut <= headers and samples > headers and statistics.median(late) < 100e6
print(samples)
PY
whole() { "$python" whole.py one >samples; }
check "each lost at most the line it was writing" whole
cat said
read_all() {
	"$client" report -f json one >report.json && "$python" - <<'PY'
import json
looks = json.load(open("report.json"))["looks"]
print(looks, open("samples").read())
assert looks == int(open("samples").read())
PY
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

"$python" kill.py "$client" "$target" turns $((kills / 5)) --rotate 200k --keep-files 255 >moments
ok $? "$((kills / 5)) were killed while their files took turns"
each() {
	count=0
	for file in $(ls turns turns.* | sort -t. -k2 -n -r); do
		cat "$file" >>all
		count=$((count + 1))
	done
	"$python" whole.py all >samples && [ $count -gt $((kills / 50)) ] && "$client" report -f json turns >report.json && "$python" - <<'PY'
import json
looks = json.load(open("report.json"))["looks"]
print(looks, open("samples").read())
assert looks == int(open("samples").read())
PY
}
check "the same of all files together" each
cat said
