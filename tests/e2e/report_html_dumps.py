# SPDX-License-Identifier: MIT
"""Writes dumps of goroutines: hostile.txt with names that look like markup or are very long, and
many.txt with 20,000 places. `report_html_dumps.py wrapped FILE WIDTH` exits with 1 if the text of
a report in FILE is not wrapped well at that width."""
import sys

LONG = "example.com/" + "a-long-organisation/" * 9 + "reconcile.(*Reconciler).waitForReady"


def dump(goroutines):
    return b"".join(b"goroutine %d [%s, 20 minutes]:\n%s(0x1)\n\t/src/main.go:%d +0x1c\n"
                    b"created by main.begin in goroutine 1\n\t/src/begin.go:7 +0x2\n\n" % (id, state, name, id % 900 + 1)
                    for id, state, name in goroutines)


def write():
    evil = b"main.<script>alert(1)</script>'&quot\xff\xfe\xc3.run"
    with open("hostile.txt", "wb") as file:
        file.write(dump([(7, b"chan send", evil), (8, b"chan send", LONG.encode()), (9, b"sync.Mutex.Lock", b"main.locks"),
                         (10, b"chan receive", LONG.encode())]))
    with open("many.txt", "wb") as file:
        file.write(dump((n, b"chan send", b"main.function%d" % n) for n in range(2, 20002)))


def wrapped(path, width):
    """Lines are at most so long, or one word; and no line is shorter than it has to be."""
    wrong, before = 0, ""
    for line in open(path, encoding="utf-8").read().split("\n"):
        if line.startswith("    ") or line.startswith("---") or any("\u2580" <= c <= "\u259f" for c in line):
            line = ""
        text = line.lstrip("- ")
        if len(line) > width and " " in text:
            print("too long: " + line)
            wrong += 1
        if before and not before.endswith(".") and line.startswith("  ") == before.startswith(("- ", "  ")) and not line.startswith("- ") and text and \
                not text.startswith(("blocked at", "created by")) and len(before) + 1 + len(text.split()[0]) <= width:
            print("too short: %s | %s" % (before, line))
            wrong += 1
        before = line if not line.startswith(("  blocked", "  created")) else ""
    return wrong


if sys.argv[1:2] == ["wrapped"]:
    sys.exit(1 if wrapped(sys.argv[2], int(sys.argv[3])) else 0)
write()
