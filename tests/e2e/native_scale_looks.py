# SPDX-License-Identifier: MIT
"""Compares three samples of a recording: threads that did not run, then one that did.
Usage: native_scale_looks.py CLIENT RECORDING THREADS MAIN whole|states|woken"""
import json, subprocess, sys
client, path, count, main, part = sys.argv[1:6]
times = [json.loads(line)["time"] for line in open(path) if '"tasks"' in line and '"time"' in line]
looks = []
for time in (times[2], times[len(times) // 2], times[-1]):
    text = subprocess.run([client, "dump", path, "--at", time, "-f", "json"], capture_output=True, text=True, check=True).stdout
    looks.append({t["id"]: t for t in json.loads(text)["tasks"]})
numbers = [len(look) for look in looks]
states = sorted({t["state"] for look in looks for t in look.values()})
ages = [[(t["id"] == main, t["age_ns"]) for t in look.values()] for look in looks]
first = {key for key, t in looks[0].items() if key != main}
# Who waits since before the first look is older in the last one by all the time between.
younger = [key for key in first if looks[-1][key]["age_ns"] <= looks[0][key]["age_ns"]]
woke = looks[-1][main]["age_ns"] < min(looks[-1][key]["age_ns"] for key in first)
print(len(times), "looks:", numbers, states, "younger:", younger[:5], "main is younger than all:", woke)
sys.exit(0 if {"whole": all(n == int(count) for n in numbers),
               "states": set(states) <= {"mutex", "cond", "io-read", "sleep"},
               "woken": woke and not younger}[part] else 1)
