# SPDX-License-Identifier: MIT
"""A job that ends with status 8 when SIGCONT arrives, or with 9 if it does not arrive."""
import os, signal, sys, time
seen = []
signal.signal(signal.SIGCONT, lambda *_: seen.append("cont"))
open("pid", "w").write(str(os.getpid()))
until = time.monotonic() + 30
while not seen and time.monotonic() < until:
    time.sleep(0.02)
sys.exit(8 if seen else 9)
