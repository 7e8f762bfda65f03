# SPDX-License-Identifier: MIT
"""A target with threads that wait for a lock, an event, a socket and the clock."""
import socket, threading, time
lock, event = threading.Lock(), threading.Event()
pair = socket.socketpair()
lock.acquire()
for target in (lock.acquire, event.wait, lambda: pair[0].recv(1), lambda: time.sleep(600)):
    threading.Thread(target=target, daemon=True).start()
print("ready", flush=True)
time.sleep(600)
