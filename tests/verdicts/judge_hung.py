# SPDX-License-Identifier: MIT
"""The table of the hung programs."""
import concurrent.futures
import time

import harness
import postgres
from hung import HISTORY_S, HUNG, LONG, PROVE, WATCH, WATCH_LONG
from harness import Absent, Box, Burners

WATCHES = (WATCH, WATCH_LONG)
THRESHOLD_S = 10  # the default
WATCH_INTERVAL_S = 0.25
AFTER_S = THRESHOLD_S + 4
SIDE_BY_SIDE = 3
FAMILIES = {"Go": ["go", "version"], "Java": ["java", "-version"], "Rust": ["rustc", "-V"],
            "C": ["gcc", "-dumpfullversion"], "C++": ["g++", "-dumpfullversion"],
            "Python": ["python3", "-V"], "postgres": [postgres.version, "--version"],
            "mariadb": ["mariadbd", "--version"]}


class Row:
    def __init__(self, name, family, how, begin):
        self.name, self.family, self.how, self.begin = name, family, how, begin
        self.skipped = None
        self.looks = {}  # phase: [(red expected, red seen, right, answer, tasks)]
        self.notes = []

    def title(self):
        return f"{self.family}: {self.name}"


def start(row, options):
    box = Box(row.name)
    try:
        box.hung = row.begin(box)
        box.began = time.monotonic()
        if row.how in WATCHES:
            for pid, _ in box.hung:
                box.watch(pid, "-i", str(WATCH_INTERVAL_S))
        return box
    except Absent as why:
        row.skipped = str(why)
    box.close()
    return None


def judge(row, phase, look, is_hung):
    expected = {task["id"] for task in look.tasks if is_hung(task)}
    if row.how in (LONG, WATCH_LONG):
        right = bool(expected) and expected <= look.long and not look.red
        expected = set() if right else expected
    else:
        right = bool(expected) and look.red == expected
    if not right and len(row.notes) < 3:
        for task in look.tasks:
            if (task["id"] in expected) != (task["id"] in look.red):
                word = "red, and it does not hang" if task["id"] in look.red else "not red"
                row.notes.append(f"{phase}: {word}: {harness.short(task)}")
    row.looks.setdefault(phase, []).append(
        (len(expected), len(look.red), right, (frozenset(look.red), frozenset(look.long))))


def look_at(row, box, phase, options):
    for _ in range(options.looks):
        for pid, is_hung in box.hung:
            if row.how in WATCHES:
                continue
            look = harness.look(pid, *(["--prove"] if row.how == PROVE else []))
            if look is None:
                row.notes.append(f"{phase}: {pid} has ended")
            else:
                judge(row, phase, look, is_hung)


def read_watched(row, box, phase, options):
    """The last ten looks of the recorder."""
    box.end_watches()
    for (pid, is_hung), (_, file, _) in zip(box.hung, box.watches):
        seen = list(harness.samples(pid, file))
        if len(seen) < options.looks:
            row.notes.append(f"{phase}: {len(seen)} looks in the recording")
        for _, look in seen[-options.looks:]:
            judge(row, phase, look, is_hung)


def run_phase(rows, phase, options):
    options.log(f"{len(rows)} hung programs, {phase}: starting")
    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE * 2) as pool:
        boxes = list(pool.map(lambda row: None if row.skipped else start(row, options), rows))
    pairs = [(row, box) for row, box in zip(rows, boxes) if box]
    try:
        latest = max(box.began for _, box in pairs) + HISTORY_S + AFTER_S
        options.log(f"waiting {latest - time.monotonic():.0f} s: they hang, and get old")
        time.sleep(max(0, latest - time.monotonic()))
        options.log(f"looking {options.looks} times")
        with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            list(pool.map(lambda pair: look_at(*pair, phase, options), pairs))
        for row, box in pairs:
            if row.how in WATCHES:
                read_watched(row, box, phase, options)
    finally:
        for _, box in pairs:
            box.close()


def cell(looks):
    """How many are red: of all looks the same, or from .. to."""
    if not looks:
        return "-"
    seen = [look[1] for look in looks]
    return str(seen[0]) if min(seen) == max(seen) else f"{min(seen)}..{max(seen)}"


def same(looks):
    answers = [look[3] for look in looks]
    return max((answers.count(answer) for answer in answers), default=0)


def table(options):
    rows = [Row(*row) for row in HUNG]
    rows = [row for row in rows if options.chosen("hung", row.title().lower())]
    if not rows:
        return 0
    if options.list:
        for row in rows:
            print(row.title())
        return 0
    phases = ["quiet"] + ([] if options.no_load else ["loaded"])
    for phase in phases:
        burners = Burners(4 if phase == "loaded" else 0)
        try:
            run_phase(rows, phase, options)
        finally:
            burners.close()
    return report(rows, phases, options)


def report(rows, phases, options):
    versions = {row.family: harness.version_of(FAMILIES.get(row.family)) for row in rows}
    print(f"{'hung program':40} {'version':9} {'seen by':13} looks  red of quiet loaded "
          "long same     ok")
    wrong = right = skipped = 0
    for row in rows:
        if row.skipped:
            skipped += 1
            print(f"{row.title():40} skipped: {row.skipped}")
            continue
        all_looks = [look for phase in phases for look in row.looks.get(phase, [])]
        counts = [len(row.looks.get(phase, [])) for phase in phases]
        agree = [f"{same(row.looks.get(phase, []))}/{options.looks}" for phase in phases]
        ok = (bool(all_looks) and all(look[2] for look in all_looks) and
              all(count == options.looks for count in counts) and
              all(same(row.looks[phase]) == options.looks for phase in phases))
        right += ok
        wrong += not ok
        expected = max((look[0] for look in all_looks), default=0)
        long = max((len(look[3][1]) for look in all_looks), default=0)
        print(f"{row.title():40} {versions[row.family]:9} {row.how:13} {sum(counts):5} "
              f"{expected:7} {cell(row.looks.get('quiet', [])):>5} "
              f"{cell(row.looks.get('loaded', [])):>6} {long:4} {' '.join(agree):11} "
              f"{'ok' if ok else 'NO'}")
        for note in row.notes if not ok else []:
            print(f"    {note}")
    print(f"hung: {right} of {right + wrong} right, {skipped} skipped\n", flush=True)
    return wrong
