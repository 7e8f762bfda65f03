# SPDX-License-Identifier: MIT
"""A target whose threads wait deep inside the Python interpreter."""
import queue, select, socket, threading, time
lock = threading.Lock()
lock.acquire()
a, b = socket.socketpair()
class Deep:
    def __lt__(self, other):
        a.recv(1)
def fall(depth):
    return fall(depth - 1) if depth else a.recv(1)
for wait in (lock.acquire, queue.Queue().get, threading.Event().wait, lambda: time.sleep(600),
             lambda: sorted([Deep(), Deep()]), lambda: select.select([a], [], [], 600),
             lambda: fall(15), lambda: list(map(lambda x: lock.acquire(), [1])), a.makefile().readline):
    threading.Thread(target=wait, daemon=True).start()
print("ready", flush=True)
lock.acquire()
