# SPDX-License-Identifier: MIT
"""Compares the goroutines and frames that grmon-c reads with those of two other readers.
Usage: text_peers_compare.py CLIENT COUNTS"""
import json, subprocess, sys
client, found = sys.argv[1:]
fewer, sums = 0, [0, 0, 0]
for line in open(found):
    path, *counts = line.rstrip("\n").split("\t")
    pg, pf, gg, gf = map(int, counts)
    goroutines = frames = number = 0
    while True:
        number += 1
        dump = subprocess.run([client, "dump", path, "-f", "json", "--dump", str(number)],
                              capture_output=True, text=True)
        if dump.returncode:
            break
        for task in json.loads(dump.stdout)["tasks"]:
            goroutines += 1
            frames += len(task["stack"] or []) + len(task["created_by"] or [])
    for i, n in enumerate((frames, pf, gf)):
        sums[i] += max(n, 0)
    if frames < max(pf, gf) or goroutines < max(pg, gg):
        fewer += 1
        print(path, "grmon-c", goroutines, frames, "panicparse", pg, pf, "gostackparse", gg, gf)
print("frames: grmon-c %d, panicparse %d, gostackparse %d" % tuple(sums))
sys.exit(fewer > 0)
