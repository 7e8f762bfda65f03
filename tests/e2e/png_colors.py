#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the pixels of a screenshot: reddish, greenish, dark, and all."""
import struct
import sys
import zlib

data = open(sys.argv[1], "rb").read()
assert data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
at, packed = 8, b""
while at < len(data):
    length, kind = struct.unpack(">I4s", data[at:at + 8])
    body = data[at + 8:at + 8 + length]
    if kind == b"IHDR":
        width, height, depth, color = struct.unpack(">IIBB", body[:10])
    elif kind == b"IDAT":
        packed += body
    at += 12 + length
assert depth == 8 and color in (2, 6), (depth, color)
step = 4 if color == 6 else 3
raw = zlib.decompress(packed)
before = bytearray(width * step)
red = green = dark = 0
for y in range(height):
    start = y * (width * step + 1)
    way, row = raw[start], bytearray(raw[start + 1:start + 1 + width * step])
    if way == 2:
        row = bytearray((a + b) & 255 for a, b in zip(row, before))
    elif way != 0:
        for i in range(len(row)):
            left = row[i - step] if i >= step else 0
            up = before[i]
            corner = before[i - step] if i >= step else 0
            if way == 1:
                guess = left
            elif way == 3:
                guess = (left + up) // 2
            else:
                p = left + up - corner
                guess = min((left, up, corner), key=lambda c: abs(p - c))
            row[i] = (row[i] + guess) & 255
    before = row
    for r, g, b in zip(row[0::step], row[1::step], row[2::step]):
        red += r > 150 and g < 120 and b < 120
        green += g > 180 and r < 100 and b < 100
        dark += max(r, g, b) < 90
print(red, green, dark, width * height)
