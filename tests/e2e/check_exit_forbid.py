# SPDX-License-Identifier: MIT
"""Runs a command under a filter that forbids ptrace. Usage: check_exit_forbid.py COMMAND…"""
import ctypes, os, struct, sys
def rule(code, yes, no, value):
    return struct.pack("HBBI", code, yes, no, value)
# Load the number of the call; return EPERM for ptrace; allow any other.
rules = (rule(0x20, 0, 0, 0) + rule(0x15, 0, 1, 101) + rule(6, 0, 0, 0x50001) +
         rule(6, 0, 0, 0x7fff0000))
text = ctypes.create_string_buffer(rules)
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("rules", ctypes.c_void_p)]
program = Program(4, ctypes.addressof(text))
libc = ctypes.CDLL(None)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program), 0, 0):
    sys.exit(77)
os.execv(sys.argv[1], sys.argv[1:])
