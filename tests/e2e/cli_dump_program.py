# SPDX-License-Identifier: MIT
"""A target with three threads that wait for one lock, with control characters in their names."""
import ctypes, os, threading, time
libc = ctypes.CDLL(None)
gate = threading.Lock()
gate.acquire()
def wait():
    libc.prctl(15, b"na\xffme\x1b[2J", 0, 0, 0)
    gate.acquire()
for _ in range(3):
    threading.Thread(target=wait, daemon=True).start()
with open("ready", "w"):
    pass
time.sleep(600)
