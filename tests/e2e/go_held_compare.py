# SPDX-License-Identifier: MIT
"""Compares the objects that goroutines hold according to a dump with what tests/targets/go/held.go
has printed. Usage: go_held_compare.py DUMP OUTPUT [before122|loose|stripped]…. Prints every difference; exit
status 1 if there are any. before122: the runtime keeps no types with large objects. loose: programs
that are not optimised keep more on their stacks, so that other ways may be shorter. stripped: no debug
information says what types variables have."""
import json
import re
import sys


def lines_of(task):
    held = task.get("holds") or {"list": []}
    return [
        ((row["kind"], row["reads"]), f"{row['name']} {row['text']} ({row['way']})", row["inferred"])
        for row in held["list"]
    ]


def compare_row(tasks, words, modes, absent=False):
    task, kind, expression = words
    rows = lines_of(tasks[task])
    if "loose" in modes:
        expression = re.sub(r" ?\\\(\w+( → [^)]*)?\\\)$", "", expression)
    if kind == "header":
        kind = "path"
        if "before122" in modes:
            return
    found = any(kind in kinds and re.search(expression, line) for kinds, line, _ in rows)
    if absent and found:
        return f"{task}: a {kind} like {expression} among {[r[1][:150] for r in rows if kind in r[0]]}"
    if not absent and not found:
        return f"{task}: no {kind} like {expression} among {[r[1][:150] for r in rows if kind in r[0]]}"


def compare_only(tasks, words, modes):
    task, kind, _ = words
    others = [r[1] for r in lines_of(tasks[task]) if kind in r[0]]
    return compare_row(tasks, words, modes) or (f"{task}: more than one {kind}: {others}" if len(others) > 1 else None)


def compare_client(tasks, words):
    """The one goroutine that holds the connection by its own conn has asked for the path."""
    local, remote, fd, path = words
    wanted = f"tcp {local} → {remote} (registry.example:8080), fd {fd} (persistConn → conn)"
    readers = [
        task
        for task in tasks.values()
        if task["name"].endswith(".readLoop") and any(wanted in line for _, line, _ in lines_of(task))
    ]
    if len(readers) != 1:
        rows = [r[1] for t in tasks.values() if t["name"].endswith(".readLoop") for r in lines_of(t) if "conn" in r[0][0]]
        return f"{len(readers)} goroutines hold {wanted}: {rows[:4]}"
    asked = f"http://registry.example:8080{path} "
    if not any("url" in kinds and asked in line for kinds, line, _ in lines_of(readers[0])):
        return f"{readers[0]['id']}: no {asked}among {[r[1] for r in lines_of(readers[0]) if 'url' in r[0]]}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        tasks = {t["id"]: t for t in json.load(file)["tasks"]}
    wrong, count = [], 0
    modes = sys.argv[3:]
    with open(sys.argv[2], encoding="utf-8") as file:
        for line in file:
            word, *rest = line.rstrip("\n").split(" ", 1)
            if word in ("row", "never") or (word == "named" and "stripped" not in modes):
                wrong.append(compare_row(tasks, rest[0].split(" ", 2), modes, word == "never"))
            elif word == "only":
                wrong.append(compare_only(tasks, rest[0].split(" ", 2), modes))
            elif word == "client":
                wrong.append(compare_client(tasks, rest[0].split(" ", 3)))
            count += word in ("row", "only", "client")
    wrong = [text for text in wrong if text]
    for text in wrong[:10]:
        print("#", text)
    return 1 if wrong or count < 30 else 0


sys.exit(main())
