#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares a dump of grmon-c with what the Go runtime itself printed about the same process.

Usage: go_compare.py DUMP.json STACKS.txt AT_LEAST
They must have the same goroutines, states, stacks with lines, and creators. Goroutines that ran or
were runnable when the runtime printed them are skipped; at least AT_LEAST must remain.
"""
import json
import re
import sys

HEAD = re.compile(r"goroutine (\d+) [^\[]*\[([^\],]+)")
CREATED = re.compile(r"created by (.*?)(?: in goroutine (\d+))?$")


def without_arguments(line):
    depth = 0
    for at in range(len(line) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(line[at], 0)
        if depth == 0:
            return line[:at] if line[at] == "(" else line
    return line


def location(line):
    line = line.strip().split(" fp=")[0]
    return re.sub(r" \+0x[0-9a-f]+$", "", line)


def runtime_says(path):
    goroutines, current = {}, None
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        head = HEAD.match(line)
        if head:
            current = {"state": head[2], "stack": [], "by": None, "parent": 0}
            goroutines[int(head[1])] = current
        elif not line:
            current = None
        elif current is None:
            continue
        elif line.startswith("created by "):
            by = CREATED.match(line)
            current["by"], current["parent"] = [by[1], None], int(by[2] or 0)
        elif line.startswith("\t"):
            (current["by"] or current["stack"][-1])[1] = location(line)
        else:
            current["stack"].append([without_arguments(line), None])
    return goroutines


def frame(f):
    return [f["function"], "%s:%s" % (f["file"], f["line"])]


def we_say(path):
    goroutines = {}
    for task in json.load(open(path, encoding="utf-8"))["tasks"]:
        if task["kind"] != "goroutine":
            continue
        by = task["created_by"]
        goroutines[int(task["id"][1:])] = {
            "state": task["raw"].split(",")[0],
            "stack": [frame(f) for f in task["stack"]],
            # The runtime names the function that contains the inlined one.
            "by": [by[-1]["function"], frame(by[0])[1]] if by else None,
            "suspect": task["suspect"],
        }
    return goroutines


def main():
    theirs, ours = runtime_says(sys.argv[2]), we_say(sys.argv[1])
    wrong, compared = 0, 0
    for goid in sorted(set(theirs) | set(ours)):
        a, b = theirs.get(goid), ours.get(goid)
        if a and a["state"] in ("running", "runnable"):
            continue
        if not a or not b:
            print("goroutine %d: only the %s has it" % (goid, "runtime" if a else "dump"))
            wrong += 1
            continue
        compared += 1
        # Only grmon-c shows the frames of a call into C.
        if a["state"] == "syscall":
            b["stack"] = b["stack"][-len(a["stack"]):]
        for what in ("state", "stack", "by"):
            if a[what] != b[what]:
                print("goroutine %d: %s\n  runtime %s\n  dump    %s" % (goid, what, a[what], b[what]))
                wrong += 1
    print("%d compared, %d differences" % (compared, wrong))
    sys.exit(1 if wrong or compared < int(sys.argv[3]) else 0)


main()
