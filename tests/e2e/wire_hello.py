# SPDX-License-Identifier: MIT
"""Compares the line on the agent's socket with the one in the manual page.
Usage: wire_hello.py PID PAGE"""
import json, os, socket, sys
page = open(sys.argv[2]).read()
shown = json.loads(page[page.index('{"grmon":1,'):].split("\n.Ed")[0])
with socket.socket(socket.AF_UNIX) as peer:
    peer.connect(f"{os.environ['XDG_RUNTIME_DIR']}/grmon/{sys.argv[1]}.sock")
    line, fds, _, _ = socket.recv_fds(peer, 4096, 2)
    end = peer.recv(1)
said = json.loads(line)
shown["pid"] = int(sys.argv[1])
if (said, len(fds), line[-1:], end) != (shown, 1, b"\n", b""):
    sys.exit(f"{line} with {fds}, not {shown}")
