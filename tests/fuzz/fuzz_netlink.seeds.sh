#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes seeds for fuzz_netlink in the folder that is its argument: the kernel's answers on
# this machine to the client's questions. Without python3 the fuzzer starts without seeds.
set -eu
command -v python3 >/dev/null 2>&1 || exit 0
exec python3 - "$1" <<'END'
import socket, struct, sys

out = sys.argv[1]
mine = socket.socket()
mine.bind(("127.0.0.1", 0))
mine.listen(2)
end = socket.create_connection(mine.getsockname())
pair = socket.socketpair()

def ask(family, body):
    diagnosis = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 4)
    diagnosis.settimeout(2)
    diagnosis.send(struct.pack("IHHII", 16 + len(body), 20, 0x301, 0, 0) + body)
    answers = b""
    for _ in range(2):
        got = diagnosis.recv(32768)
        cut, at = b"", 0
        while at + 16 <= len(got) and len(cut) < 900:  # whole messages, not all of them
            length = struct.unpack_from("I", got, at)[0]
            cut += got[at:at + (length + 3 & ~3)]
            at += length + 3 & ~3
        answers += struct.pack("<H", len(cut)) + cut
        if got[4:6] == b"\3\0":
            break
    return answers

done = struct.pack("<HIHHIII", 20, 20, 3, 0, 0, 0, 0)
tcp = ask(socket.AF_INET, struct.pack("BBBxI48x", socket.AF_INET, 6, 0, 0xffffffff))
unix = ask(socket.AF_UNIX, struct.pack("BBxxIIIII", socket.AF_UNIX, 0, 0xffffffff, 0, 4, 0, 0))
for name, first, body in (("states", b"\0", tcp + done + done), ("pairs", b"\1", unix + done + tcp + done)):
    with open(out + "/" + name, "wb") as file:
        file.write(first + body)
END
