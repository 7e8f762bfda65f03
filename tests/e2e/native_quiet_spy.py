# SPDX-License-Identifier: MIT
"""Reads the states and tracers of a target's threads until FILE exists, and prints all that occurred.
Usage: native_quiet_spy.py PID FILE"""
import os, sys
pid, stop = sys.argv[1], sys.argv[2]
states, tracers, looks = set(), set(), 0
while not os.path.exists(stop):
    for tid in os.listdir(f"/proc/{pid}/task"):
        try:
            text = open(f"/proc/{pid}/task/{tid}/stat").read()
        except OSError:
            continue
        states.add(text[text.rindex(")") + 2])
    status = open(f"/proc/{pid}/status").read()
    tracers.add(status.split("TracerPid:")[1].split()[0])
    looks += 1
print("".join(sorted(states & set("Tt"))) or "none", *sorted(tracers), looks > 20)
