# SPDX-License-Identifier: MIT
"""Runs a command whose output is a closed pipe: it must end by SIGPIPE without a message.
Usage: cli_dump_pipe.py COMMAND…"""
import os, subprocess, sys
r, w = os.pipe()
os.close(r)
p = subprocess.run(sys.argv[1:], stdout=w, stderr=subprocess.PIPE, timeout=20)
print(p)
sys.exit(0 if p.returncode == -13 and not p.stderr else 1)
