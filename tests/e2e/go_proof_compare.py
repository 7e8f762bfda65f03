# SPDX-License-Identifier: MIT
"""Compares the goroutines that are proven with those that Go's own profile calls leaked.
Usage: go_proof_compare.py DUMP PROFILE"""
import json, re, sys
tasks = json.load(open(sys.argv[1]))["tasks"]
ours = {int(t["id"][1:]) for t in tasks if t["proven"]}
theirs = {int(m[1]) for m in re.finditer(r"^goroutine (\d+)[^\[]*\[[^\]]*\(leaked\)", open(sys.argv[2]).read(), re.M)}
print(len(ours), "proved,", len(theirs), "by the runtime; only ours", sorted(ours - theirs), "only theirs", sorted(theirs - ours))
sys.exit(not (len(theirs) >= 220 and ours <= theirs and len(theirs - ours) <= 5))
