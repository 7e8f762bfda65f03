#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare the ancestors in two dumps of grmon-c: one of a process, and one of the text that
the Go runtime printed of it.

Usage: go_ancestors_compare.py DUMP.json TEXT.json AT_LEAST
Same ids, functions, and lines of the go statements. For the frames around that statement the
runtime prints what follows the call: another line, or another function where calls were
inlined. Of such stacks only the number of frames is compared. At least AT_LEAST goroutines
must have ancestors.
"""
import json
import sys


def families(path):
    return {
        task["id"]: task["ancestors"]
        for task in json.load(open(path, encoding="utf-8"))["tasks"]
        if task["kind"] == "goroutine"}


def view(ancestor, inlined):
    stack = ancestor["stack"]
    first = stack[0]
    return (ancestor["id"], first["function"], first["file"], first["line"], len(stack),
            [] if inlined else [frame["function"] for frame in stack])


def main():
    ours, theirs = families(sys.argv[1]), families(sys.argv[2])
    wrong = 0
    for goid in sorted(set(ours) | set(theirs)):
        a, b = ours.get(goid, []), theirs.get(goid, [])
        inlined = [any(f.get("inlined") for f in ancestor["stack"]) for ancestor in a]
        if len(a) == len(b):
            a = list(map(view, a, inlined))
            b = list(map(view, b, inlined))
        if a != b:
            print("%s:\n  process %s\n  text    %s" % (goid, a, b))
            wrong += 1
    compared = sum(1 for family in ours.values() if family)
    print("%d with ancestors, %d differences" % (compared, wrong))
    sys.exit(1 if wrong or compared < int(sys.argv[3]) else 0)


main()
