# SPDX-License-Identifier: MIT
"""Writes the start of a session with postgres and a query that sleeps.
Usage: waits_server_query.py FILE"""
import struct, sys
start = struct.pack("!i", 196608) + b"user\0postgres\0database\0postgres\0\0"
query = b"select pg_sleep(600)\0"
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("!i", len(start) + 4) + start)
    file.write(b"Q" + struct.pack("!i", len(query) + 4) + query)
