# SPDX-License-Identifier: MIT
"""Programs in which something hangs, and the tasks of each that must be red. A row is its name, its
language, how it is watched, and a function that starts it in a Box and returns [(pid, whether a task
of it hangs)]."""
import os

import build
import mariadb
import postgres
from harness import CLIENT, PROGRAMS

DUMP = "dump"        # one sample is enough: the lock is held, or the wait cannot end
PROVE = "dump --prove"
AGENT_COUNTS = "dump, agent"  # the agent has counted the earlier waits
LONG = "dump: long"  # from outside it appears to wait for an event: long, not stuck
WATCH_LONG = "watched: long"
WATCH = "watched"    # only the history shows it: one recorder has watched from the start

HISTORY_S = 12       # how long each program makes short waits before it hangs, at least


def named(task):
    """Tells whether the task hangs: by its name, or a goroutine, which has none, by a function."""
    if task["id"].startswith("g"):
        return any((frame["function"] or "").startswith("main.hung") for frame in task["stack"])
    return task["name"].startswith("hung")


def native(kind):
    return lambda box: simple(box, build.c("hung.c"), kind)


def simple(box, *words, env=None):
    if box.until_file:
        env = {"HUNG_UNTIL": box.until_file, **(env or {})}
    process = box.start(*words, HISTORY_S, env={"HUNG_DIR": box.dir, **(env or {})})
    box.says(process, "ready")
    return [(process.pid, named)]


def with_agent(kind):
    def begin(box):
        simple(box, CLIENT, "run", "--", build.c("hung.c"), kind)
        found = []

        def is_there():
            found[:] = [pid for pid in box.pids() if comm(pid) == "case-hung-c"]
            return found
        box.until("the program", is_there)
        return [(found[0], named)]
    return begin


def comm(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


def cxx(kind):
    return lambda box: simple(box, build.cxx("hung.cc"), kind)


def rust(kind):
    return lambda box: simple(box, build.rust("hung.rs"), kind)


def go(kind):
    return lambda box: simple(box, build.go("gohung"), kind)


def python(kind):
    return lambda box: simple(box, "python3", os.path.join(PROGRAMS, "hung.py"), kind)


def java(kind):
    return lambda box: simple(box, "java", "-Xmx64m", "-XX:+UseSerialGC", "-cp",
                              build.java("Hung.java"), "Hung", kind)


HUNG = [
    ("mutex never released", "C", DUMP, native("mutex")),
    ("rwlock never released, reader", "C", DUMP, native("rwlock-read")),
    ("rwlock never released, writer", "C", DUMP, native("rwlock-write")),
    ("mutexes in opposite order", "C", DUMP, native("abba")),
    ("mutex taken twice", "C", DUMP, native("self")),
    ("joins in a circle", "C", DUMP, native("join-cycle")),
    ("flock held", "C", DUMP, native("flock")),
    ("fcntl lock held", "C", DUMP, native("fcntl")),
    ("full pipe", "C", DUMP, native("pipe")),
    ("full TCP connection", "C", DUMP, native("tcp-full")),
    ("connect, backlog full", "C", DUMP, native("connect")),
    ("connect, local socket full", "C", DUMP, native("connect-unix")),
    ("full message queue", "C", DUMP, native("mq-send")),
    ("lost wakeup", "C", WATCH, native("lost-wakeup")),
    ("lost wakeup, counted", "C", AGENT_COUNTS, with_agent("lost-wakeup")),
    ("lost post", "C", WATCH, native("lost-post")),
    ("lost post, counted", "C", AGENT_COUNTS, with_agent("lost-post")),
    ("lost wake of a futex", "C", WATCH, native("futex")),
    ("no reply, TCP", "C", WATCH, native("no-reply")),
    ("no reply, pipe", "C", WATCH, native("pipe-read")),
    ("barrier, one is missing", "C", WATCH, native("barrier")),
    ("std::mutex never released", "C++", DUMP, cxx("mutex")),
    ("shared_mutex never released", "C++", DUMP, cxx("shared-mutex")),
    ("condition_variable in work", "C++", WATCH, cxx("backend")),
    ("future in work", "C++", WATCH, cxx("future")),
    ("Mutex never released", "Rust", DUMP, rust("mutex")),
    ("RwLock never released", "Rust", DUMP, rust("rwlock")),
    ("Mutexes in opposite order", "Rust", DUMP, rust("abba")),
    ("Condvar in work", "Rust", WATCH, rust("condvar")),
    ("mpsc reply", "Rust", WATCH, rust("reply")),
    ("send, no receiver", "Go", DUMP, go("send")),
    ("send, full channel", "Go", DUMP, go("full")),
    ("Mutex never released", "Go", DUMP, go("mutex")),
    ("RWMutex never released", "Go", DUMP, go("rwmutex")),
    ("Mutexes in opposite order", "Go", DUMP, go("abba")),
    ("receive, proved", "Go", PROVE, go("receive")),
    ("select, proved", "Go", PROVE, go("select")),
    ("WaitGroup, proved", "Go", PROVE, go("waitgroup")),
    ("no reply, channel", "Go", WATCH, go("no-reply")),
    ("no reply, TCP", "Go", WATCH, go("tcp-reply")),
    ("with, in opposite order", "Python", DUMP, python("abba")),
    ("Lock.acquire", "Python", DUMP, python("lock")),
    ("Semaphore in work", "Python", WATCH, python("semaphore")),
    ("no reply, socket", "Python", WATCH, python("reply")),
    ("synchronized, opposite order", "Java", WATCH, java("abba")),
    ("monitor never left", "Java", WATCH, java("monitor")),
    ("ReentrantLock never unlocked", "Java", LONG, java("reentrant")),
    ("queue reply", "Java", WATCH_LONG, java("reply")),
    ("row lock", "postgres", DUMP, postgres.row_lock),
    ("advisory lock", "postgres", DUMP, postgres.advisory_lock),
    ("row lock", "mariadb", DUMP, mariadb.row_lock),
]
