#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""stacks_compare.py CLIENT PID [SHARE]: compares the stacks that the client reads without stopping the
process with those of eu-stack, which stops it by ptrace. They must have the same return addresses, or
be marked as truncated and agree up to that frame; at least SHARE (0.9) of them must be complete.
Prints the differences; exits with 1 if there are any."""
import json
import os
import re
import subprocess
import sys
import time

client, pid, share = sys.argv[1], sys.argv[2], float((sys.argv + ["0.9"])[3])


def calls():
    """The system call in which each thread waits; None if one of them runs."""
    found = {}
    for tid in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{tid}/syscall") as f:
                found[int(tid)] = f.read()
        except OSError:
            continue
    return None if "running\n" in found.values() else found


def ours():
    out = subprocess.run([client, "dump", pid, "-s", "native", "--runtime", "-f", "json"],
                         capture_output=True, check=True).stdout
    # A frame without an address, or an inlined one, has no return address on the stack.
    return {t["tid"]: ([int(f["address"], 16) for f in t["stack"]
                        if f["address"] and not f.get("inlined")],
                       t["truncated"], [f["function"] for f in t["stack"]])
            for t in json.loads(out)["tasks"]}


def reference():
    out = subprocess.run(["eu-stack", "-n", "0", "-r", "-p", pid], capture_output=True, text=True).stdout
    stacks, tid = {}, 0
    for line in out.splitlines():
        if line.startswith("TID "):
            tid = int(line[4:].rstrip(":"))
            stacks[tid] = []
        found = re.match(r"#\d+ +0x([0-9a-f]+)", line)
        if found:
            stacks[tid].append(int(found.group(1), 16))
    return stacks


def compare():
    before = calls()
    mine = ours()
    if before is None or calls() != before:
        return None, "it does not stay in its waits"
    real = reference()
    wrong, whole = [], 0
    for tid in before:
        if tid not in mine or tid not in real:
            wrong.append(f"{tid}: ours {tid in mine}, theirs {tid in real}")
            continue
        have, truncated, names = mine[tid]
        # Frames beyond the client's limit are not kept.
        want = real[tid]
        whole += have == want
        if have != want and not (truncated and have == want[:len(have)]):
            at = next((i for i, (a, b) in enumerate(zip(have, want)) if a != b),
                      min(len(have), len(want)))
            wrong.append(f"{tid}: {len(have)} frames{' (truncated)' if truncated else ''}, {len(want)} by "
                         f"ptrace, first difference at {at}: "
                         f"{[hex(a) for a in have[at:at + 3]]} {[hex(a) for a in want[at:at + 3]]}; {names[:6]}")
    if whole < share * len(before):
        cut = [f"{tid}: {mine[tid][2][-2:]} after {len(mine[tid][0])} of {len(real[tid])}"
               for tid in before if tid in mine and mine[tid][1]]
        wrong.append(f"only {whole} of {len(before)} stacks are whole: {cut}")
    return not wrong, f"{whole} of {len(before)} stacks are the same and whole\n" + "\n".join(wrong)


for attempt in range(200):
    good, text = compare()
    if good is not None:
        break
    time.sleep(0.1)
print(text)
sys.exit(0 if good else 1)
