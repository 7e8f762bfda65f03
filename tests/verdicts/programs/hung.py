# SPDX-License-Identifier: MIT
"""hung KIND [SECONDS] in Python; see hung.c."""
import ctypes
import queue
import socket
import sys
import threading
import time

libc = ctypes.CDLL(None)
kind = sys.argv[1]
history_s = float(sys.argv[2]) if len(sys.argv) > 2 else 5
began = time.monotonic()


def start(name, work, *args):
    def run():
        libc.prctl(15, name.encode(), 0, 0, 0)
        work(*args)
    threading.Thread(target=run, name=name, daemon=True).start()


def rest():
    while True:
        time.sleep(3600)


def take(first, second):
    with first:
        time.sleep(0.3)
        with second:
            pass


def hold(lock):
    with lock:
        rest()


def ask(answers):
    return answers.acquire()


def load(answers):
    return ask(answers)


def handle(answers):
    return load(answers), load(answers)


def requests(answers):
    while True:
        handle(answers)


def exchange(connection):
    connection.sendall(b"?")
    return connection.recv(1)


def query(connection):
    return exchange(connection)


def session(connection):
    while True:
        query(connection)
        query(connection)


def helper(give):
    while time.monotonic() - began < history_s:
        time.sleep(0.02)
        give()
    rest()


print("ready", flush=True)
if kind == "abba":
    a, b = threading.Lock(), threading.Lock()
    start("hung-ab", take, a, b)
    start("hung-ba", take, b, a)
elif kind == "lock":
    lock = threading.Lock()
    start("holder", hold, lock)
    time.sleep(0.2)
    start("hung", lambda: lock.acquire())
elif kind == "queue":
    full = queue.Queue(1)
    full.put(1)
    start("hung", full.put, 2)
elif kind == "semaphore":
    answers = threading.Semaphore(0)
    start("hung", requests, answers)
    start("helper", helper, answers.release)
elif kind == "reply":
    one, other = socket.socketpair()
    one.sendall(b"?")  # one ahead, so that the helper never waits for a request
    start("hung", session, one)
    # Each answer takes what was asked: else the queue of requests fills.
    start("helper", helper, lambda: other.recv(1) and other.send(b"!"))
else:
    sys.exit(2)
rest()
