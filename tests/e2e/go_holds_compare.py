# SPDX-License-Identifier: MIT
"""Compares what goroutines hold according to a dump with what tests/targets/go/holds.go has
printed. Usage: go_holds_compare.py DUMP OUTPUT [loose]. Prints every difference; exit status 1 if
there are any. loose: programs that are not optimised keep more on their stacks."""
import json
import sys
import unicodedata

LIMIT = 512


def texts_of(held):
    return {row["text"] for row in held["list"]}


class Truth:
    def __init__(self, dump, loose):
        self.loose = loose
        self.held = {t["id"]: t["holds"] for t in dump["tasks"] if t.get("holds")}
        self.wrong = []

    def rows(self, task):
        held = self.held.get(task)
        if held is None or held["why"]:
            self.wrong.append(f"{task}: nothing was read: {held and held['why']}")
            return []
        return held["list"]

    def expect(self, task, what, test):
        if not any(test(row) for row in self.rows(task)):
            self.wrong.append(f"{task}: no {what} among {[(r['kind'], r['text']) for r in self.rows(task)]}")

    def holds(self, task, kind, text):
        self.expect(task, f"{kind} {text}", lambda row: row["text"] == text and kind in (row["reads"], row["kind"]))

    def secret(self, task, text):
        for other, held in self.held.items():
            if other != task and text in texts_of(held):
                self.wrong.append(f"{other}: holds {text}, which is only {task}'s")

    def steps(self, task, steps, text):
        self.expect(
            task,
            f"{text} at {steps}",
            lambda row: row["text"] == text and (row["steps"] == int(steps) or self.loose),
        )

    def function(self, task, name):
        self.expect(task, f"function {name}", lambda row: row["kind"] == "function" and row["name"] == name)

    def lock(self, task):
        self.expect(task, "lock", lambda row: row["kind"] == "lock" and "mutex" in row["name"])

    def long(self, task, begin):
        self.expect(task, f"text {begin}", lambda row: row["text"].startswith(begin) and row["text"].endswith("…"))

    def never(self, text):
        """No string reads so; a value of a known type may contain it, quoted."""
        for task, held in self.held.items():
            for row in held["list"]:
                if row["kind"] == "text" and text in row["text"]:
                    self.wrong.append(f"{task}: {row['text']!r} should not be there")

    def beyond(self, text):
        if not self.loose:
            self.never(text)

    def changing(self, task, *valid):
        for row in self.rows(task):
            if row["text"].startswith("/changing/") and row["text"] not in valid:
                self.wrong.append(f"{task}: {row['text']!r} was put together")

    def clean(self):
        for task, held in self.held.items():
            for row in held["list"]:
                for part in (row["text"], row["name"] or "", row["way"]):
                    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") for c in part):
                        self.wrong.append(f"{task}: {part!r} is not clean")
                    if len(part.encode()) > LIMIT + 3:
                        self.wrong.append(f"{task}: {part[:40]!r}… is too long")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        truth = Truth(json.load(file), sys.argv[3:] == ["loose"])
    with open(sys.argv[2], encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file]
    words_of = {
        "holds": 4,
        "secret": 3,
        "steps": 4,
        "function": 3,
        "lock": 2,
        "long": 3,
        "never": 2,
        "beyond": 2,
        "changing": 4,
    }
    count = 0
    for line in lines:
        word = line.split(" ", 1)[0]
        if word in words_of:
            getattr(truth, word)(*line.split(" ", words_of[word] - 1)[1:])
            count += 1
    truth.clean()
    for text in truth.wrong[:20]:
        print("#", text)
    return 1 if truth.wrong or count < 25 else 0


sys.exit(main())
