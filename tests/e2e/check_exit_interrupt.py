# SPDX-License-Identifier: MIT
"""Runs a command as its own job and sends SIGINT to the whole job, as ^C does.
Usage: check_exit_interrupt.py COMMAND…"""
import os, signal, subprocess, sys, time
job = subprocess.Popen(sys.argv[1:], start_new_session=True)
children = f"/proc/{job.pid}/task/{job.pid}/children"
until = time.monotonic() + 20
def runs():
    for pid in open(children).read().split():
        if open(f"/proc/{pid}/comm").read() == "sleep\n":
            return True
while not runs() and time.monotonic() < until:
    time.sleep(0.05)
time.sleep(0.3)
os.killpg(job.pid, signal.SIGINT)
sys.exit(job.wait() % 256)
