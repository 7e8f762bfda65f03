# SPDX-License-Identifier: MIT
"""Compares the variables of goroutines in a dump with what tests/targets/go/locals.go has printed.
Usage: go_locals_compare.py DUMP OUTPUT all|kept|some|none. Prints every difference; exit status 1 if
there are any.

all: every variable is there, and no other. kept: those that the optimiser keeps are there, and no
other value. some: at least a third of them, and no other value. none: there are no variables, but what
the stack leads to."""
import collections
import json
import sys


def rows_of(dump):
    """The variables of the program's own functions, and the names of those without a value."""
    told, named = collections.Counter(), collections.defaultdict(set)
    for task in dump["tasks"]:
        held = task.get("holds") or {"why": "nothing was read", "list": []}
        if held["why"]:
            print(f"{task['id']}: {held['why']}")
        for row in held["list"]:
            if row["kind"] != "local":
                continue
            function = task["stack"][row["frame"]]["function"]
            if row["name"] is None:
                for part in row["text"].split("; "):
                    named[function] |= set(part.split(": ", 1)[1].split(", "))
            elif function.startswith("main."):
                told[function, row["name"], row["text"]] += 1
    return told, named


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        dump = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file if "\t" in line]
    wanted, must, possible = (
        collections.Counter(tuple(line[1:]) for line in lines if line[0] in words)
        for words in (("want", "must"), ("must",), ("want", "must", "else"))
    )
    told, named = rows_of(dump)
    told = collections.Counter({row: n for row, n in told.items() if not row[0].startswith(("main.main", "main.launch"))})
    how = sys.argv[3]
    if how == "none":
        wrong = [f"{row} is told" for row in told]
        if not any(t["holds"] and t["holds"]["list"] for t in dump["tasks"]):
            wrong.append("nothing is told of what the stacks lead to")
    else:
        missing = {"all": wanted, "kept": must}.get(how, collections.Counter()) - told
        wrong = [f"{' '.join(row)}: is missing; without a value: {sorted(named[row[0]])}" for row in missing]
        wrong += [f"{' '.join(row)}: is wrong" for row in told - (wanted if how == "all" else possible)]
    if how == "some" and told.total() * 3 < wanted.total():
        wrong.append(f"only {told.total()} of {wanted.total()} variables are told")
    for line in sorted(wrong):
        print(line)
    return bool(wrong)


sys.exit(main())
