# SPDX-License-Identifier: MIT
"""Checks the ids in a dump of several processes. Usage: services_files_ids.py FILE PID…

No two tasks have the same id, the id of a goroutine ends with its process, and what refers to a
task refers to one of its process."""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    dump = json.load(file)
pids = {int(pid) for pid in sys.argv[2:]}
tasks = dump["tasks"]
ids = {task["id"]: task for task in tasks}
problems = []


def require(holds, what, task):
    if not holds:
        problems.append(f"{what}: {task['id']} of {task['pid']}")


def process_of(name, task):
    """The process that a reference names: a thread's id says it by its row."""
    if "@" in name:
        return int(name.split("@")[1])
    return ids[name]["pid"] if name in ids else task["pid"]


for task in tasks:
    require(task["pid"] in pids, "a process that was not asked for", task)
    require(ids[task["id"]] is task, "an id of two tasks", task)
    require(("@" in task["id"]) == (task["kind"] != "thread"), "an id without its process", task)
    if "@" in task["id"]:
        require(task["id"].endswith(f"@{task['pid']}"), "an id of another process", task)
    named = [task["parent"], (task["waits_on"] or {}).get("owner")] + [one["id"] for one in task["ancestors"]]
    for name in named:
        if name is not None:
            require(process_of(name, task) == task["pid"], f"refers to {name}", task)
if {task["pid"] for task in tasks} != pids:
    problems.append(f"tasks are of {sorted({task['pid'] for task in tasks})}")
if [one["pid"] for one in dump["processes"]] != sorted(pids):
    problems.append(f"the processes are {[one['pid'] for one in dump['processes']]}")
if not any(f"g1@{pid}" in ids for pid in pids):
    problems.append("no goroutine 1")
print("\n".join(problems))
sys.exit(bool(problems))
