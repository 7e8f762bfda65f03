#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""python_asyncio_churn_judge.py CLIENT RECORDING PROGRAM: in a recording of tests/targets/python/asyncio_churn.py no
row of a task says what cannot be: its coroutine is the one that its name says, each function is below the one that
calls it, at the line of that call, and the tasks that only wait are always there with the same stack and without a
mark. Rows that are marked as changed while they were read are counted."""
import json
import os
import re
import subprocess
import sys

client, path, program = sys.argv[1:]
with open(program, encoding="utf-8") as file:
    source = file.read().splitlines()
base = os.path.basename(program)
# Function: the lines of its body, and the functions that it awaits.
BODIES, CALLS = {}, {}
for number, line in enumerate(source, 1):
    started = re.match(r"(?:async )?def (\w+)", line)
    if started:
        function = started.group(1)
        BODIES[function] = set()
    elif line and not line[0].isspace():
        function = None
    if function := locals().get("function"):
        BODIES[function].add(number)
AWAITS = {"middle": "inner", "outer": "middle", "still": "outer", "short": "outer", "numbers": "outer",
          "iterate": "numbers"}
for caller, callee in AWAITS.items():
    CALLS[caller, callee] = {n for n in BODIES[caller] if f"{callee}(" in source[n - 1] and " def " not in source[n - 1]}
STATES = {"still": {"cond"}, "ping": {"chan-recv", "chan-send", "runnable", "running"}}


def wrong_in(row):
    frames = [(frame["function"].rsplit(".", 1)[-1], frame["line"]) for frame in row["stack"]
              if frame["file"] and frame["file"].endswith("/" + base)]
    # A task that runs has functions that are not awaited in front.
    frames = [frame for frame in frames if frame[0] in BODIES]
    name = row["name"]
    if name not in STATES and name not in BODIES and not re.fullmatch(r"Task-\d+", name):
        return f"no task has the name {name}"
    if name == "still" and (row["suspect"] or [f for f, _ in frames] != ["inner", "middle", "outer", "still"]):
        return f"still: {frames} {row['suspect']}"
    if row["suspect"] or not frames:
        return None
    wanted = "main" if name.startswith("Task-") else name
    if frames[-1][0] != wanted:
        return f"{name}: {frames}"
    for (callee, _), (caller, line) in zip(frames, frames[1:]):
        if (caller, callee) in CALLS and line not in CALLS[caller, callee]:
            return f"{name}: {caller} calls {callee} at line {line}: {frames}"
        if (caller, callee) not in CALLS and not (caller == "make" and callee == "named"):
            return f"{name}: {caller} does not call {callee}: {frames}"
    for function, line in frames:
        if line and line not in BODIES[function]:
            return f"{name}: line {line} is not of {function}"
    if name in STATES and row["state"] not in STATES[name]:
        return f"{name}: {row['state']}"
    return None


with open(path, encoding="utf-8") as file:
    lines = [json.loads(line) for line in file]
times = [line["time"] for line in lines if "time" in line and "tasks" in line]
errors, rows, suspect, shorts = [], 0, 0, 0
for time in times[::max(1, len(times) // 40)]:
    done = subprocess.run([client, "dump", path, "--at", time, "-f", "json"], capture_output=True, text=True, check=True)
    tasks = [task for task in json.loads(done.stdout)["tasks"] if task["kind"] == "coroutine"]
    rows += len(tasks)
    shorts += sum(task["name"] == "short" for task in tasks)
    suspect += sum(task["suspect"] for task in tasks)
    if sum(task["name"] == "still" for task in tasks) != 3:
        errors.append(f"{time}: still tasks: {[task['name'] for task in tasks]}")
    errors += [f"{time}: {words}" for words in map(wrong_in, tasks) if words]
print(f"{rows} rows of {len(times)} samples, {shorts} of tasks that come and go, {suspect} changed while they were read, "
      f"{len(errors)} wrong")
print(*errors[:20], sep="\n")
sys.exit(bool(errors) or rows < 100 or shorts < 20)
