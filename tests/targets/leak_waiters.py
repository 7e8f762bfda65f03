# SPDX-License-Identifier: MIT
"""Waits that nobody ends: "leak_waiters.py SECONDS CODE [NAME]" starts a thread that waits
for a lock, and one more on SIGUSR1, which is answered by a line; NAME: what the kernel is
told that the threads are called; "released": the lock is let go after half of the time;
"late": 0.3 seconds before the end.
Ends after SECONDS with CODE."""
import ctypes
import signal
import sys
import threading
import time

lock = threading.Lock()
lock.acquire()


def wait_for_ever():
    if len(sys.argv) > 3:
        ctypes.CDLL(None).prctl(15, sys.argv[3].encode(), 0, 0, 0)
    lock.acquire()


def another(*_):
    threading.Thread(target=wait_for_ever, daemon=True).start()
    print("waits", flush=True)


signal.signal(signal.SIGUSR1, another)
another()
until = time.monotonic() + float(sys.argv[1])
early = {"released": float(sys.argv[1]) / 2, "late": 0.3}.get("".join(sys.argv[3:]))
release = until - early if early else None
while time.monotonic() < until:
    time.sleep(0.05)
    if release and time.monotonic() > release:
        lock.release()
        release = None
sys.exit(int(sys.argv[2]))
