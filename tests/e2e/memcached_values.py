# SPDX-License-Identifier: MIT
"""Stores 2,000 values in memcached and reads them back. Usage: memcached_values.py PORT"""
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
f = s.makefile("rwb")
for i in range(2000):
    value = b"v%d" % i * 50
    f.write(b"set k%d 0 0 %d\r\n%s\r\n" % (i, len(value), value)); f.flush()
    assert f.readline() == b"STORED\r\n"
for i in range(2000):
    f.write(b"get k%d\r\n" % i); f.flush()
    f.readline()
    assert f.readline() == b"v%d" % i * 50 + b"\r\n"
    assert f.readline() == b"END\r\n"
