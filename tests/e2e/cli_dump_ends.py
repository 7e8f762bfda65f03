# SPDX-License-Identifier: MIT
"""Ends a target while `dump` is between its two samples: it must end with status 4.
Usage: cli_dump_ends.py CLIENT"""
import os, subprocess, sys, time
client = sys.argv[1]
for attempt in range(20):
    target = subprocess.Popen(["sleep", "600"])
    p = subprocess.Popen([client, "dump", str(target.pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    held = False
    while not held and p.poll() is None:
        try:
            # If a file system may not answer, a child of the client does the work.
            pids = [p.pid, *map(int, open(f"/proc/{p.pid}/task/{p.pid}/children").read().split())]
        except OSError:
            pids = [p.pid]
        for pid in pids:
            for fd in range(3, 20):
                try:
                    held |= "pidfd" in os.readlink(f"/proc/{pid}/fd/{fd}")
                except OSError:
                    pass
    time.sleep(attempt % 10 * 0.01)
    target.kill()
    target.wait()
    out, err = p.communicate(timeout=20)
    print(p.returncode, out, err)
    if p.returncode == 4:
        sys.exit(0 if b"ended" in err and not out else 1)
sys.exit(1)
