# SPDX-License-Identifier: MIT
"""Runs a command, which must succeed within this CPU time and memory.
Usage: hostile_files_measure.py SECONDS MEGABYTES COMMAND…"""
import resource, subprocess, sys, time
begin = time.monotonic()
rc = subprocess.call(sys.argv[3:], timeout=60)
took = time.monotonic() - begin
used = resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = used.ru_utime + used.ru_stime
print("exit status %d after %.1f s, %.1f s of work, %d MB" % (rc, took, cpu, used.ru_maxrss >> 10))
sys.exit(rc != 0 or cpu > float(sys.argv[1]) or used.ru_maxrss >> 10 > int(sys.argv[2]))
