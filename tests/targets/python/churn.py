# SPDX-License-Identifier: MIT
"""Threads that begin, call and end all the time, beside three that only wait. Every function that may be on a
stack is one of the names below, and calls those that its name says: "outer" calls "middle" calls "inner"."""
import gc
import threading
import time

event = threading.Event()


def inner(kind):
    if kind == "wait":
        event.wait()
    elif kind == "sleep":
        time.sleep(0.002)
    elif kind == "spin":
        return sum(range(2000))
    return [object() for _ in range(50)]


def middle(kind):
    return inner(kind)


def outer(kind):
    return middle(kind)


def numbers(kind):
    for _ in range(3):
        yield outer(kind)


def through_generator(kind):
    return [number for number in numbers(kind)]


def short():
    outer("sleep")


def long():
    while True:
        outer("spin")
        through_generator("sleep")


def collect():
    while True:
        ring = [[] for _ in range(1000)]
        for part in ring:
            part.append(ring)
        gc.collect()
        time.sleep(0.001)


def begin():
    while True:
        threads = [threading.Thread(target=short, name="short") for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


for n in range(3):
    threading.Thread(target=outer, args=("wait",), name=f"still-{n}", daemon=True).start()
for n, function in enumerate((long, long, collect, begin)):
    threading.Thread(target=function, name=f"{function.__name__}-{n}", daemon=True).start()
print("ready", flush=True)
while True:
    time.sleep(1)
