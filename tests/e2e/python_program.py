# SPDX-License-Identifier: MIT
"""A target with one thread for each kind of wait of a Python program."""
import os, queue, signal, socket, subprocess, sys, threading, time
lock = threading.Lock()
lock.acquire()
done = threading.Event()
box = queue.Queue()
a, b = socket.socketpair()
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
child = subprocess.Popen(["sleep", "600"])
def named(name, call):
    def body():
        with open(f"/proc/self/task/{threading.get_native_id()}/comm", "w") as f:
            f.write(name)
        call()
    threading.Thread(target=body, daemon=True).start()
named("w-lock", lock.acquire)
named("w-event", lambda: done.wait(600))
named("w-queue", box.get)
named("w-recv", lambda: a.recv(1))
named("w-accept", listener.accept)
named("w-sleep", lambda: time.sleep(600))
named("w-child", child.wait)
total = sum(i * i for i in range(200000))
print("ready", total, flush=True)
def stop(*_):
    child.kill()
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
while True:
    signal.pause()
