# SPDX-License-Identifier: MIT
"""Takes a lock, waits for one, or only opens the file, and ends with its parent. Prints "HOW ready"
before it waits. Usage: native_locks_take.py FILE HOW"""
import ctypes, fcntl, os, struct, sys, time
path, how = sys.argv[1:3]
ctypes.CDLL(None).prctl(1, 9)
ctypes.CDLL(None).prctl(15, how.encode(), 0, 0, 0)
fd = os.open(path, os.O_RDWR)
def ready():
    print(how, "ready", flush=True)
def ofd(command, kind):
    fcntl.fcntl(fd, command, struct.pack("hhqqi4x", kind, 0, 0, 0, 0))
OFD_SETLK, OFD_SETLKW = 37, 38
if how == "opens":
    for _ in range(500):
        os.open(path, os.O_RDWR)
    ready()
elif how == "shares":
    fcntl.flock(fd, fcntl.LOCK_SH)
    ready()
elif how == "hands-on":   # the child has the lock in the end, and the process that took it has ended
    fcntl.flock(fd, fcntl.LOCK_EX)
    if os.fork() == 0:
        os.setsid()
        ctypes.CDLL(None).prctl(15, b"heir", 0, 0, 0)
        print("heir", os.getpid(), flush=True)
        ready()
    else:
        os._exit(0)
elif how == "ofd":
    ofd(OFD_SETLK, fcntl.F_WRLCK)
    ready()
elif how == "range":
    fcntl.lockf(fd, fcntl.LOCK_EX, 10, 100)
    ready()
elif how == "waits":
    ready()
    fcntl.flock(fd, fcntl.LOCK_EX)
elif how == "waits-ofd":
    ready()
    ofd(OFD_SETLKW, fcntl.F_WRLCK)
elif how == "waits-range":
    ready()
    fcntl.lockf(fd, fcntl.LOCK_EX, 10, 105)
time.sleep(600)
