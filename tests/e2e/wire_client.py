#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what each task of a process with libgrmon waits for: id, name, state, age in seconds and
object, between tabs. Written from grmon-wire(5) alone. Usage: wire_client.py PID socket|fd|memory"""
import glob, os, re, socket, struct, sys, time
STATES = """unknown chan-send chan-recv select mutex rwlock-read rwlock-write cond semaphore barrier
waitgroup join futex io-read io-write accept connect poll disk flock fsync dns sleep wait-child
signal-wait unknown running""".split()
HEADER = struct.Struct("<QIIQ" + "IIQ" * 4 + "iIQQII")
SLOT, CHAN = struct.Struct("<IIQQQQiIQIiQQIiQ32s32s"), struct.Struct("<QQQIIIIII16s")
pid, way = int(sys.argv[1]), sys.argv[2]
inner = int(re.search(r"^NSpid:.*?(\d+)$", open(f"/proc/{pid}/status").read(), re.M)[1])

def find():  # the file that contains the region, and the region's offset in it
    if way == "socket":
        folder = os.environ.get("GRMON_SOCKET_DIR") or os.environ["XDG_RUNTIME_DIR"] + "/grmon"
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(0.3)
            peer.connect(f"{folder}/{inner}.sock")
            creds = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            assert struct.unpack("iII", creds)[0] == pid, "another process has the socket"
            return socket.recv_fds(peer, 4096, 1)[1][0], 0
    if way == "fd":
        for link in glob.glob(f"/proc/{pid}/fd/*") + glob.glob(f"/proc/{pid}/task/*/fd/*"):
            if re.match("/memfd:grmon( |$)", os.readlink(link)):
                return os.open(link, os.O_RDONLY | os.O_NONBLOCK), 0
    start = re.search(r"^(\w+)-\w+ r\S+ 0+ \S+ \d+ +/memfd:grmon\b", open(f"/proc/{pid}/maps").read(), re.M)
    return os.open(f"/proc/{pid}/mem", os.O_RDONLY), int(start[1], 16)

def read(layout, offset):
    return layout.unpack(os.pread(fd, layout.size, base + offset))

def read_slot(index):
    for _ in range(16):
        slot = read(SLOT, slots + index * 256)
        if slot[0] % 2 == 0 and slot[0] == read(struct.Struct("<I"), slots + index * 256)[0]:
            return slot
    return (0,) * 18

def text(field):
    return field.split(b"\0")[0].decode(errors="backslashreplace")

fd, base = find()
(magic, version, header, _, slot_bytes, nr_slots, slots, _, _, _, _, _, _, chan_bytes, nr_chans, chans,
 owner, _, _, _, slots_used, chans_used) = read(HEADER, 0)
assert magic == 0x314E4F4D5247 and version == 1, f"version {version}"
assert (header, slot_bytes, chan_bytes, owner) == (256, 256, 64, inner) and nr_slots <= 65536 >= nr_chans
records = [read(CHAN, chans + i * 64) for i in range(min(chans_used, nr_chans))]
channels = {record[1]: text(record[9]) for record in records if record[0]}
for i in range(min(slots_used, nr_slots)):
    (_, state, since, address, _, _, number, flags, _, _, _, serial, _, kind, tid, _, name, what) = read_slot(i)
    if serial == 0 or kind not in (1, 2) or (kind == 1 and not os.path.exists(f"/proc/{pid}/task/{tid}")):
        continue
    name = text(name) if flags & 8 or kind == 2 else open(f"/proc/{pid}/task/{tid}/comm").read()[:-1]
    age = time.monotonic() - since / 1e9 if since else 0
    waits = f"fd {number}" if number >= 0 else hex(address) if address else ""
    waits = {11: f"t{number}", 23: f"child {number}" if number > 0 else "any child"}.get(state, waits)
    waits = text(what) or state in (1, 2) and channels.get(address) or waits
    state = STATES[state] if state < len(STATES) else "unknown"
    print(f"t{tid}" if kind == 1 else f"c{serial}", name, state, f"{age:.3f}", waits, sep="\t")
