#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Two processes that wait for each other's ends of sockets and for each other's file locks.
usage: peers.py FOLDER. Prints "wait NAME TID SERVER-PID SERVER-TID" for each wait (0 where no
one thread is meant), "pid" with its own, and "ready"; ends with its input, the server with it."""
import ctypes, fcntl, os, select, socket, struct, sys, threading

folder = sys.argv[1]
names = ["tcp", "tcp6", "unix", "epolled", "half", "full"]
OFD_SETLK, OFD_SETLKW = 37, 38
whole = struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0)


def listener(name):
    if name == "unix":
        made = socket.socket(socket.AF_UNIX)
        made.bind(f"{folder}/socket")
    elif name == "tcp6":
        made = socket.socket(socket.AF_INET6)
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.bind(("::", 0))
    else:
        made = socket.socket()
        made.bind(("127.0.0.1", 0))
    made.listen()
    return made


def connect(made, name):
    if name == "unix":
        reached = socket.socket(socket.AF_UNIX)
        reached.connect(f"{folder}/socket")
        return reached
    # To the mapped address: one end speaks IPv6, the other one IPv4.
    return socket.create_connection(("127.0.0.1", made.getsockname()[1]))


listeners = {name: listener(name) for name in names}
files = {name: f"{folder}/{name}" for name in ("posix", "ofd")}
for path in files.values():
    open(path, "w").close()
report, told = os.pipe()
child = os.fork()
if child == 0:
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
    os.close(report)

    def serve(name, end):
        os.write(told, f"{name} {threading.get_native_id()}\n".encode())
        if name == "epolled":
            poll = select.epoll()
            poll.register(end, select.EPOLLIN)
            poll.poll()
        elif name in ("tcp", "tcp6", "unix"):
            end.recv(1)

    kept = []
    locked = {name: open(path, "r+") for name, path in files.items()}
    fcntl.lockf(locked["posix"], fcntl.LOCK_EX)
    fcntl.fcntl(locked["ofd"], OFD_SETLK, whole)
    os.write(told, b"locked 0\n")
    for name in names:
        end, _ = listeners[name].accept()
        kept.append(end)
        thread = threading.Thread(target=serve, args=(name, end))
        thread.start()
    threading.Event().wait()
os.close(told)
lines = os.fdopen(report)
assert lines.readline() == "locked 0\n"
tids = {}


def wait(name, end):
    tids[name] = threading.get_native_id()
    if name == "posix":
        fcntl.lockf(end, fcntl.LOCK_EX)
    elif name == "ofd":
        fcntl.fcntl(end, OFD_SETLKW, whole)
    elif name == "full":
        while True:
            end.send(b"x" * 65536)
    else:
        if name == "half":
            end.shutdown(socket.SHUT_WR)
        end.recv(1)


server = {}
for name in names:
    end = connect(listeners[name], name)
    word, tid = lines.readline().split()
    server[word] = int(tid) if word in ("tcp", "tcp6", "unix", "epolled") else 0
    threading.Thread(target=wait, args=(name, end), daemon=True).start()
for made in listeners.values():
    made.close()
for name, path in files.items():
    server[name] = 0
    # Not the object that locks: Python holds no lock of its own around it.
    threading.Thread(target=wait, args=(name, open(path, "r+")), daemon=True).start()
while len(tids) < len(server):
    pass
for name, tid in tids.items():
    print("wait", name, tid, child, server[name])
print("pid", os.getpid())
print("ready", flush=True)
sys.stdin.readline()
os.kill(child, 9)
os.waitpid(child, 0)
os._exit(0)
