# SPDX-License-Identifier: MIT
"""Compares a dump with what tests/targets/shared_locks does. Usage: native_shared_rows.py DUMP HOLDER"""
import json, re, sys
rows = {t["name"]: t for t in json.load(open(sys.argv[1]))["tasks"]}
holder = sys.argv[2]
want = {
    "robust": ("mutex", rf"mutex 0x\w+, held by holder {holder}"),
    "plain": ("mutex", rf"mutex 0x\w+, held by holder {holder} \(t\d+\)"),
    "inherits": ("mutex", rf"mutex 0x\w+, held by holder {holder}"),
    "reader": ("rwlock-read", rf"rwlock 0x\w+, held by holder {holder}"),
    "writer": ("rwlock-write", rf"rwlock 0x\w+, held by holder {holder}"),
    "writer_read": ("rwlock-write", r"rwlock 0x\w+"),
    "cond": ("cond", r"cond 0x\w+"),
    "barrier": ("barrier", r"barrier 0x\w+"),
    "semaphore": ("semaphore", r"semaphore 0x\w+"),
    "near_sem": ("semaphore", r"semaphore 0x\w+"),
    "near_sem_2": ("semaphore", r"semaphore 0x\w+"),
    "near_futex": ("futex", r"futex 0x\w+"),
    "child": ("wait-child", rf"child {holder} holder"),
    "join": ("join", "t%d" % rows.get("robust", {"tid": 0})["tid"]),
}
wrong = []
for name, (state, text) in want.items():
    row = rows.get(name, {"state": "no row", "waits_on": None})
    said = (row["waits_on"] or {}).get("text")
    if row["state"] != state or not re.fullmatch(text, said or ""):
        wrong.append(f"{name}: {row['state']} {said}, not {state} {text}")
print(*wrong, sep="\n")
sys.exit(wrong != [])
