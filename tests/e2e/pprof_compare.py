# SPDX-License-Identifier: MIT
"""Compares the goroutines of a dump with those of the text debug2, both in FOLDER.
Usage: pprof_compare.py FOLDER"""
import json, re, sys
work = sys.argv[1]
said = dict(re.findall(r"^goroutine (\d+) \[([^\],]*)", open(work + "/debug2").read(), re.M))
seen = {t["id"][1:]: t["raw"] for t in json.load(open(work + "/dump.json"))["tasks"]}
common = set(said) & set(seen)
print(said, seen)
parked = {i for i in said if said[i] not in ("running", "runnable", "IO wait")}
sys.exit(not (len(parked) >= 11 and parked <= common and all(seen[i].startswith(said[i]) for i in parked)))
