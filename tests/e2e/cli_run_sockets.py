# SPDX-License-Identifier: MIT
"""Leaves Unix sockets in a folder on which no process listens. With --listen, listens on the last.
Usage: cli_run_sockets.py FOLDER [--listen] NAME…"""
import os
import socket
import sys
import time

folder, *names = sys.argv[1:]
listen = names[0] == "--listen"
os.makedirs(folder, mode=0o700, exist_ok=True)
for name in names[listen:]:
    last = socket.socket(socket.AF_UNIX)
    last.bind(os.path.join(folder, name))
if listen:
    last.listen(1)
    time.sleep(300)
