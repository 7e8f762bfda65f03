# SPDX-License-Identifier: MIT
"""hostile_elf.py KIND IN OUT: writes the library IN, which still loads, with sections or segments
that are expensive to read."""
import os
import struct
import sys
import zlib

SHDR = "<IIQQQQIIQQ"
MEGA = 1 << 20


class Elf:
    def __init__(self, path):
        self.bytes = bytearray(open(path, "rb").read())
        self.shoff, = struct.unpack_from("<Q", self.bytes, 40)
        self.shnum, self.names_index = struct.unpack_from("<HH", self.bytes, 60)
        self.sections = [list(struct.unpack_from(SHDR, self.bytes, self.shoff + 64 * i))
                         for i in range(self.shnum)]
        names = self.sections[self.names_index]
        self.names = bytearray(self.bytes[names[4]:names[4] + names[5]])
        self.length = None

    def name(self, section):
        return bytes(self.names[section[0]:]).split(b"\0")[0].decode()

    def get(self, name):
        return next(self.bytes[s[4]:s[4] + s[5]] for s in self.sections if self.name(s) == name)

    def drop(self, *wanted):
        for section in self.sections:
            if self.name(section) in wanted:
                section[:2] = [0, 0]

    def add(self, name, kind, size, data=None, flags=0, entsize=0, link=0, info=0):
        at = len(self.names)
        self.names += name.encode() + b"\0"
        offset = len(self.bytes)
        if data is not None:
            self.bytes += data + b"\0" * (-len(data) % 16)
        self.sections.append([at, kind, flags, 0, offset, size, link, info, 1, entsize])
        return len(self.sections) - 1

    def write(self, path, end=None):
        offset = len(self.bytes)
        self.bytes += self.names
        self.sections[self.names_index][4:6] = [offset, len(self.names)]
        self.bytes += b"\0" * (-len(self.bytes) % 16)
        count = len(self.sections)
        struct.pack_into("<Q", self.bytes, 40, len(self.bytes))
        struct.pack_into("<H", self.bytes, 60, count if count < 0xff00 else 0)
        if count >= 0xff00:
            self.sections[0][5] = count
        for section in self.sections:
            self.bytes += struct.pack(SHDR, *section)
        with open(path, "wb") as out:
            out.write(self.bytes)
            if end:
                out.truncate(end)
        os.chmod(path, 0o755)


DEBUG = [".debug_info", ".debug_abbrev", ".debug_line", ".debug_str", ".debug_ranges",
         ".debug_aranges"]


def packed(megabytes):
    pack = zlib.compressobj(1)
    piece = b"\0" * MEGA
    return b"".join(pack.compress(piece) for _ in range(megabytes)) + pack.flush()


def main():
    kind, source, target = sys.argv[1:4]
    elf = Elf(source)
    end = None
    if kind == "sparse":
        # Six sections in the hole at the end of the file.
        elf.drop(*DEBUG)
        for name in DEBUG:
            elf.add(name, 1, 480 * MEGA)
        end = 500 * MEGA
    elif kind == "huge":
        elf.drop(*DEBUG, ".symtab", ".eh_frame")
        elf.add(".eh_frame", 1, 1 << 39)
        elf.add(".symtab", 2, 1 << 39, entsize=24, link=elf.names_index)
        elf.add(".debug_info", 1, 1 << 39)
        end = 1 << 40
    elif kind == "packed":
        elf.drop(*DEBUG)
        data = struct.pack("<IIQQ", 1, 0, 400 * MEGA, 1) + packed(400)
        for name in DEBUG[:3]:
            elf.add(name, 1, len(data), data, flags=0x800)
    elif kind == "zdebug":
        elf.drop(*DEBUG)
        data = b"ZLIB" + struct.pack(">Q", 400 * MEGA) + packed(400)
        for name in DEBUG[:3]:
            elf.add(".z" + name[1:], 1, len(data), data)
    elif kind == "claims":
        # A small section that claims to be large.
        elf.drop(*DEBUG)
        for name in DEBUG[:3]:
            data = struct.pack("<IIQQ", 1, 0, 1 << 40, 1) + packed(1)
            elf.add(name, 1, len(data), data, flags=0x800)
    elif kind == "sections":
        for i in range(100000):
            elf.add(".s%d" % i, 1, 16, b"")
    elif kind == "symbols":
        count = 10 * 1000 * 1000
        elf.drop(".symtab")
        text = elf.add(".strtab", 3, 4096, b"\0name" + b"\0" * 4091)
        elf.add(".symtab", 2, count * 24, entsize=24, link=text, info=1)
        end = len(elf.bytes) + count * 24 + 16 * MEGA
    elif kind == "segments":
        # The program headers again, and a hundred notes and tables that claim to be large.
        phoff, = struct.unpack_from("<Q", elf.bytes, 32)
        phnum, = struct.unpack_from("<H", elf.bytes, 56)
        table = elf.bytes[phoff:phoff + 56 * phnum]
        for kind in (0x6474e550, 0x60001234):
            table += struct.pack("<IIQQQQQQ", kind, 4, 0, 0, 0, 1 << 38, 1 << 38, 8) * 50
        elf.bytes += b"\0" * (-len(elf.bytes) % 16)
        struct.pack_into("<Q", elf.bytes, 32, len(elf.bytes))
        struct.pack_into("<H", elf.bytes, 56, phnum + 100)
        elf.bytes += table
        end = 1 << 39
    elif kind == "lines":
        # 10 million line numbers of one unit, a byte each.
        data = bytearray(elf.get(".debug_line"))
        more = b"\x4b" * (10 * 1000 * 1000)
        struct.pack_into("<I", data, 0, struct.unpack_from("<I", data, 0)[0] + len(more))
        elf.drop(".debug_line")
        elf.add(".debug_line", 1, len(data) + len(more), bytes(data) + more)
    elif kind == "units":
        data = struct.pack("<IHIBB", 8, 4, 0, 8, 0) * (4 * 1000 * 1000)
        elf.drop(".debug_info", ".debug_aranges")
        elf.add(".debug_info", 1, len(data), data)
    else:
        sys.exit("unknown kind")
    elf.write(target, end)


main()
