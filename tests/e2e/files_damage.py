# SPDX-License-Identifier: MIT
"""Prints the recording whole with four bytes changed near the end of a line, after the
field that marks it as a sample.
Usage: files_damage.py LINE"""
import sys
lines = open("whole", "rb").read().split(b"\n")
line = bytearray(lines[int(sys.argv[1])])
line[len(line) - 12:len(line) - 8] = b"\0{{\xff"
lines[int(sys.argv[1])] = bytes(line)
sys.stdout.buffer.write(b"\n".join(lines))
