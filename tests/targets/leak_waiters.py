# SPDX-License-Identifier: MIT
"""Waits that nobody ends: "leak_waiters.py SECONDS CODE [NAME]" starts a thread that waits
for a mutex, and one more on SIGUSR1, which is answered by a line; NAME: what the kernel is
told that the threads are called; "released": the lock is let go after half of the time;
"late": at the end, which is as soon as the thread has gone; "seen": SECONDS begin when the
parent, which is check, reads the stack of the thread, however slow the machine is.
Ends after SECONDS with CODE."""
import ctypes
import os
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


def is_seen():
    """The parent opens the library that the thread has called to wait when it reads its stack."""
    folder = f"/proc/{os.getppid()}/fd"
    for number in os.listdir(folder):
        try:
            path = os.readlink(f"{folder}/{number}")
        except OSError:
            continue  # closed since
        if "libffi" in path or "_ctypes" in path:
            return True
    return False


signal.signal(signal.SIGUSR1, another)
another()
story = "".join(sys.argv[3:])
patience = time.monotonic() + 120
while story == "seen" and not is_seen() and time.monotonic() < patience:
    time.sleep(0.05)
until = time.monotonic() + float(sys.argv[1])
release = until - float(sys.argv[1]) / 2 if story == "released" else None
while time.monotonic() < until:
    time.sleep(0.05)
    if release and time.monotonic() > release:
        libc.pthread_mutex_unlock(mutex)
        release = None
if story == "late":
    libc.pthread_mutex_unlock(mutex)
    while threading.active_count() > 1:
        time.sleep(0.001)
    os._exit(int(sys.argv[2]))
sys.exit(int(sys.argv[2]))
