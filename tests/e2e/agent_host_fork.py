# SPDX-License-Identifier: MIT
"""Forks and prints the status of the child. Python warns if the process has threads."""
import os, threading, warnings
warnings.simplefilter("always")
for _ in range(3):
    t = threading.Thread(target=lambda: None); t.start(); t.join()
pid = os.fork()
if pid == 0: os._exit(0)
print(os.waitpid(pid, 0)[1])
