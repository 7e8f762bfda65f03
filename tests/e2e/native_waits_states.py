# SPDX-License-Identifier: MIT
"""Compares the states of a dump with those that tests/targets/wrap_waits printed.
Usage: native_waits_states.py DUMP WAITS"""
import json, re, sys
names = {}
for line in open("src/core/state.def"):
    found = re.match(r'STATE\((\d+), \w+, \w+, "([^"]+)"', line)
    if found:
        names[found.group(1)] = found.group(2)
rows = {t["tid"]: t for t in json.load(open(sys.argv[1]))["tasks"]}
other = {"syscall_lock_pi": "mutex"}
waits = [line.split() for line in open(sys.argv[2]) if line.startswith("wait ")]
wrong = [(w[1], names[w[3]], rows.get(int(w[2]), {}).get("state")) for w in waits
         if rows.get(int(w[2]), {}).get("state") != other.get(w[1], names[w[3]])]
print(len(waits), wrong)
sys.exit(len(waits) < 80 or wrong != [])
