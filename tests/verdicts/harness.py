# SPDX-License-Identifier: MIT
"""Starts the programs that are judged, samples them and ends them. A Box is one program of the
table: its processes, its folder, its load. Nothing here depends on a particular program."""
import atexit
import collections
import ctypes
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "programs")
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(HERE, "../../build")))
CLIENT = os.environ.get("CLIENT", os.path.join(BUILD, "grmon-c"))
AGENT = os.path.join(BUILD, "libgrmon.so")
OUT = os.path.join(BUILD, "verdicts")
READY_S = 60
PR_SET_CHILD_SUBREAPER = 36


class Absent(Exception):
    """The program is not available; the message says why."""

def is_root():
    return os.getuid() == 0


def find(command):
    """The path of a command. Daemons are in folders that an ordinary user's PATH may not have."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin"
    found = shutil.which(command, path=path)
    if not found:
        raise Absent(f"{command} is not installed")
    return found


def version_of(words):
    """The first number with a dot in the output of the command."""
    if not words:
        return ""
    try:
        words = [word() if callable(word) else word for word in words]
        words[0] = find(words[0])
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, timeout=20, errors="replace", text=True)
    except (OSError, subprocess.TimeoutExpired, Absent):
        return ""
    for word in done.stdout.replace("/", " ").replace('"', " ").replace("=", " ").split():
        digits = word.lstrip("gov(").rstrip(",)")
        if digits[:1].isdigit() and "." in digits:
            return digits[:12]
    return ""


def children():
    """{pid: its children} for every process of the machine."""
    found = collections.defaultdict(list)
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(stat, errors="replace") as file:
                text = file.read()
        except OSError:
            continue
        pid = int(text.split(" ", 1)[0])
        fields = text[text.rindex(")") + 2:].split()
        if fields[0] not in "ZX":
            found[int(fields[1])].append(pid)
    return found


def descendants(pid, tree=None):
    tree = tree or children()
    found, left = [], [pid]
    while left:
        below = tree.get(left.pop(), [])
        found += below
        left += below
    return found


def end(pids):
    """Ends these processes by SIGTERM, and after three seconds by SIGKILL."""
    for name in (signal.SIGCONT, signal.SIGTERM):
        for pid in pids:
            try:
                os.kill(pid, name)
            except OSError:
                pass
    until = time.monotonic() + 3
    while time.monotonic() < until and any(is_alive(pid) for pid in pids):
        time.sleep(0.05)
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", errors="replace") as file:
            text = file.read()
        return text[text.rindex(")") + 2] not in "ZX"
    except (OSError, ValueError):
        return False


def adopt():
    """Makes daemons our children when their parents end, and ends all children when we end."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    atexit.register(lambda: end(descendants(os.getpid())))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))


class Box:
    def __init__(self, name):
        self.name = name
        self.dir = tempfile.mkdtemp(prefix="grmon-verdicts.")
        os.chmod(self.dir, 0o755)
        self.started = []
        self.loads = []
        self.clients = []
        self.watches = []
        self.tools, self.running_tools = [], []
        self.fed, self.feeding = None, False
        self.hung = []  # (pid, whether a task of it hangs)
        self.until_file = None  # the program does not hang before this file exists

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def owned(self, name):
        """A folder for a server that does not run as root."""
        os.makedirs(self.path(name), exist_ok=True)
        os.chmod(self.path(name), 0o777)
        return self.path(name)

    @staticmethod
    def port():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def start(self, *words, env=None, stdin=subprocess.DEVNULL, cwd=None, user=None):
        words = [str(word) for word in words]
        words[0] = find(words[0])
        if user and is_root():
            words = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] + words
        log = open(self.path(f"log{len(self.started)}"), "ab+")
        process = subprocess.Popen(words, stdin=stdin, stdout=log, stderr=log,
                                   cwd=cwd or self.dir, env=dict(os.environ, **(env or {})))
        process.log = log.name
        self.started.append(process)
        return process

    def run(self, *words, user=None, env=None, timeout=120, may_fail=False):
        words = [str(word) for word in words]
        words[0] = find(words[0])
        if user and is_root():
            words = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] + words
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, cwd=self.dir, timeout=timeout,
                              env=dict(os.environ, **(env or {})), errors="replace", text=True)
        if done.returncode != 0 and not may_fail:
            raise Absent(f"{os.path.basename(words[0])} failed: {done.stdout.strip()[-200:]}")
        return done.stdout

    def until(self, what, condition):
        deadline = time.monotonic() + READY_S
        while not condition():
            for process in self.started:
                if process.poll() not in (None, 0):
                    raise Absent(f"ended with {process.returncode}: {self.said(process)}")
            if time.monotonic() > deadline:
                raise Absent(f"waited in vain for {what}")
            time.sleep(0.1)

    def said(self, process):
        with open(process.log, errors="replace") as file:
            return " ".join(file.read().split())[-200:]

    def says(self, process, word):
        self.until(f"'{word}'", lambda: word in self.said(process))

    def answers(self, port):
        def can_connect():
            try:
                socket.create_connection(("127.0.0.1", int(port)), 5).close()
                return True
            except OSError:
                return False
        self.until(f"port {port}", can_connect)

    def pids(self):
        tree = children()
        found = []
        for process in self.started:
            if process.poll() is None:
                found.append(process.pid)
            found += descendants(process.pid, tree)
        return [pid for pid in dict.fromkeys(found) if is_alive(pid)]

    def load(self, *words, env=None):
        """Adds a client that sends requests until its standard input is closed, and then keeps its
        connections open until it is ended."""
        self.loads.append(([str(word) for word in words], env))

    def tool(self, *words):
        """Adds a client that is ended when the load stops."""
        self.tools.append([str(word) for word in words])

    def feeds(self, process):
        """Makes the load about a hundred lines a second on the standard input of this process."""
        self.fed = process

    def begin_load(self):
        if self.fed:
            self.feeder = threading.Thread(target=self.feed, daemon=True)
            self.feeding = True
            self.feeder.start()
        for words in self.tools:
            log = open(self.path("client"), "ab")
            self.running_tools.append(subprocess.Popen(
                [find(words[0])] + words[1:], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=self.dir))
        for words, env in self.loads:
            log = open(self.path("client"), "ab")
            self.clients.append(subprocess.Popen(
                [find(words[0])] + words[1:], stdin=subprocess.PIPE, stdout=log, stderr=log,
                cwd=self.dir, env=dict(os.environ, **(env or {}))))

    def feed(self):
        while self.feeding:
            try:
                self.fed.stdin.write(b"x\n")
                self.fed.stdin.flush()
            except OSError:
                return
            time.sleep(0.01)

    def rest(self):
        """Stops the load. Clients that keep their connections open continue to do so."""
        for client in self.clients:
            client.stdin.close()
        for process in self.running_tools:
            end([process.pid] + descendants(process.pid))
            process.wait()
        self.feeding = False

    def watch(self, pid, *options):
        """Starts a recorder of this process."""
        file = self.path(f"watch.{pid}")
        self.watches.append((pid, file, subprocess.Popen(
            [CLIENT, "record", str(pid), "-o", file, *options], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)))

    def end_watches(self):
        for _, _, process in self.watches:
            process.send_signal(signal.SIGINT)
        for _, _, process in self.watches:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()

    def close(self):
        for client in self.clients:
            end([client.pid] + descendants(client.pid))
        for process in self.running_tools:
            end([process.pid] + descendants(process.pid))
        self.feeding = False
        self.end_watches()
        end(self.pids())
        for process in self.started + self.clients:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                pass
        shutil.rmtree(self.dir, ignore_errors=True)


class Sample:
    """The tasks of one process at one moment."""

    def __init__(self, pid, tasks):
        self.pid = pid
        self.tasks = tasks
        self.red = {task["id"] for task in tasks if task.get("stuck")}
        self.long = {task["id"] for task in tasks if task.get("long")}


def sample(pid, *options):
    """A Sample from a dump; None if the process has ended, as workers of servers do."""
    done = subprocess.run([CLIENT, "dump", str(pid), "-f", "json", *options],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace")
    if done.returncode != 0:
        if is_alive(pid):
            raise RuntimeError(f"dump {pid}: {done.stderr.strip()}")
        return None
    return Sample(pid, json.loads(done.stdout)["tasks"])


def samples(pid, file):
    """Yields the samples of a recording (grmon-stream(5)) with their times."""
    known, stacks = {}, {}
    with open(file, errors="replace") as lines:
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                continue  # the last line of a recorder that was ended
            if "seq" not in record:
                continue
            if record.get("key"):
                known, stacks = {}, {}
            stacks.update(record.get("stacks") or {})
            for key in record.get("gone") or []:
                known.pop(tuple(key.split(".")), None)
            for change in record.get("tasks") or []:
                key = (change["id"], str(change.get("serial", 0)))
                known[key] = dict({} if change.get("new") else known.get(key, {}), **change)
            yield record["clock_ns"], Sample(pid, [whole(task, stacks, record["clock_ns"])
                                                   for task in known.values()])


def whole(task, stacks, now_ns):
    """A recorded task in the form of a dump."""
    frames = stacks.get(str(task.get("stack")), [])
    frames = frames.get("frames", []) if isinstance(frames, dict) else frames
    age_ns = now_ns - task.get("since_ns", now_ns)
    return {"name": "", "state": "unknown", **task, "stack": frames, "age_ns": age_ns}


class Burners:
    """Busy loops that run beside the programs."""

    def __init__(self, count):
        self.processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
                          for _ in range(count)]

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()


def short(task):
    """One line about a task, for the list of wrong verdicts."""
    stack = [frame["function"] for frame in task.get("stack") or []][:14]
    waits = task.get("waits_on") or {}
    return (f'{task["id"]} {task["name"]!r} {task["state"]} {task["age_ns"] / 1e9:.1f}s '
            f'{waits.get("text") or waits.get("address") or ""} in {" < ".join(map(str, stack))}'
            + f' [{task.get("evidence") or task.get("why") or ""}]')
