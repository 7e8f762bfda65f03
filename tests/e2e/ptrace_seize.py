# SPDX-License-Identifier: MIT
"""A debugger that has attached to every thread of a process. Usage: ptrace_seize.py PID"""
import ctypes, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
for tid in os.listdir(f"/proc/{sys.argv[1]}/task"):
    assert libc.ptrace(0x4206, int(tid), 0, 0) == 0  # PTRACE_SEIZE
print("traced", flush=True)
time.sleep(60)
