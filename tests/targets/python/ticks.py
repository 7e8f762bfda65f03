# SPDX-License-Identifier: MIT
"""Threads that wait fifteen calls deep, and one that ticks every millisecond. For each line on its input it
prints the longest gap between two ticks since the line before: worst_us N. Usage: ticks.py THREADS"""
import sys
import threading
import time

event = threading.Event()
worst = 0.0


def deep(n):
    return deep(n - 1) if n else event.wait()


def tick():
    global worst
    last = time.monotonic()
    while True:
        time.sleep(0.001)
        now = time.monotonic()
        worst = max(worst, now - last)
        last = now


for number in range(int(sys.argv[1])):
    threading.Thread(target=deep, args=(14,), name=f"worker-{number}", daemon=True).start()
threading.Thread(target=tick, name="ticker", daemon=True).start()
print("ready", flush=True)
for _ in sys.stdin:
    was, worst = worst, 0.0
    print(f"worst_us {was * 1e6:.0f}", flush=True)
