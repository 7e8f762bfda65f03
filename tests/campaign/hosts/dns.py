# SPDX-License-Identifier: MIT
# dns.py PORT NAME: queries a server on this machine for an address, over UDP and over TCP.
import socket
import struct
import sys

question = b"".join(bytes([len(part)]) + part.encode() for part in sys.argv[2].split(".")) + b"\0"
query = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + question + struct.pack(">2H", 1, 1)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
    udp.settimeout(5)
    udp.sendto(query, ("127.0.0.1", int(sys.argv[1])))
    print("udp", socket.inet_ntoa(udp.recv(512)[-4:]))
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5) as tcp:
    tcp.sendall(struct.pack(">H", len(query)) + query)
    answer = tcp.makefile("rb")
    print("tcp", socket.inet_ntoa(answer.read(struct.unpack(">H", answer.read(2))[0])[-4:]))
