# SPDX-License-Identifier: MIT
"""Sends a signal to a command while it reads memory that does not answer: it must end at once with
this status, within a second or, on a busy machine, a few. Usage: silent_memory_ends.py SIGNAL STATUS
COMMAND…"""
import os, signal, subprocess, sys, time
name, status = sys.argv[1], int(sys.argv[2])
process = subprocess.Popen(sys.argv[3:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
def reads():
    """Tells whether a thread of the process or of its child sleeps in a call that reads another's memory."""
    pid, number = process.pid, {"x86_64": "310", "aarch64": "270"}[os.uname().machine]
    try:
        for one in [pid, *open(f"/proc/{pid}/task/{pid}/children").read().split()]:
            for task in os.listdir(f"/proc/{one}/task"):
                if open(f"/proc/{one}/task/{task}/syscall").read().startswith(number + " "):
                    return True
    except OSError:
        pass
    return False
until = time.time() + 30
while not reads() and time.time() < until:
    time.sleep(0.01)
begin = time.time()
process.send_signal(getattr(signal, "SIG" + name))
process.wait(30)
took = time.time() - begin
print(f"status {process.returncode} after {took:.2f} s")
sys.exit(0 if process.returncode == status and took < 5 else 1)
