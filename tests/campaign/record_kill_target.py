# SPDX-License-Identifier: MIT
"""A target with 200 threads that change their waits all the time: a sample has about 50 kB."""
import random, threading, time
def turn():
    while True:
        time.sleep(random.random() / 2)
for i in range(200):
    threading.Thread(target=turn, daemon=True, name="turns").start()
print("ready", flush=True)
time.sleep(36000)
