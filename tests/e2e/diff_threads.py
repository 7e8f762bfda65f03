# SPDX-License-Identifier: MIT
"""A target that starts seven threads when it reads a line."""
import sys, threading, time
event = threading.Event()
def waiter():
    event.wait()
sys.stdin.readline()
for i in range(7):
    threading.Thread(target=waiter, daemon=True).start()
print("more", flush=True)
time.sleep(600)
