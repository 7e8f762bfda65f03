#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""python_programs_compare.py CLIENT PYSPY PID…: the Python stacks of these processes are those that py-spy finds:
functions, files and lines, thread by thread. A program that goes on meanwhile is compared again."""
import json
import subprocess
import sys

client, spy, pids = sys.argv[1], sys.argv[2], sys.argv[3:]


def asked(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def frames(stack, function, file):
    return [(f[function].rsplit(".", 1)[-1], f[file].rsplit("/", 1)[-1], f["line"] or 0) for f in stack]


def differences(pid):
    rows = {row["tid"]: row for row in asked(client, "dump", pid, "-f", "json")["tasks"] if row["kind"] == "thread"}
    theirs = asked(spy, "dump", "--json", "--pid", pid)
    if not theirs:
        return ["py-spy finds no thread"]
    found = []
    for thread in theirs:
        row = rows.get(thread["os_thread_id"])
        ours = frames(row["stack"], "function", "file") if row else None
        want = frames(thread["frames"], "name", "filename")
        if ours != want:
            found.append(f"{pid} {thread['thread_name']}: {ours} but py-spy has {want}")
    return found


wrong = []
for pid in pids:
    for _ in range(20):
        left = differences(pid)
        if not left:
            break
    wrong += left
print(f"{len(pids)} processes", *wrong, sep="\n")
sys.exit(bool(wrong) or not pids)
