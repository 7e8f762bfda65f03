# SPDX-License-Identifier: MIT
"""The table of the healthy programs: under load, then idle on a quiet machine, then idle beside
busy loops; and the recording of a client that has watched from the start of the load."""
import concurrent.futures
import re
import time

import harness
from harness import Absent, Box, Burners
from healthy import HEALTHY
from judge_hung import same

IDLE_S = 13            # longer than the 10 s after which a task is stuck by default
LOAD_OPTIONS = ["--stuck", "3s"]
LOAD_S = 6
WATCH_OPTIONS = ["-i", "0.5", "--stuck", "3s"]
WATCHED_AT_MOST = 3    # processes of one program
LOADED_AT_ONCE = 4
SAMPLED_AT_ONCE = 3
STARTING_AT_ONCE = 4


class Row:
    def __init__(self, name, version, begin):
        self.name, self.version, self.begin = name, version, begin
        self.skipped = None
        self.processes = self.tasks = 0
        self.samples = {}  # phase: [(number of long tasks, of red ones, none is red, ids of red ones)]
        self.watched = {}  # (seconds recorded, red tasks in all samples)
        self.notes = []

    def note(self, phase, sample):
        for task in sample.tasks:
            if task["id"] in sample.red:
                words = f"{phase}: red: {harness.short(task)}"
                # One note for each kind; notes of a kind differ only in numbers.
                kind = re.sub(r"0x[0-9a-f]+|\d+(\.\d+)?", "N", words)
                if kind not in [known for known, _ in self.notes] and len(self.notes) < 12:
                    self.notes.append((kind, words))


def start(row):
    box = Box(row.name)
    try:
        row.begin(box)
        return box
    except Absent as why:
        row.skipped = str(why)
    box.close()
    return None


def take_samples(row, box, phase, samples, options):
    for _ in range(samples):
        red, long, processes, tasks = set(), set(), 0, 0
        for pid in box.pids():
            sample = harness.sample(pid, *options)
            if sample is None:
                continue
            processes += 1
            tasks += len(sample.tasks)
            red |= {(pid, task) for task in sample.red}
            long |= {(pid, task) for task in sample.long}
            row.note(phase, sample)
        row.processes, row.tasks = max(row.processes, processes), max(row.tasks, tasks)
        row.samples.setdefault(phase, []).append((len(long), len(red), not red, frozenset(red)))


def work(row, box, options):
    """Puts the program under load; it is recorded from before until after the load."""
    for pid in box.pids()[:WATCHED_AT_MOST]:
        box.watch(pid, *WATCH_OPTIONS)
    box.begin_load()
    time.sleep(LOAD_S)
    take_samples(row, box, "load", options.samples, LOAD_OPTIONS)
    box.rest()


def read_watches(row, box):
    box.end_watches()
    seconds, red = 0, 0
    for pid, file, _ in box.watches:
        times = []
        for now_ns, sample in harness.samples(pid, file):
            times.append(now_ns)
            red += len(sample.red)
            row.note("watched", sample)
        seconds += (times[-1] - times[0]) / 1e9 if times else 0
    row.watched = (seconds, red)


def at_once(count, function, pairs, *rest):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda pair: function(*pair, *rest), pairs))


def run(rows, options):
    options.log(f"{len(rows)} healthy programs: starting")
    with concurrent.futures.ThreadPoolExecutor(STARTING_AT_ONCE) as pool:
        boxes = list(pool.map(start, rows))
    pairs = [(row, box) for row, box in zip(rows, boxes) if box]
    try:
        options.log("under load")
        at_once(LOADED_AT_ONCE, work, pairs, options)
        options.log(f"idle for {IDLE_S} s, then {options.samples} samples")
        time.sleep(IDLE_S)
        at_once(SAMPLED_AT_ONCE, take_samples, pairs, "idle", options.samples, [])
        for row, box in pairs:
            read_watches(row, box)
        if not options.no_load:
            options.log("idle, beside busy loops")
            burners = Burners(4)
            try:
                at_once(SAMPLED_AT_ONCE, take_samples, pairs, "busy", options.samples, [])
            finally:
                burners.close()
    finally:
        for _, box in pairs:
            box.close()


def cell(samples, which):
    seen = [sample[which] for sample in samples]
    if not seen:
        return "-"
    return str(seen[0]) if min(seen) == max(seen) else f"{min(seen)}..{max(seen)}"


def table(options):
    rows = [Row(*row) for row in HEALTHY if options.chosen("healthy", row[0].lower())]
    if not rows:
        return 0
    if options.list:
        for row in rows:
            print(row.name)
        return 0
    run(rows, options)
    return report(rows, options)


def report(rows, options):
    phases = ["load", "idle"] + ([] if options.no_load else ["busy"])
    print(f"{'healthy program':38} {'version':12} procs tasks  red: {' '.join(phases)} watched"
          "  long idle  same")
    wrong = right = skipped = 0
    for row in rows:
        if row.skipped:
            skipped += 1
            print(f"{row.name:38} skipped: {row.skipped}")
            continue
        samples = [row.samples.get(phase, []) for phase in phases]
        ok = (row.tasks > 0 and row.watched[1] == 0 and
              all(len(seen) == options.samples and all(sample[2] for sample in seen)
                  for seen in samples))
        right += ok
        wrong += not ok
        reds = " ".join(f"{cell(seen, 1):>4}" for seen in samples)
        agree = " ".join(f"{same(seen)}/{options.samples}" for seen in samples)
        print(f"{row.name:38} {harness.version_of(row.version):12} {row.processes:5} "
              f"{row.tasks:5}      {reds} {row.watched[1]:3} in {row.watched[0]:3.0f}s "
              f"{cell(row.samples.get('idle', []), 0):>6}  {agree} {'ok' if ok else 'NO'}")
        for _, words in row.notes if not ok else []:
            print(f"    {words}")
    print(f"healthy: {right} of {right + wrong} without a red row, {skipped} skipped\n",
          flush=True)
    return wrong
