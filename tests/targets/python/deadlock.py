# SPDX-License-Identifier: MIT
"""Threads that wait for each other's locks: a ring of three Locks, two RLocks, and a Lock and a mutex of C. Others
only wait for those. The locks of the ring "taken" are taken by acquire(), so nothing says who holds them, and so is the lock
of a condition that a thread waits for inside its with statement. "back" takes its lock by with, releases it inside
of it, and wants it back from "lender", which took it by acquire(): that is no deadlock of "back" with itself. "guest" is
inside of a class called Condition that is not threading's and does not take its lock."""
import ctypes
import signal
import threading
import time

locks = [threading.Lock() for _ in range(3)]
owned = [threading.RLock() for _ in range(2)]
taken = [threading.Lock() for _ in range(2)]
mixed = threading.Lock()
mutex = ctypes.create_string_buffer(64)
c = ctypes.CDLL(None)
given = threading.Lock()
condition = threading.Condition(given)
ready = threading.Barrier(10)


def ring(first, second):
    with first:
        ready.wait()
        with second:
            pass


def take(first, second):
    first.acquire()
    ready.wait()
    second.acquire()


def python_first():
    with mixed:
        ready.wait()
        c.pthread_mutex_lock(mutex)


def c_first():
    c.pthread_mutex_lock(mutex)
    ready.wait()
    with mixed:
        pass


def late(lock):
    ready.wait()
    time.sleep(0.3)
    with lock:
        pass


def parked():
    with condition:
        condition.wait()


def borrow():
    given.acquire()
    threading.Event().wait()


lent = threading.Lock()


def back():
    with lent:
        lent.release()
        time.sleep(0.3)
        lent.acquire()


class Condition:
    def __init__(self):
        self._lock = threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


own = Condition()


def guest():
    with own:
        threading.Event().wait()


def host():
    own._lock.acquire()
    threading.Event().wait()


def wait_for_host():
    with own._lock:
        pass


def start(name, function, *arguments):
    threading.Thread(target=function, name=name, args=arguments, daemon=True).start()


for n in range(3):
    start(f"ring-{n}", ring, locks[n], locks[(n + 1) % 3])
for n in range(2):
    start(f"owned-{n}", ring, owned[n], owned[1 - n])
    start(f"taken-{n}", take, taken[n], taken[1 - n])
start("mixed-0", python_first)
start("mixed-1", c_first)
start("late", late, locks[0])
start("parked", parked)
time.sleep(0.5)
start("borrower", borrow)
start("taken-back", back)
time.sleep(0.1)
start("lender", lent.acquire)
start("guest", guest)
start("host", host)
time.sleep(0.3)
start("taken-given", given.acquire)
start("taken-host", wait_for_host)
time.sleep(0.5)
print("ready", flush=True)
while True:
    signal.pause()
