# SPDX-License-Identifier: MIT
"""A thread in each kind of wait that threads of a Python program have. When all of them wait, the
program writes what Python says about their stacks to the file that is its argument, as JSON: name of
the thread, then function, file and line of each call, the innermost first. Then it prints "ready"."""
import concurrent.futures
import json
import multiprocessing
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import threading
import time


lock = threading.Lock()
taken = threading.Lock()
owned = threading.RLock()
condition = threading.Condition()
box = queue.Queue()
full = queue.Queue(1)
simple = queue.SimpleQueue()
event = threading.Event()
semaphore = threading.Semaphore(0)
barrier = threading.Barrier(3)
near, far = socket.socketpair()
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
pipe = os.pipe()
held = threading.Event()


class Keeper:
    def keep(self):
        with lock, owned:
            held.set()
            time.sleep(3000)


def w_lock():
    with lock:
        pass


def w_acquire():
    taken.acquire()


def w_rlock():
    owned.acquire()


def w_condition():
    with condition:
        condition.wait()


def w_condition_limited():
    with condition:
        condition.wait(3000)


def w_get():
    box.get()


def w_put():
    full.put(1)
    full.put(2)


def w_simple():
    simple.get()


def w_event():
    event.wait()


def w_semaphore():
    semaphore.acquire()


def w_barrier():
    barrier.wait()


def w_join():
    keeper.join()


def w_recv():
    near.recv(1)


def w_accept():
    listener.accept()


def w_select():
    select.select([pipe[0]], [], [])


def w_child():
    child.wait()


def w_sleep():
    time.sleep(3000)


def deep(n):
    return deep(n - 1) + 1 if n else w_deepest([3, 1])


class Slow:
    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        event.wait()
        return True


def w_deepest(values):
    return len(sorted(Slow(value) for value in values))


def w_deep():
    deep(9)


def numbers():
    yield 1
    event.wait()


def w_generator():
    for number in numbers():
        number += 1


def w_result():
    pool.submit(event.wait).result()


def w_queued():
    single.submit(event.wait)
    single.submit(event.wait).result()


def w_process_lock():
    with process_lock:
        pass


def w_process_semaphore():
    with process_semaphore:
        pass


def w_wait():
    concurrent.futures.wait([pool.submit(event.wait)])


def frames_of(frame):
    found = []
    while frame:
        code = frame.f_code
        found.append([getattr(code, "co_qualname", code.co_name), code.co_filename, frame.f_lineno or 0])
        frame = frame.f_back
    return found


def seen():
    current = sys._current_frames()
    return {t.name: frames_of(current[t.ident]) for t in threading.enumerate()
            if t.ident in current and t is not threading.main_thread()}


def start(function, name=None):
    thread = threading.Thread(target=function, name=name or function.__name__, daemon=True)
    thread.start()
    return thread


taken.acquire()
child = subprocess.Popen(["sleep", "3000"])
pool = concurrent.futures.ThreadPoolExecutor(4, thread_name_prefix="pool")
single = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="single")
process_lock = multiprocessing.get_context("fork").Lock()
process_lock.acquire()
process_semaphore = multiprocessing.get_context("fork").Semaphore(0)
keeper = start(Keeper().keep, "keeper")
held.wait()
for wait in [value for name, value in sorted(globals().items()) if name.startswith("w_") and name != "w_deepest"]:
    start(wait)
for _ in range(4):
    pool.submit(time.sleep, 0)


def stop(*_):
    child.kill()
    os._exit(0)


signal.signal(signal.SIGTERM, stop)
last, same = None, 0
while same < 5:
    time.sleep(0.1)
    now = seen()
    same = same + 1 if now == last else 0
    last = now
with open(sys.argv[1], "w") as out:
    json.dump(last, out)
print("ready", flush=True)
while True:
    signal.pause()
