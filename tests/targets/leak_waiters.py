# SPDX-License-Identifier: MIT
"""Waits that nobody ends: "leak_waiters.py SECONDS CODE [NAME]" starts a thread that waits
for a mutex, and one more on SIGUSR1, which is answered by a line; NAME: what the kernel is
told that the threads are called; "released": the lock is let go after half of the time;
"late": 0.3 seconds before the end.
Ends after SECONDS with CODE."""
import ctypes
import signal
import sys
import threading
import time

libc = ctypes.CDLL(None)
mutex = ctypes.create_string_buffer(64)  # all zero: a pthread_mutex_t
libc.pthread_mutex_lock(mutex)


def wait_for_ever():
    if len(sys.argv) > 3:
        libc.prctl(15, sys.argv[3].encode(), 0, 0, 0)
    libc.pthread_mutex_lock(mutex)


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
        libc.pthread_mutex_unlock(mutex)
        release = None
sys.exit(int(sys.argv[2]))
