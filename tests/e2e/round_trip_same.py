# SPDX-License-Identifier: MIT
"""Compares a replayed sample with dumps before and after it. The exit status is 2 if those two
differ. Usage: round_trip_same.py TASKS

The three are of three moments: only durations in sentences may be longer in the later ones."""
import json, re, sys
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
DURATION = re.compile(r"(?: for(?: at least)?)? \b((?:\d+(?:\.\d+)?(?:ms|[smhd]))+)(?![\w.])")
def load(name):
    return json.load(open(name))
def task(t, clock):
    t = dict(t)
    # CPU shares depend on the time between two samples, and the time of a wait's start depends on
    # the clock at the sample.
    t.pop("cpu_percent")
    age = t.pop("age_ns")
    t["evidence"] = DURATION.sub("", t["evidence"] or "")
    t["since"] = clock - age if t["age_exact"] and age is not None else None
    return t
def seconds(text):
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|[smhd])", text))
def durations(d):
    """Those in the sentences of the warnings, if they are exact. A wait of less than a second has none."""
    return [max(map(seconds, DURATION.findall(warning["sentence"].partition(" at least ")[0])), default=0)
            for warning in d["warnings"]]
def shape(d):
    d = dict(d)
    d["warnings"] = [dict(warning, sentence=DURATION.sub("", warning["sentence"])) for warning in d["warnings"]]
    clock = d.pop("clock_ns")
    d.pop("time")
    d["resources"] = {k: v for k, v in d["resources"].items() if k in ("threads", "fds", "children")}
    d["tasks"] = sorted((task(t, clock) for t in d["tasks"]), key=lambda t: t["id"])
    return d
before, replayed, after = map(load, ("before.json", "replayed.json", "after.json"))
if shape(before) != shape(after):
    a, b = shape(before), shape(after)
    print("the target is not at rest:", [(key, a[key], b[key]) for key in a if a[key] != b[key] and key != "tasks"],
          [(x["id"], key, x[key], y[key]) for x, y in zip(a["tasks"], b["tasks"]) for key in x if x[key] != y[key]])
    sys.exit(2)
a, b = shape(before), shape(replayed)
for key in a:
    if a[key] != b[key] and key != "tasks":
        print(key, a[key], b[key])
for x, y in zip(a["tasks"], b["tasks"]):
    for key in x:
        if x[key] != y[key]:
            print(x["id"], key, x[key], y[key])
assert a == b
assert before["clock_ns"] < replayed["clock_ns"] < after["clock_ns"]
assert len(a["tasks"]) >= int(sys.argv[1])
for times in zip(*map(durations, (before, replayed, after))):
    assert list(times) == sorted(times), f"durations in warnings: {times}"
