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
# A busy machine takes fewer samples than were asked for, and sees longer waits: the history of a program
# lasts until WAITS_SEEN of its waits were seen, and the verdict may take ten times the longest of them.
WAITS_SEEN = 16
HISTORY_AT_MOST_S = 60
LATE_S = 30
TIMES = 10
FAMILIES = {"Go": ["go", "version"], "Java": ["java", "-version"], "Rust": ["rustc", "-V"],
            "C": ["gcc", "-dumpfullversion"], "C++": ["g++", "-dumpfullversion"],
            "Python": ["python3", "-V"], "postgres": [postgres.version, "--version"],
            "mariadb": ["mariadbd", "--version"]}


class Row:
    def __init__(self, name, family, how, begin):
        self.name, self.family, self.how, self.begin = name, family, how, begin
        self.skipped = None
        self.samples = {}  # phase: [(red expected, red seen, right, answer, tasks)]
        self.notes = []

    def title(self):
        return f"{self.family}: {self.name}"


def start(row, options):
    box = Box(row.name)
    try:
        if row.how == WATCH and row.family == "C":
            box.until_file = box.path("until")
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


def end_history(pairs):
    """Lets programs hang once the recorder has seen enough of their waits."""
    deadline = time.monotonic() + HISTORY_AT_MOST_S
    left = [box for _, box in pairs if box.until_file]
    while left:
        for box in list(left):
            (pid, is_hung), (_, file, _) = box.hung[0], box.watches[0]
            waits = {task.get("since_ns") for _, sample in harness.samples(pid, file)
                     for task in sample.tasks if is_hung(task) and task["stack"]}
            if len(waits) >= WAITS_SEEN or time.monotonic() > deadline:
                box.write("until", "")
                left.remove(box)
        time.sleep(0.5 if left else 0)


def is_late(row, sample, is_hung):
    """Nothing in it is wrong, but a verdict is missing."""
    expected = {task["id"] for task in sample.tasks if is_hung(task)}
    seen = sample.long if row.how in (LONG, WATCH_LONG) else sample.red
    return not expected <= seen and sample.red <= expected


def latest_sample(row, box, pid):
    """What was seen of the process last, and the longest time between two samples."""
    if row.how not in WATCHES:
        return harness.sample(pid, *(["--prove"] if row.how == PROVE else [])), 0
    file = next(file for watched, file, _ in box.watches if watched == pid)
    seen = list(harness.samples(pid, file))
    times = [clock_ns for clock_ns, _ in seen]
    gaps = [(after - before) / 1e9 for before, after in zip(times, times[1:])]
    return (seen[-1][1] if seen else None), max(gaps, default=0)


def wait_for_verdict(row, box):
    """Waits until the tasks that hang are called so, for as long as that may take."""
    began = time.monotonic()
    for pid, is_hung in box.hung:
        while True:
            sample, gap_s = latest_sample(row, box, pid)
            if sample is None or not is_late(row, sample, is_hung) or \
                    time.monotonic() - began > LATE_S + TIMES * gap_s:
                break
            time.sleep(0.5)


def more(box, count):
    """Waits until the recordings have count more samples."""
    before = [len(list(harness.samples(pid, file))) for pid, file, _ in box.watches]
    deadline = time.monotonic() + HISTORY_AT_MOST_S
    while time.monotonic() < deadline and any(
            len(list(harness.samples(pid, file))) < least + count
            for least, (pid, file, _) in zip(before, box.watches)):
        time.sleep(0.2)


def judge(row, phase, sample, is_hung):
    expected = {task["id"] for task in sample.tasks if is_hung(task)}
    if row.how in (LONG, WATCH_LONG):
        right = bool(expected) and expected <= sample.long and not sample.red
        expected = set() if right else expected
    else:
        right = bool(expected) and sample.red == expected
    if not right and len(row.notes) < 3:
        for task in sample.tasks:
            if (task["id"] in expected) != (task["id"] in sample.red):
                word = "red, and it does not hang" if task["id"] in sample.red else "not red"
                row.notes.append(f"{phase}: {word}: {harness.short(task)}")
    row.samples.setdefault(phase, []).append(
        (len(expected), len(sample.red), right, (frozenset(sample.red), frozenset(sample.long))))


def take_samples(row, box, phase, options):
    wait_for_verdict(row, box)
    if row.how in WATCHES:
        more(box, options.samples)
    for _ in range(options.samples):
        for pid, is_hung in box.hung:
            if row.how in WATCHES:
                continue
            sample = harness.sample(pid, *(["--prove"] if row.how == PROVE else []))
            if sample is None:
                row.notes.append(f"{phase}: {pid} has ended")
            else:
                judge(row, phase, sample, is_hung)


def read_watched(row, box, phase, options):
    """Judges the last samples of the recorder."""
    box.end_watches()
    for (pid, is_hung), (_, file, _) in zip(box.hung, box.watches):
        seen = list(harness.samples(pid, file))
        if len(seen) < options.samples:
            row.notes.append(f"{phase}: {len(seen)} samples in the recording")
        for _, sample in seen[-options.samples:]:
            judge(row, phase, sample, is_hung)


def run_phase(rows, phase, options):
    options.log(f"{len(rows)} hung programs, {phase}: starting")
    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE * 2) as pool:
        boxes = list(pool.map(lambda row: None if row.skipped else start(row, options), rows))
    pairs = [(row, box) for row, box in zip(rows, boxes) if box]
    try:
        latest = max(box.began for _, box in pairs) + HISTORY_S
        time.sleep(max(0, latest - time.monotonic()))
        end_history(pairs)
        options.log(f"waiting {AFTER_S} s: the tasks hang, and their waits get old")
        time.sleep(AFTER_S)
        options.log(f"taking {options.samples} samples")
        with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            list(pool.map(lambda pair: take_samples(*pair, phase, options), pairs))
        for row, box in pairs:
            if row.how in WATCHES:
                read_watched(row, box, phase, options)
    finally:
        for _, box in pairs:
            box.close()


def cell(samples):
    """The number of red tasks: one number if all samples agree, otherwise from..to."""
    if not samples:
        return "-"
    seen = [sample[1] for sample in samples]
    return str(seen[0]) if min(seen) == max(seen) else f"{min(seen)}..{max(seen)}"


def same(samples):
    answers = [sample[3] for sample in samples]
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
    print(f"{'hung program':40} {'version':9} {'seen by':13} samples  red of quiet loaded "
          "long same     ok")
    wrong = right = skipped = 0
    for row in rows:
        if row.skipped:
            skipped += 1
            print(f"{row.title():40} skipped: {row.skipped}")
            continue
        all_samples = [sample for phase in phases for sample in row.samples.get(phase, [])]
        counts = [len(row.samples.get(phase, [])) for phase in phases]
        agree = [f"{same(row.samples.get(phase, []))}/{options.samples}" for phase in phases]
        ok = (bool(all_samples) and all(sample[2] for sample in all_samples) and
              all(count == options.samples for count in counts) and
              all(same(row.samples[phase]) == options.samples for phase in phases))
        right += ok
        wrong += not ok
        expected = max((sample[0] for sample in all_samples), default=0)
        long = max((len(sample[3][1]) for sample in all_samples), default=0)
        print(f"{row.title():40} {versions[row.family]:9} {row.how:13} {sum(counts):7} "
              f"{expected:7} {cell(row.samples.get('quiet', [])):>5} "
              f"{cell(row.samples.get('loaded', [])):>6} {long:4} {' '.join(agree):11} "
              f"{'ok' if ok else 'NO'}")
        for note in row.notes if not ok else []:
            print(f"    {note}")
    print(f"hung: {right} of {right + wrong} right, {skipped} skipped\n", flush=True)
    return wrong
