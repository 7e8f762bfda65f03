# SPDX-License-Identifier: MIT
"""Copies the C library without its build ID. Usage: native_names_libc.py FILE"""
import ctypes.util, re, subprocess, sys
path = [l.split()[-1] for l in open("/proc/self/maps") if re.search(r"/libc\.so\.6$|/libc-2", l)][0]
data = open(path, "rb").read()
notes = subprocess.run(["readelf", "-n", path], capture_output=True, text=True).stdout
own = bytes.fromhex(re.search(r"Build ID: (\w+)", notes).group(1))
open(sys.argv[1], "wb").write(data.replace(own, bytes(len(own))))
