# SPDX-License-Identifier: MIT
"""python_asyncio_truth.py PID DUMP: the tasks of asyncio in a dump, beside what `python -m asyncio ps` says of the
same process: each task's name, the functions, files and lines that it awaits, and who awaits it. Run it with the
interpreter that runs the process, which must be 3.14 or later."""
import json
import subprocess
import sys
from asyncio.tools import get_all_awaited_by

pid, path = int(sys.argv[1]), sys.argv[2]


def frames_of(stacks):
    """Innermost first."""
    out = []
    for stack in stacks:
        for frame in stack.call_stack:
            line = frame.lineno if hasattr(frame, "lineno") else frame.location and frame.location.lineno
            out.append((frame.funcname, frame.filename, line or 0))
    return out


theirs, names = {}, {}
for thread in get_all_awaited_by(pid):
    for task in thread.awaited_by:
        names[task.task_id] = task.task_name
        theirs[task.task_name] = (frames_of(task.coroutine_stack), {stack.task_name for stack in task.awaited_by})
with open(path) as file:
    rows = [task for task in json.load(file)["tasks"] if task["kind"] == "coroutine"]
ids = {row["id"]: row["name"] for row in rows}
ours = {row["name"]: ([(f["function"], f["file"], f["line"] or 0) for f in row["stack"]],
                      {ids[other] for other in row.get("awaited_by", [])}) for row in rows}
wrong = []
for name in sorted(set(theirs) | set(ours)):
    if name not in theirs or name not in ours:
        wrong.append(f"{name} is only in {'ours' if name in ours else 'theirs'}")
        continue
    awaited_by = {names.get(task, task) for task in theirs[name][1]}
    (have, by), want = ours[name], theirs[name][0]
    more = len(have) - len(want)
    # asyncio does not go on in an __await__ that is a generator.
    deeper = more > 0 and have[more - 1][0].endswith("__await__")
    if by != awaited_by or have[max(more, 0):] != want or (more and not deeper):
        wrong.append(f"{name}: {ours[name]}\n  but asyncio says {theirs[name][0]}, {awaited_by}")
for command in "ps", "pstree":
    said = subprocess.run([sys.executable, "-m", "asyncio", command, str(pid)], capture_output=True, text=True)
    # It has no tree of tasks that await each other.
    if "cycle" in said.stdout + said.stderr:
        continue
    wrong += [f"{command} does not name {name}" for name in ours if name not in said.stdout]
print("\n".join(wrong))
print(f"{len(theirs)} tasks, {len(wrong)} differ")
sys.exit(bool(wrong) or len(theirs) < 10)
