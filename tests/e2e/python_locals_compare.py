#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the variables in a dump with those that a program has written down itself.
Usage: python_locals_compare.py DUMP FILE"""
import json
import re
import sys



def plain(line):
    """From 3.14 on, attributes are in another order than the program sees them."""
    function, name, text = line
    return [function, name, sorted(re.split("[(), ]+", text)) if "=" in text else text]


dump, told = (json.load(open(path)) for path in sys.argv[1:3])
tasks = {task["name"]: task for task in dump["tasks"]}
bad = 0
for name, wanted in told.items():
    task = tasks.get(name)
    holds = task and task["holds"]
    if not holds:
        sys.exit(f"nothing is told of {name}")
    seen = [[held["way"], held["name"], held["text"]] for held in holds["list"]]
    for held in holds["list"]:
        frame = task["stack"][held["frame"]]["function"]
        if held["kind"] != "local" or frame != held["way"]:
            print(f"{name}: {held['name']} is of frame {frame}, not {held['way']}")
            bad += 1
    for line in sorted(map(tuple, wanted)):
        if plain(line) not in list(map(plain, seen)):
            print(f"{name}: wanted {line}")
            bad += 1
    for line in seen:
        if plain(line) not in list(map(plain, wanted)):
            print(f"{name}: seen   {tuple(line)}")
            bad += 1
    order = [line[:1] for line in wanted]
    if not bad and [line[:1] for line in seen] != order:
        print(f"{name}: other order of frames")
        bad += 1
sys.exit(bad > 0)
