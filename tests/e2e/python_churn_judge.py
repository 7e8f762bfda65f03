#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""python_churn_judge.py CLIENT RECORDING: in a recording of tests/targets/python/churn.py no row says what cannot
be. Each function is below one that calls it, at a line of its own, and in a caller at that of the call; threads that
only wait are always there, with the same stack and without a mark. Rows that are marked as changed while they were
read may say anything of their functions."""
import json
import os
import re
import subprocess
import sys

client, path = sys.argv[1:]
# Function: those that may call it.
CALLERS = {
    "inner": {"middle"}, "middle": {"outer"}, "outer": {"numbers", "short", "long", "run"},
    "numbers": {"<listcomp>", "through_generator"}, "<listcomp>": {"through_generator", "inner", "collect", "begin"},
    "through_generator": {"long"}, "short": {"run"}, "long": {"run"}, "collect": {"run"}, "begin": {"run"},
    "run": {"_bootstrap_inner"}, "_bootstrap_inner": {"_bootstrap"},
}
STILL = ["wait", "wait", "inner", "middle", "outer", "run", "_bootstrap_inner", "_bootstrap"]
PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "targets", "python", "churn.py")
with open(PROGRAM, encoding="utf-8") as file:
    SOURCE = file.read().splitlines()


def body(function):
    """The numbers of its lines."""
    first = next(n for n, line in enumerate(SOURCE, 1) if re.match(rf"def {function}\(", line))
    after = next((n for n, line in enumerate(SOURCE[first:], first + 1) if line and not line[0].isspace()), 10**6)
    return range(first, after)


BODIES = {function: body(function) for function in ("inner", "middle", "outer", "numbers", "through_generator", "short",
                                                    "long", "collect", "begin")}
CALLS = {(caller, callee): {n for n in BODIES[caller] if f"{callee}(" in SOURCE[n - 1] and "def " not in SOURCE[n - 1]}
         for caller, callee in (("middle", "inner"), ("outer", "middle"), ("numbers", "outer"), ("short", "outer"),
                                ("long", "outer"), ("long", "through_generator"))}


def wrong_line(frames):
    """A line that is not of its function, or from which the function below it is not called."""
    own = [(last(frame["function"]), frame["line"]) for frame in frames
           if frame["file"] and frame["file"].endswith("/churn.py")]
    for function, line in own:
        if function in BODIES and line and line not in BODIES[function]:
            return f"line {line} is not of {function}"
    for (callee, _), (caller, line) in zip(own, own[1:]):
        if (caller, callee) in CALLS and line not in CALLS[caller, callee]:
            return f"{caller} does not call {callee} at line {line}"
    return None


def last(function):
    return function.rsplit(".", 1)[-1]


def wrong_in(row):
    functions = [last(frame["function"]) for frame in row["stack"] if frame["file"] and frame["file"].endswith(".py")]
    name = row["name"].split("-")[0]
    if name == "still":
        return None if functions == STILL and not row["suspect"] else f"still: {functions} {row['suspect']}"
    if row["suspect"] or not functions:
        return None
    if wrong_line(row["stack"]):
        return f"{name}: {wrong_line(row['stack'])}: {functions}"
    for callee, caller in zip(functions, functions[1:]):
        if callee in CALLERS and caller not in CALLERS[callee]:
            return f"{name}: {callee} below {caller}: {functions}"
    if name == "short" and "short" not in functions and "run" in functions and functions[0] != "run":
        return f"{name}: {functions}"
    return None


with open(path, encoding="utf-8") as file:
    lines = [json.loads(line) for line in file]
times = [line["time"] for line in lines if "time" in line and "tasks" in line]
errors, rows, suspect = [], 0, 0
for time in times[::max(1, len(times) // 60)]:
    done = subprocess.run([client, "dump", path, "--at", time, "-f", "json"], capture_output=True, text=True, check=True)
    tasks = json.loads(done.stdout)["tasks"]
    rows += len(tasks)
    suspect += sum(task["suspect"] for task in tasks)
    if sum(task["name"].startswith("still-") for task in tasks) != 3:
        errors.append(f"{time}: still threads: {[task['name'] for task in tasks]}")
    errors += [f"{time}: {words}" for words in map(wrong_in, tasks) if words]
print(f"{rows} rows of {len(times)} samples, {suspect} changed while they were read, {len(errors)} wrong")
print(*errors[:20], sep="\n")
sys.exit(bool(errors) or rows < 100)
