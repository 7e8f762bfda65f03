# SPDX-License-Identifier: MIT
"""Compares live.json with file.json: they have the same target and tasks, apart from times."""
import json
def shape(name):
    d = json.load(open(name))
    keys = ("id", "kind", "tid", "name", "state", "class", "raw", "idle", "waits_on", "stack", "labels")
    return d["target"], d["counts"]["tasks"], sorted(([t[k] for k in keys] for t in d["tasks"]), key=str)
live, file = shape("live.json"), shape("file.json")
assert live == file, (live, file)
