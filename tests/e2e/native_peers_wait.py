# SPDX-License-Identifier: MIT
"""Succeeds if the thread that the target calls NAME is in STATE and its wait matches PATTERN.
Usage: native_peers_wait.py DUMP WAITS NAME STATE PATTERN"""
import json, re, sys
rows = {t["tid"]: t for t in json.load(open(sys.argv[1]))["tasks"]}
names = {l.split()[1]: [int(w) for w in l.split()[2:]] for l in open(sys.argv[2]) if l.startswith("wait ")}
tid, server, thread = names[sys.argv[3]]
task = rows.get(tid, {})
waits = task.get("waits_on") or {}
pattern = sys.argv[5].replace("SERVER", str(server)).replace("THREAD", str(thread))
print(task.get("state"), waits.get("text"), "wanted:", pattern)
sys.exit(not (task.get("state") == sys.argv[4] and re.fullmatch(pattern, waits.get("text") or "")
              and waits.get("owner_pid") == server))
