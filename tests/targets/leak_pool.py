# SPDX-License-Identifier: MIT
"""Threads over time: "pool" starts one each 100 ms until there are 16, "leak" goes on for
ever, "busy" starts short ones all the time. Prints "ready" before the first. Ends after so
many seconds if a second argument says so."""
import queue
import sys
import threading
import time

work = queue.Queue()


def worker():
    work.get()


def short():
    time.sleep(0.05)


print("ready", flush=True)
story = sys.argv[1]
end = time.monotonic() + float(sys.argv[2]) if len(sys.argv) > 2 else None
started = 0
while end is None or time.monotonic() < end:
    if story == "leak" or (story == "pool" and started < 16):
        threading.Thread(target=worker, daemon=True).start()
        started += 1
    elif story == "busy":
        threading.Thread(target=short, daemon=True).start()
    time.sleep(0.1 if story != "busy" else 0.01)
