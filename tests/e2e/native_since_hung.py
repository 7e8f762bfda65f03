# SPDX-License-Identifier: MIT
"""A target that hangs from its start; prints the time of its start in CLOCK_MONOTONIC."""
import os, sys, threading, time
lock = threading.Lock()
lock.acquire()
began = time.monotonic_ns()
threading.Thread(target=lock.acquire, daemon=True).start()
inner, outer = os.pipe()
def ticks():
    while True:
        time.sleep(0.05)
threading.Thread(target=ticks, daemon=True).start()
threading.Thread(target=os.read, args=(inner, 1), daemon=True).start()
print(began, flush=True)
for line in sys.stdin:
    os.write(outer, b"x")
    time.sleep(600)
