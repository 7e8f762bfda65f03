# SPDX-License-Identifier: MIT
"""Cuts FILE and restores it from WHOLE, in a loop. Usage: hostile_files_cut.py FILE WHOLE"""
import os, random, sys, time
path, data = sys.argv[1], open(sys.argv[2], "rb").read()
fd = os.open(path, os.O_RDWR)
while True:
    time.sleep(random.random() / 500)
    os.ftruncate(fd, 100)
    time.sleep(random.random() / 500)
    os.pwrite(fd, data, 0)
