#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares states with the kernel: prints the tasks of a dump whose state contradicts the thread's
system call, read from /proc before and after the dump.

Usage: syscall_truth.py CLIENT PID [MINIMUM]. Exits with 1 on a contradiction, or if fewer than MINIMUM
threads stayed in one system call long enough to be compared."""
import json
import os
import subprocess
import sys

# x86-64 numbers and the states that a thread in them may have.
FUTEX = {"mutex", "cond", "semaphore", "join", "barrier", "rwlock-read", "rwlock-write",
         "futex", "chan-send", "chan-recv", "select", "waitgroup", "dns"}
ALLOWED = {
    0: {"io-read"}, 17: {"io-read"}, 19: {"io-read"}, 45: {"io-read"}, 47: {"io-read"},
    1: {"io-write"}, 18: {"io-write"}, 20: {"io-write"}, 44: {"io-write"}, 46: {"io-write"},
    7: {"poll"}, 23: {"poll"}, 232: {"poll"}, 270: {"poll"}, 271: {"poll"},
    281: {"poll"}, 441: {"poll"}, 43: {"accept"}, 288: {"accept"}, 42: {"connect"},
    35: {"sleep"}, 230: {"sleep"}, 61: {"wait-child"}, 247: {"wait-child"},
    34: {"signal-wait"}, 128: {"signal-wait"}, 130: {"signal-wait"}, 202: FUTEX,
    73: {"flock"}, 74: {"fsync"}, 75: {"fsync"},
}


def kernel(pid):
    seen = {}
    for tid in os.listdir(f"/proc/{pid}/task"):
        try:
            seen[int(tid)] = open(f"/proc/{pid}/task/{tid}/syscall").read()
        except OSError:
            pass
    return seen


def main():
    client, pid = sys.argv[1], int(sys.argv[2])
    minimum = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    before = kernel(pid)
    dump = json.loads(subprocess.run([client, "dump", str(pid), "-f", "json"],
                                     check=True, capture_output=True).stdout)
    after = kernel(pid)
    compared, wrong = 0, []
    for task in dump["tasks"]:
        tid = task["tid"]
        if task["kind"] != "thread" or before.get(tid) != after.get(tid):
            continue
        number = before.get(tid, "running").split()[0]
        if not number.isdigit() or int(number) not in ALLOWED:
            continue
        compared += 1
        if task["state"] not in ALLOWED[int(number)]:
            wrong.append((task["id"], task["name"], task["state"], before[tid].strip()))
    shown = {task["tid"] for task in dump["tasks"]}
    missing = [tid for tid in before if tid in after and tid not in shown and
               open(f"/proc/{pid}/task/{tid}/comm").read().strip() != "grmon"]
    print(f"{compared} threads compared, {len(wrong)} wrong, {len(missing)} missing")
    for row in wrong + missing:
        print(row)
    return 1 if wrong or missing or compared < minimum else 0


sys.exit(main())
