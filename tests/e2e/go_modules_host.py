# SPDX-License-Identifier: MIT
"""A Python program that loads a Go library. Usage: go_modules_host.py LIBRARY"""
import ctypes, sys, time
print("bare", flush=True)
sys.stdin.readline()
library = ctypes.CDLL(sys.argv[1])
library.Start()
time.sleep(0.1)
print("loaded", flush=True)
sys.stdin.readline()
