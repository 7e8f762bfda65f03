# SPDX-License-Identifier: MIT
"""Starts recorders one after the other, kills each at a random moment, and prints when.
Usage: record_kill_recorders.py CLIENT PID FILE KILLS [OPTION…]"""
import os, random, signal, subprocess, sys, time
client, target, name, kills = sys.argv[1:5]
def size():
    try:
        return os.stat(name).st_size, os.stat(name).st_ino
    except FileNotFoundError:
        return 0, 0
for _ in range(int(kills)):
    before = size()
    recorder = subprocess.Popen([client, "record", target, "-o", name, "-i", "0.01"] + sys.argv[5:])
    # Some recorders are killed while they start, most while they write.
    until = time.monotonic() + 20
    while random.random() > 0.001 and size() == before and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(random.random() * random.choice((0, 0.02, 0.2)))
    now = time.time_ns()
    recorder.send_signal(signal.SIGKILL)
    recorder.wait()
    print(now, flush=True)
