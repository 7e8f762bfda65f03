#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random keys, resizes, clicks, pastes and broken bytes for the view in tmux.

monkey.py CLIENT SECONDS SEED NAME TARGET...

Finds a view that ends by itself, a screen that differs from the same screen drawn again, a list
whose selected row is not on the screen, and a terminal's cursor outside the line that is edited.
The same seed makes the same events. Exits with 1, and prints the last events, if it finds something.
"""
import fcntl
import os
import random
import re
import signal
import struct
import subprocess
import sys
import termios
import time

CLIENT, SECONDS, SEED, NAME = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
TARGET = sys.argv[5:]
SERVER = f"grmon-monkey-{os.getpid()}"
KEYS = [b"j", b"k", b"G", b"\r", b"\x1b", b"?", b"/", b"f", b"s", b"S", b"<", b">", b"p", b" ", b"r", b"i", b"e",
        b"c", b"n", b"N", b"b", b"B", b"\t", b"a", b"A", b"+", b"-", b"[", b"]", b"{", b"}", b"(", b")", b"@", b"L",
        b"y", b"W", b"t", b"g", b"w", b"x", b"P", b"m", b"M", b"d", b"R", b"v", b"u", b"z", b"Z", b"l", b"h", b"o",
        b"Y", b"J", b"K", b"!", b"\\", b"\x7f", b"\x02", b"\x06", b"\x15", b"\x04", b"\x0c", b"0", b"1", b"2", b"3", b"7"]
MOVES = [b"\x1b[A", b"\x1b[B", b"\x1bOA", b"\x1bOB", b"\x1b[C", b"\x1b[D", b"\x1b[H", b"\x1b[F", b"\x1b[1~",
         b"\x1b[4~", b"\x1b[5~", b"\x1b[6~", b"\x1b[Z", b"\x1bOP", b"\x1b[15~", b"\x1b[17~", b"\x1b[3~"]
NONSENSE = [b"\x1b[25~", b"\x1b[1;5A", b"\x1b[200q", b"\x1b]11;rgb:1/2/3\x1b\\", b"\x1bP1$r0m\x1b\\", b"\x1b[",
            b"\x1b[4", b"\x1bO", b"\x1b[<0;3", b"\xff\xfe", b"\xc3", b"\xe2\x82\xac", b"\x1b[113;1:3u", b"\x1b[47u",
            b"\x1bq", b"\x00", b"\x1b]52;c;", b"\x1b[M", b"\xf0\x9f\x99\x82", b"\x1b[200~", b"\x1b[201~"]
WORDS = [b"state:mutex", b"age>1s", b"!idle", b"name:w", b"(", b"fn~[", b"waiter", b"\xc3\xa4\xc3\xb6", b"+5s", b"end",
         b"id:g1 | id:t2", b"x" * 300, b"label:a=b", b"\xe6\x97\xa5\xe6\x9c\xac", b"start"]
SIZES = [(1, 1), (2, 2), (10, 3), (20, 6), (40, 10), (60, 14), (80, 24), (100, 30), (120, 40), (160, 24), (200, 50),
         (241, 12), (300, 80)]


def tmux(*arguments):
    done = subprocess.run(["tmux", "-L", SERVER, *arguments], capture_output=True, check=False)
    return done.stdout.decode(errors="replace")


# Of the preview, below the rows and beside them.
BORDER = re.compile("──|━━")
UPRIGHT = re.compile(" [│┃]( |$)")


class View:
    """The client in a window of tmux."""

    def __init__(self, rng):
        self.rng = rng
        self.size = (80, 24)
        self.log = []
        self.starts = 0
        self.tty = None
        tmux("-f", "/dev/null", "new-session", "-d", "-s", "view", "-x", "80", "-y", "24", "sleep 600")
        tmux("set-option", "-g", "remain-on-exit", "on")
        tmux("set-option", "-g", "focus-events", "off")

    def start(self):
        command = ["exec", CLIENT, *TARGET]
        tmux("respawn-pane", "-k", "-t", "view", " ".join(command))
        self.starts += 1
        self.pid = int(tmux("display-message", "-p", "-t", "view", "#{pane_pid}"))
        self.open_tty()
        for _ in range(600):
            if self.state("alternate_on") == "1" or self.dead():
                break
            time.sleep(0.05)
        self.settle()

    def open_tty(self):
        if self.tty is not None:
            os.close(self.tty)
        path = tmux("display-message", "-p", "-t", "view", "#{pane_tty}").strip()
        self.tty = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)

    def state(self, *names):
        text = tmux("display-message", "-p", "-t", "view", " ".join("#{%s}" % name for name in names))
        return text.rstrip("\n")

    def dead(self):
        return self.state("pane_dead") == "1"

    def is_told(self):
        """Whether the client's terminal has the size of the window."""
        height, width = struct.unpack("hhhh", fcntl.ioctl(self.tty, termios.TIOCGWINSZ, bytes(8)))[:2]
        return (width, height) == self.size

    def waits(self):
        """Whether the client has read everything and waits in poll()."""
        try:
            count = struct.unpack("i", fcntl.ioctl(self.tty, termios.FIONREAD, bytes(4)))[0]
            with open(f"/proc/{self.pid}/syscall", encoding="ascii") as file:
                return count == 0 and self.is_told() and file.read().split()[0] in ("7", "271")
        except (OSError, IndexError):
            return True  # it has ended

    def settle(self):
        """Until what was sent is read and drawn."""
        for _ in range(400):
            time.sleep(0.01)
            if self.waits():
                break
        before = None
        for _ in range(50):
            now = self.plain()
            if now == before and self.waits():
                return
            before = now
            time.sleep(0.03)

    def plain(self):
        return tmux("capture-pane", "-p", "-t", "view")

    def lines(self):
        """Every line, with its colours."""
        return tmux("capture-pane", "-p", "-e", "-N", "-t", "view").split("\n")

    def send(self, data):
        for at in range(0, len(data), 400):
            tmux("send-keys", "-t", "view", "-H", *["%02x" % byte for byte in data[at:at + 400]])

    def resize(self, width, height):
        self.size = (width, height)
        tmux("resize-window", "-t", "view", "-x", str(width), "-y", str(height))
        # tmux tells it later, and forgets to when it has the old size again by then.
        try:
            for _ in range(100):
                if self.is_told():
                    break
                time.sleep(0.01)
        except OSError:
            pass  # the client has ended

    def event(self):
        """Makes an event; returns its bytes, or the size of a resize."""
        kind = self.rng.random()
        if kind < 0.50:
            return self.rng.choice(KEYS)
        if kind < 0.72:
            return self.rng.choice(MOVES) * self.rng.choice((1, 1, 1, 5))
        if kind < 0.82:
            place = (self.rng.randint(1, self.size[0]), self.rng.randint(1, self.size[1]))
            click = b"\x1b[<%d;%d;%dM" % (self.rng.choice((0, 0, 0, 64, 65, 2)), *place)
            if self.rng.random() < 0.2:
                return self.drag(place)
            return click * self.rng.choice((1, 1, 2))
        if kind < 0.86:
            return self.rng.choice(NONSENSE)
        if kind < 0.90:
            return self.rng.choice(WORDS)
        if kind < 0.92:
            return b"\x1b[200~" + self.rng.choice(WORDS) + b"\nq\x1b[201~"
        if kind < 0.93:
            return b"q"
        return self.rng.choice(SIZES)

    def drag(self, place):
        """From a border, if there is one, to a place."""
        begin = (self.rng.randint(1, self.size[0]), self.rng.randint(1, self.size[1]))
        for number, line in enumerate(self.plain().split("\n"), 1):
            if BORDER.match(line):
                begin = (10, number)
            elif UPRIGHT.search(line):
                begin = (UPRIGHT.search(line).start() + 1, number)
        return (b"\x1b[<0;%d;%dM" % begin + b"\x1b[<32;%d;%dM" % place +
                (b"\x1b[<0;%d;%dm" % place if self.rng.random() < 0.8 else b""))

    def act(self):
        events = [self.event() for _ in range(self.rng.choice((1, 2, 4, 12)))]
        if self.rng.random() < 0.3:
            # Something is opened and scrolled in a small terminal, which then grows.
            ends = self.rng.choice((b"\x1b[F", b"\x1b[6~", b"\x1b[B" * 9))
            opens = self.rng.choice((b"s", b"c", b"@", b"w", b"x", b"g", self.rng.choice(KEYS)))
            events = [self.rng.choice(SIZES[3:7]), opens, ends, self.rng.choice(SIZES[6:])]
        data = b""
        for event in events:
            self.log.append(event)
            if isinstance(event, bytes):
                data += event
                continue
            self.send(data)
            data = b""
            self.settle()
            self.resize(*event)
        self.send(data)
        del self.log[:-60]


class Wrong(Exception):
    """What is wrong with a screen."""


def fail(view, what, *screens):
    print(f"# {NAME}, seed {SEED}, start {view.starts}: {what}")
    print(f"# last events at {view.size}: {view.log}")
    for screen in screens or (view.plain(),):
        for line in screen.rstrip("\n").split("\n"):
            print("# |" + line)
    print(f"# again: tests/tui/monkey.py {' '.join(sys.argv[1:])}")
    raise SystemExit(1)


def check_alive(view):
    if not view.dead():
        return
    status, number = view.state("pane_dead_status"), view.state("pane_dead_signal")
    if status != "0" or number:
        fail(view, f"the view ended with status {status or '-'}, signal {number or '-'}")
    view.start()


def is_still(screen):
    """Whether nothing on the screen moves by itself."""
    first = screen.split("\n")[0]
    moves = re.search(r"REC|REPLAY.*x|FAILING|COMMAND|following", screen.split("\n", 3)[0] + screen[:400])
    return not moves and ("PAUSED" in first or "ENDED" in first or "REPLAY" in first)


def check_stale(view):
    """Everything drawn again must be what was there."""
    view.settle()
    before = None
    while before != view.plain() and not view.dead():
        before = view.plain()
        if not is_still(before):
            return
        time.sleep(0.2)
    try:
        os.kill(view.pid, signal.SIGCONT)
    except ProcessLookupError:
        return
    view.settle()
    after = view.plain()
    if before == after or not is_still(after) or view.dead():
        return
    changed = [number for number, (old, new) in enumerate(zip(before.split("\n"), after.split("\n"))) if old != new]
    # A message goes by itself, and a last sample comes.
    ignored = [view.size[1] - 2, view.size[1] - 1] + ([] if "PAUSED" in before else [0])
    if any(number not in ignored for number in changed):
        fail(view, f"lines {changed} are drawn differently", before, after)


SELECTED = re.compile(r"\x1b\[([0-9;]*;)?7m")


def check_cursor(view):
    """What is wrong with one screen, unless it changes while it is looked at."""
    view.settle()
    for again in (True, True, False):
        before = view.plain()
        try:
            look_at(view)
            return
        except Wrong as wrong:
            # A frame may have been half drawn.
            if not again and before == view.plain() and not view.dead():
                fail(view, str(wrong))
            time.sleep(0.1)


def look_at(view):
    """A table of tasks or groups has one selected row; the terminal's cursor is in the edited line."""
    height = view.size[1]
    lines = view.lines()
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    if any("(null)" in line for line in plain):
        raise Wrong("a text is missing")
    visible, y = view.state("cursor_flag", "cursor_y").split()
    if visible == "1" and int(y) < height - 2:
        raise Wrong(f"the cursor is in line {y}")
    if height < 12 or view.size[0] < 40 or "[0:all" not in plain[1] or visible == "1":
        return
    counted = re.search(r"line (\d+) of (\d+)", plain[height - 2])
    if counted and int(counted[1]) > max(int(counted[2]), 1):
        raise Wrong("the line is behind the last one")
    # There may be a line of warnings above the titles.
    titles = [number for number in (2, 3) if re.search(r"\bID\b.*STATE|COUNT.*STATE", plain[number])]
    if not titles:
        return
    first = titles[0] + 1
    border = [number for number, line in enumerate(plain) if BORDER.match(line)]
    height = border[0] + 2 if border else height
    rows = [line for line in plain[first:height - 2] if re.match(r".{1,4}[tg#]\d+ |\s*\d+ ", line)]
    # A preview beside the rows has a cursor of its own.
    left = [line.split("┃")[0] for line in lines[first:height - 2]]
    selected = [number for number, line in enumerate(left) if SELECTED.search(line)]
    if rows and len(selected) != 1:
        raise Wrong(f"selected lines: {selected}")


def main():
    rng = random.Random(SEED)
    view = View(rng)
    rounds = 0
    try:
        view.start()
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            view.act()
            rounds += 1
            check_alive(view)
            if rounds % 3 == 0:
                check_stale(view)
                check_alive(view)
            check_cursor(view)
        check_alive(view)
        print(f"# {NAME}, seed {SEED}: {rounds} rounds, {view.starts} starts")
    finally:
        tmux("kill-server")


main()
