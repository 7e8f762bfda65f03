#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sampler.py CLIENT LIBRARY FOLDER: until FOLDER/stop exists, samples every process that has LIBRARY
mapped: `ls`, two dumps of each process, and the view of one process of each name. Then, or after a
while, it removes FOLDER/hold, for which programs wait. It writes a summary to FOLDER/samples, with a
line `fault: ...` for each command that failed."""
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

SAMPLES = 2
# For a process without rows of the agent: it may not have started yet, or be a child that has hardly
# waited.
SAMPLES_MAX = 6
SAMPLE_S = 60
VIEWS = 3

# The longest time that programs are held until each of their processes has been sampled.
HOLD_S = 15

client, library, folder = sys.argv[1:4]
stop, hold, result = folder + "/stop", folder + "/hold", folder + "/samples"
began = time.monotonic()
about = os.stat(library)
mapped = f" {about.st_ino} "
samples, agent, other, filtered, viewed = {}, set(), set(), set(), set()
# The client's exit statuses if the process ends: there is no such target, or it has ended.
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


# The slowest command: its seconds, and its words.
slowest = (0.0, "")


def took(since, what):
    global slowest
    slowest = max(slowest, (time.monotonic() - since, what))


def run(*words):
    since = time.monotonic()
    try:
        done = subprocess.run([client, *words], capture_output=True, timeout=SAMPLE_S)
    except subprocess.TimeoutExpired:
        faults.append(f"{' '.join(words)}: no end after {SAMPLE_S} s")
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
    """Runs the view in its own terminal until it shows a table, then quits it."""
    since = time.monotonic()
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(client, [client, pid])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    text, asked, ends = b"", False, time.monotonic() + SAMPLE_S
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
    return samples.get(pid, 0) >= (SAMPLES if rows else SAMPLES_MAX)


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
        samples[pid] = samples.get(pid, 0) + 1
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

# Some processes were sampled before the agent had made its region, and again after that.
other -= agent
with open(result, "w") as out:
    print(f"{len(agent)} with rows of the agent, {len(other)} without, "
          f"{len(filtered)} under a filter, {len(viewed)} views, {listed} lists", file=out)
    print("slowest: %.1f s, %s" % slowest, file=out)
    for key in sorted(other):
        print("without:", *key, file=out)
    for fault in faults:
        print("fault:", fault, file=out)
