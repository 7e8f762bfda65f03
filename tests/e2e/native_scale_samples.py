# SPDX-License-Identifier: MIT
"""Compares three samples of a recording, during which only the thread MAIN has run.
Usage: native_scale_samples.py CLIENT RECORDING THREADS MAIN whole|states|woken"""
import json, subprocess, sys
client, path, count, main, part = sys.argv[1:6]
times = [json.loads(line)["time"] for line in open(path) if '"tasks"' in line and '"time"' in line]
samples = []
for time in (times[2], times[len(times) // 2], times[-1]):
    text = subprocess.run([client, "dump", path, "--at", time, "-f", "json"], capture_output=True, text=True, check=True).stdout
    samples.append({t["id"]: t for t in json.loads(text)["tasks"]})
numbers = [len(sample) for sample in samples]
states = sorted({t["state"] for sample in samples for t in sample.values()})
ages = [[(t["id"] == main, t["age_ns"]) for t in sample.values()] for sample in samples]
first = {key for key, t in samples[0].items() if key != main}
# A thread that has waited since before the first sample is older in the last one.
younger = [key for key in first if samples[-1][key]["age_ns"] <= samples[0][key]["age_ns"]]
woke = samples[-1][main]["age_ns"] < min(samples[-1][key]["age_ns"] for key in first)
print(len(times), "samples:", numbers, states, "younger:", younger[:5], "main is younger than all:", woke)
sys.exit(0 if {"whole": all(n == int(count) for n in numbers),
               "states": set(states) <= {"mutex", "cond", "io-read", "sleep"},
               "woken": woke and not younger}[part] else 1)
