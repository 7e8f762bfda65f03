# SPDX-License-Identifier: MIT
"""The waits of Python's threads, each for ever; see wrap_waits.c."""
import os
import queue
import select
import socket
import sys
import threading
import time

SEMAPHORE, IO_READ, ACCEPT, POLL, SLEEP, WAIT_CHILD = 8, 13, 15, 17, 22, 23
print_lock = threading.Lock()


def start(name, state, wait, fd="*"):
    def run():
        told.append(threading.get_native_id())
        ready.set()
        wait()

    told, ready = [], threading.Event()
    threading.Thread(target=run, daemon=True).start()
    ready.wait()
    with print_lock:
        print("wait", name, told[0], state, "*", fd)


held = threading.Lock()
held.acquire()
pipe = os.pipe()
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
epoll = select.epoll()
child = os.fork()
if child == 0:
    os.close(1)
    os.read(0, 1)
    os._exit(0)

start("Lock", SEMAPHORE, held.acquire)
start("Event", SEMAPHORE, threading.Event().wait)
start("Event-timeout", SEMAPHORE, lambda: threading.Event().wait(1000))
start("Queue", SEMAPHORE, queue.Queue().get)
start("Queue-timeout", SEMAPHORE, lambda: queue.Queue().get(timeout=1000))
start("SimpleQueue", SEMAPHORE, queue.SimpleQueue().get)
start("sleep", SLEEP, lambda: time.sleep(1000))
start("read", IO_READ, lambda: os.read(pipe[0], 1), pipe[0])
start("accept", ACCEPT, listener.accept, listener.fileno())
start("select", POLL, lambda: select.select([pipe[0]], [], []))
start("epoll", POLL, epoll.poll, epoll.fileno())
start("waitpid", WAIT_CHILD, lambda: os.waitpid(child, 0), child)
print("wait", "stdin", os.getpid(), IO_READ, "*", 0)
print("ready", flush=True)
os.read(0, 1)
os._exit(0)
