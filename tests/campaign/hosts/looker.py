#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""looker.py CLIENT LIBRARY FOLDER: until there is FOLDER/stop, looks at every process that has
LIBRARY mapped: `ls`, two dumps of each, and the view of one program of each name. Then, or
after a while, FOLDER/hold goes, for which programs wait. FOLDER/looks gets one line of what
was seen, and a line `fault: ...` for each look that went wrong."""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

LOOKS = 2
# For one that has no rows of the agent: it may be before its start, or a child that has hardly
# waited yet.
LOOKS_MAX = 6
LOOK_S = 60
VIEWS = 3

# From the first process on, until nothing is left that has not been looked at; at most so long.
HOLD_S = 15

client, library, folder = sys.argv[1:4]
stop, hold, result = folder + "/stop", folder + "/hold", folder + "/looks"
began = time.monotonic()
about = os.stat(library)
mapped = f" {about.st_ino} "
looks, agent, other, filtered, viewed = {}, set(), set(), set(), set()
# What a process that ends under the look makes of it: nothing to be watched, or it ended.
ENDED = (3, 4)
faults, listed = [], 0


def hosts():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/maps") as maps:
                if any(mapped in line and "libgrmon.so" in line for line in maps):
                    yield pid
        except OSError:
            pass


def status(pid, name):
    try:
        with open(f"/proc/{pid}/status") as lines:
            return next((line.split()[1] for line in lines if line.startswith(name + ":")), "")
    except (OSError, IndexError):
        return ""


# The slowest look: its seconds, and at what.
slowest = (0.0, "")


def took(since, what):
    global slowest
    slowest = max(slowest, (time.monotonic() - since, what))


def run(*words):
    since = time.monotonic()
    try:
        done = subprocess.run([client, *words], capture_output=True, timeout=LOOK_S)
    except subprocess.TimeoutExpired:
        faults.append(f"{' '.join(words)}: no end after {LOOK_S} s")
        return None
    name = status(words[1], "Name") if len(words) > 1 else ""
    took(since, " ".join(words[:2]) + " " + name)
    if done.returncode not in (0, *ENDED):
        faults.append(f"{' '.join(words)}: exit {done.returncode}: {done.stderr[-200:]!r}")
    return done


def dump(pid):
    done = run("dump", pid, "-f", "json")
    if done is None or done.returncode != 0:
        return
    try:
        snapshot = json.loads(done.stdout)
    except ValueError as error:
        faults.append(f"dump {pid}: {error}")
        return
    key = (pid, status(pid, "Name"))
    if "agent" in snapshot["target"]["sources"]:
        agent.add(key)
    else:
        other.add(key)
    if status(pid, "Seccomp") == "2":
        filtered.add(key)


def view(pid):
    """In a terminal of its own: until its table is there, and then q."""
    since = time.monotonic()
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(client, [client, pid])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    text, asked, ends = b"", False, time.monotonic() + LOOK_S
    while time.monotonic() < ends:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                got = os.read(terminal, 65536)
            except OSError:
                got = b""
            if not got:
                break
            text += got
        if b"STATE" in text and not asked:
            os.write(terminal, b"q")
            asked = True
    else:
        os.kill(child, signal.SIGKILL)
        faults.append(f"the view of {pid} did not end: {text[-200:]!r}")
    os.close(terminal)
    took(since, f"the view of {pid} {status(pid, 'Name')}")
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if asked and code == 0:
        viewed.add(pid)
    elif code not in (0, *ENDED, -signal.SIGKILL):
        faults.append(f"the view of {pid}: {code}")


def let_go():
    if os.path.exists(hold):
        os.unlink(hold)


def enough(pid):
    rows = any(pid == seen for seen, name in agent)
    return looks.get(pid, 0) >= (LOOKS if rows else LOOKS_MAX)


names = set()
while True:
    if time.monotonic() - began > HOLD_S:
        let_go()
    last = os.path.exists(stop)
    found = list(hosts())
    for pid in found:
        if os.path.exists(stop):
            break
        if enough(pid):
            continue
        looks[pid] = looks.get(pid, 0) + 1
        dump(pid)
        name = status(pid, "Name")
        if enough(pid) and len(viewed) < VIEWS and name and name not in names:
            names.add(name)
            view(pid)
    if viewed and all(map(enough, found)):
        let_go()
    if found:
        done = run("ls")
        if done is not None and done.returncode == 0:
            listed += 1
    if last:
        break
    time.sleep(0.05)

# One that was seen without the agent before its region was made, and with it afterwards.
other -= agent
with open(result, "w") as out:
    print(f"{len(agent)} with rows of the agent, {len(other)} without, "
          f"{len(filtered)} under a filter, {len(viewed)} views, {listed} lists", file=out)
    print("slowest: %.1f s, %s" % slowest, file=out)
    for key in sorted(other):
        print("without:", *key, file=out)
    for fault in faults:
        print("fault:", fault, file=out)
