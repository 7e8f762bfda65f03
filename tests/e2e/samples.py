# SPDX-License-Identifier: MIT
"""Prints about 20 samples of a recording, each as a dump: {"samples": […]}.
Usage: samples.py CLIENT RECORDING"""
import json
import subprocess
import sys

client, path = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    lines = [json.loads(line) for line in file]
times = [line["time"] for line in lines if "time" in line and "tasks" in line]
samples = []
for time in times[::max(1, len(times) // 20)]:
    done = subprocess.run([client, "dump", path, "--at", time, "-f", "json"],
                          capture_output=True, text=True, check=True)
    samples.append(json.loads(done.stdout))
json.dump({"samples": samples}, sys.stdout)
