# SPDX-License-Identifier: MIT
"""Compares what the readLoops of a dump hold with the forgotten bodies that the program knows:
each is held by one of them, with its connection, host and path.
Usage: go_stories_compare.py DUMP TRUTH"""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    tasks = json.load(file)["tasks"]
with open(sys.argv[2], encoding="utf-8") as file:
    forgotten = json.load(file)["forgotten"]
loops = [t for t in tasks if t["name"] == "net/http.(*persistConn).readLoop" and t["holds"]]
wrong = []


def texts(task, *kinds):
    return [h["text"] for h in task["holds"]["list"] if (h["reads"] or h["kind"]) in kinds]


for body in forgotten:
    between = f"tcp {body['Local']} → {body['Remote']}"
    holders = [t for t in loops if any(between in text for text in texts(t, "connection"))]
    if len(holders) != 1:
        wrong.append(f"{len(holders)} readLoops hold {between}")
        continue
    for kinds, word in (("host", "url"), "Host"), (("path", "url"), "Path"):
        if not any(body[word] in text for text in texts(holders[0], *kinds)):
            wrong.append(f"{holders[0]['id']} does not hold {word.lower()} {body[word]}")
        others = {b[word] for b in forgotten} - {body[word]}
        told = [o for o in others for text in texts(holders[0], *kinds) if text.endswith(o)]
        if told:
            wrong.append(f"{holders[0]['id']} of {body[word]} holds {told} as well")
slow = [t["id"] for t in loops if t["holds"]["took_ns"] > 250e6]
if slow:
    wrong.append(f"{slow} took too long")
if not forgotten:
    wrong.append("nothing is forgotten")
sys.exit("\n".join(wrong) if wrong else 0)
