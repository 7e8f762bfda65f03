# SPDX-License-Identifier: MIT
"""gil.py hung: a thread waits for a mutex of C and has the interpreter's lock meanwhile; the thread that
has the mutex waits for the interpreter. gil.py busy: three threads share the interpreter."""
import ctypes
import signal
import sys
import threading
import time

# Functions of PyDLL keep the interpreter's lock.
libc = ctypes.PyDLL(None)
mutex = ctypes.create_string_buffer(64)


def has_mutex():
    libc.pthread_mutex_lock(mutex)
    taken.set()
    time.sleep(0.5)


def has_gil():
    taken.wait()
    print("ready", flush=True)
    libc.pthread_mutex_lock(mutex)


def spin():
    number = 0
    while True:
        number += 1


taken = threading.Event()
if sys.argv[1] == "hung":
    for function in (has_mutex, has_gil):
        threading.Thread(target=function, name=function.__name__, daemon=True).start()
else:
    for n in range(3):
        threading.Thread(target=spin, name=f"spin-{n}", daemon=True).start()
    print("ready", flush=True)
while True:
    time.sleep(1)
