# SPDX-License-Identifier: MIT
"""Compresses FILE to FILE.xz, and FILE followed by 300 MB of zeros to BOMB.
Usage: hostile_files_pack.py FILE BOMB"""
import lzma, sys
data = open(sys.argv[1], "rb").read()
open(sys.argv[1] + ".xz", "wb").write(lzma.compress(data))
open(sys.argv[2], "wb").write(lzma.compress(data + b"\0" * (300 << 20), preset=0))
