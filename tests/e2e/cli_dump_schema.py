# SPDX-License-Identifier: MIT
"""Checks the name, place and type of every field in the JSON of a dump.
Usage: cli_dump_schema.py DUMP PID"""
import json, os, re, sys
text = open(sys.argv[1], "rb").read().decode("utf-8")
d = json.loads(text)
number = (int, float)
none = type(None)
def check(value, types, where):
    types = types if isinstance(types, tuple) else (types,)
    good = type(value) in types
    if not good:
        sys.exit(f"{where}: {value!r} is not {types}")
def fields(o, wanted, where):
    check(o, dict, where)
    if list(o) != list(wanted):
        sys.exit(f"{where}: fields {list(o)}, not {list(wanted)}")
    for key, types in wanted.items():
        check(o[key], types, f"{where}.{key}")
fields(d, {"grmon": int, "target": dict, "time": str, "clock_ns": int, "counts": dict,
           "resources": dict, "tasks": list, "warnings": list, "cycles": list, "errors": list}, "dump")
fields(d["target"], {"pid": int, "name": str, "sources": list, "runtime": (str, none)}, "target")
fields(d["counts"], {"tasks": int, "stuck": int, "long": int, "by_state": dict, "by_class": dict}, "counts")
fields(d["resources"], {"rss_bytes": (int, none), "threads": (int, none), "fds": (int, none),
                        "children": (int, none), "posix_timers": (int, none),
                        "inotify_watches": (int, none), "fds_by_kind": (dict, none),
                        "sockets_by_state": (dict, none), "limits": (dict, none)}, "resources")
assert d["grmon"] == 1 and d["target"]["pid"] == int(sys.argv[2])
assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", d["time"]), d["time"]
assert d["target"]["sources"] and all(type(s) is str for s in d["target"]["sources"])
assert sum(d["counts"]["by_state"].values()) == d["counts"]["tasks"] == len(d["tasks"])
assert sum(d["counts"]["by_class"].values()) == d["counts"]["tasks"]
threads = {int(x) for x in os.listdir(f"/proc/{sys.argv[2]}/task")}
assert d["resources"]["threads"] == len(threads) and d["resources"]["rss_bytes"] > 1 << 20
frame = {"function": (str, none), "file": (str, none), "line": (int, none), "address": (str, none)}
frames = 0
for t in d["tasks"]:
    fields(t, {"id": str, "kind": str, "tid": (int, none), "name": str, "state": str,
               "class": str, "raw": (str, none), "age_ns": (int, none), "age_exact": bool,
               "idle": bool, "stuck": bool, "long": bool, "evidence": (str, none), "waits_on": (dict, none), "stack": list, "truncated": bool,
               "created_by": list, "parent": (str, none), "ancestors": list, "labels": dict, "cpu_percent": (float, int, none),
               "switches": int, "suspect": bool, "proven": bool}, t["id"])
    if t["waits_on"] is not None:
        fields(t["waits_on"], {"kind": str, "address": (str, none), "text": str,
                               "owner": (str, none),
                               "owner_pid": (int, none)}, t["id"] + ".waits_on")
    for f in t["stack"] + t["created_by"]:
        assert f.pop("inlined", True) is True
        assert f.pop("library", True) is True
        fields(f, frame, t["id"] + ".frame")
        frames += 1
    assert t["id"] == f"t{t['tid']}" and t["kind"] == "thread"
assert frames > 8, "hardly any frames"
assert threads >= {t["tid"] for t in d["tasks"]} and len(threads) == len(d["tasks"])
