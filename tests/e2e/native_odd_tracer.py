# SPDX-License-Identifier: MIT
"""Attaches to a process, which stops it; continues it after reading a line, and stays attached.
Usage: native_odd_tracer.py PID"""
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
pid = int(sys.argv[1])
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
if libc.ptrace(16, pid, None, None) != 0:  # PTRACE_ATTACH
    print("denied", flush=True)
    sys.exit()
os.waitpid(pid, 0)
print("stopped", flush=True)
sys.stdin.readline()
libc.ptrace(7, pid, None, None)  # PTRACE_CONT
print("running", flush=True)
sys.stdin.readline()
