# SPDX-License-Identifier: MIT
"""A target with a thread that sleeps and waits for a lock in turn."""
import threading, time
lock = threading.Lock()
lock.acquire()
def turns():
    while True:
        time.sleep(0.25)
        lock.acquire(timeout=0.25)
threading.Thread(target=turns, daemon=True).start()
print("turns", flush=True)
time.sleep(600)
