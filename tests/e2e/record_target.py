# SPDX-License-Identifier: MIT
"""A target with three threads that wait for one lock."""
import threading, time
lock = threading.Lock()
lock.acquire()
for i in range(3):
    threading.Thread(target=lock.acquire, name="waiter", daemon=True).start()
print("ready", flush=True)
time.sleep(600)
